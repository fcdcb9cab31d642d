"""While a service is handed back its developers are told, and whoever was told hears of the end."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

from allowance.alerting.rotations import Rotation
from allowance.alerting.route import Directory, Route, targets
from allowance.core.duration import HOUR
from tests.alerting.notices import T0, notice

DEVELOPERS = Rotation(
    name="developers", people=("dan",), first=date(2026, 1, 5), second=9 * HOUR, zone=ZoneInfo("UTC")
)
DIRECTORY = Directory(
    channels=frozenset({"pager", "dan-phone"}),
    people={"dan": ("dan-phone",)},
    rotations={"developers": DEVELOPERS},
    routes=(Route(to=("pager",)),),
)


def test_the_developers_are_told_instead() -> None:
    assert targets(DIRECTORY, notice(), now=T0) == ("pager",)
    assert targets(DIRECTORY, notice(), instead="developers", now=T0) == ("dan-phone",)


def test_a_resolution_goes_to_those_who_were_told() -> None:
    over = replace(notice(), says="resolved", at=T0 + HOUR)
    assert targets(DIRECTORY, over, instead="developers", now=T0 + HOUR) == ("dan-phone",)


def test_a_rotation_that_nobody_knows_silences_nobody() -> None:
    assert targets(DIRECTORY, notice(), instead="nobodys", now=T0) == ("pager",)
