"""notify.yaml: what it says, what is wrong in it by line and column, and that no secret gets out of it."""

from __future__ import annotations

import contextlib
import re
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.alerting.telemetry import LATE
from allowance.contract.model import NoDataAlert
from allowance.core.duration import HOUR
from allowance.core.problem import ProblemError
from allowance.core.time import parse_instant
from allowance.edges.channels.table import CHANNELS
from allowance.edges.notify_fields import DeployWindow
from allowance.edges.notify_file import Notify, notify_of, read_notify
from tests.alerting.notices import notice
from tests.conftest import ROOT
from tests.docs.blocks import blocks

DOCUMENT = "docs/notify.md"
EXAMPLES = [block for block in blocks((ROOT / DOCUMENT).read_text(), DOCUMENT) if "notify" in block.marks]
WHOLE = max(EXAMPLES, key=lambda block: len(block.text)).text
HIDDEN = "hunter2-s3cret"
ENVIRONMENT = dict.fromkeys(re.findall(r"Env: *(\w+)", WHOLE), f"json://127.0.0.1/{HIDDEN}")
BEFORE = "channels:\n  room: {kind: stdout}\n  desk: {kind: stdout}\n"


def read(text: str, environment: dict[str, str] | None = None) -> Notify:
    return notify_of(text.encode(), file="notify.yaml", environment=environment or ENVIRONMENT)


def problems(text: str) -> list[str]:
    with pytest.raises(ProblemError) as caught:
        read(text)
    return [str(problem) for problem in caught.value.problems]


def test_the_whole_example_routes_as_it_says() -> None:
    notify = read(WHOLE)
    assert set(notify.channels) == {"room", "desk", "tracker", "ada-pager", "ben-pager", "boss-phone"}
    friday = parse_instant("2026-11-20T12:00:00Z")
    saturday = friday + 24 * HOUR
    assert notify.targets(notice(), now=friday) == ("room", "ben-pager")
    assert notify.targets(notice(), now=friday + 7 * 24 * HOUR) == ("room", "ada-pager", "desk")
    assert notify.targets(notice(service="search"), now=friday) == ("room", "desk")
    ticket = notice(severity="ticket", labels={"team": "shop"})
    assert notify.targets(ticket, now=friday) == ("tracker", "room")
    assert notify.targets(ticket, now=saturday) == ("tracker",)
    assert notify.targets(notice(severity="log"), now=friday) == ("desk",)
    assert [step.after for step in notify.directory.ladders["loud"].steps] == [900, 1800]


def test_late_sources_and_deploys_have_settings_of_their_own() -> None:
    rest = BEFORE + "routes: [{to: room}]\n"
    plain = read(rest)
    assert (plain.late, plain.deploys) == (LATE, DeployWindow())
    asked = read(rest + "late: {severity: page, after: 3m}\ndeploys: {hold: 1h, unlessBurnAbove: 2.5}\n")
    assert asked.late == NoDataAlert(severity="page", after=180)
    assert asked.deploys == DeployWindow(hold=HOUR, unless_burn_above=2.5)
    assert read(rest + "late: none\n").late is None
    assert problems(rest + "late: {severity: loud, after: 3m}\n")[0].startswith(
        "notify.yaml:5:18: late.severity"
    )
    assert problems(rest + "deploys: {hold: 1h, unless: 2}\n")[0].startswith("notify.yaml:5:21: deploys")


def test_a_rotation_is_read_on_its_own_clock() -> None:
    shop = read(WHOLE).directory.rotations["shop"]
    assert (shop.first, shop.second, shop.days, shop.zone.key) == (
        date(2026, 1, 5), 9 * HOUR, 7, "Europe/Berlin",
    )  # fmt: skip
    begin = parse_instant("2026-12-24T09:00:00+01:00")
    assert [shop.on_call(at) for at in (begin - 1, begin)] == ["ada", "ben"]
    assert shop.overrides[0].begin == begin


TOLD_TO_ROOM = "routes: [{to: room}]\n"
WRONG = [
    (BEFORE + "routes: [{to: rooom}]\n", "notify.yaml:4:15: routes[0].to: to cannot be 'rooom' (did you mean room?)"),
    (BEFORE + "route: [{to: room}]\n", "did you mean this by 'route'?"),
    (BEFORE + "routes: [{to: room, when: {severity: page}}]\n", "the last route has conditions"),
    (BEFORE + "routes: [{to: room}, {to: desk}]\n", "route 1 takes everything"),
    (BEFORE + "routes: []\n", "the last route has conditions"),
    (BEFORE, "routes is missing"),
    (BEFORE + "routes: [{to: room, when: {severety: page}}, {to: room}]\n", "did you mean severity?"),
    (BEFORE + "routes: [{to: room, when: {severity: pagge}}, {to: room}]\n", "did you mean page?"),
    (BEFORE + "routes: [{to: room, escalate: loud}]\n", "escalate cannot be 'loud'"),
    (BEFORE + "routes: [{to: room, hours: {on: mon 9-5}}, {to: room}]\n", "notify.yaml:4:33: routes[0].hours.on"),
    (BEFORE + "routes: [{to: room, hours: {on: mon 09:00-10:00, zone: Berlin}}, {to: room}]\n", "not a time zone"),
    (BEFORE + "people: {ada: romm}\n" + TOLD_TO_ROOM, "notify.yaml:4:15: people.ada"),
    (BEFORE + "people: {ada: []}\n" + TOLD_TO_ROOM, "ada has no channel"),
    (BEFORE + "people: {room: desk}\n" + TOLD_TO_ROOM, "'room' is named twice"),
    (BEFORE + "people: {A da: desk}\n" + TOLD_TO_ROOM, "is not a name"),
    ("channels: {a: {kind: slakc}}\nroutes: [{to: a}]\n", "did you mean slack?"),
    ("channels: {a: {kind: slack, urlEnv: NOT_SET}}\nroutes: [{to: a}]\n", "the environment variable NOT_SET is not set"),
    ("channels: {a: {kind: slack}}\nroutes: [{to: a}]\n", "urlEnv is missing"),
    ("channels: {a: {kind: alertmanager, url: am:9093}}\nroutes: [{to: a}]\n", "url is not an http address"),
    ("channels: {a: {kind: mail, host: h, from: a@b, to: c@d, prot: 3}}\nroutes: [{to: a}]\n", "did you mean port?"),
    ("channels: {a: {kind: mail, host: h, from: nobody, to: c@d}}\nroutes: [{to: a}]\n", "not a mail address"),
    ("[]\n", "must be one map"),
    ("", "must be one map"),
    ("a: [\n", "[yaml]"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "said"), WRONG, ids=[said for _, said in WRONG])
def test_what_is_wrong_is_said_where_it_stands(text: str, said: str) -> None:
    found = problems(text)
    assert any(said in problem for problem in found), found
    assert all(problem.startswith("notify.yaml") for problem in found)


ROTATION = "people: {ada: room, ben: desk}\nrotations: {shop: {%s}}\n" + TOLD_TO_ROOM


@pytest.mark.parametrize(
    ("rotation", "said"),
    [
        (
            "people: [ada], handover: mon 09:00, first: 2026-01-06",
            "2026-01-06 is not the day of the hand-over",
        ),
        ("people: [ada], handover: mon 24:00, first: 2026-01-05", "not a time of the day"),
        ("people: [adaa], handover: mon 09:00, first: 2026-01-05", "did you mean ada?"),
        ("people: [], handover: mon 09:00, first: 2026-01-05", "nobody is in the rotation shop"),
        ("people: [ada], handover: mon 09:00, first: 2026-01-05, every: 0", "every must be a whole number"),
        ("people: [ada], handover: mon 09:00, first: 2026-01-05, every: x", "every must be a number"),
        ("people: [ada], handover: mon 09:00, first: someday", "is not a day"),
        ("people: [ada], handover: mon 09:00", "first is missing"),
        (
            "people: [ada], handover: mon 09:00, first: 2026-01-05, "
            "overrides: [{from: 2026-02-02, to: 2026-02-01, person: ben}]",
            "ends before it begins",
        ),
    ],
)
def test_what_is_wrong_in_a_rotation(rotation: str, said: str) -> None:
    assert any(said in problem for problem in problems(BEFORE + ROTATION % rotation))


def test_a_rotation_may_change_daily() -> None:
    text = BEFORE + ROTATION % "people: [ada, ben], handover: daily 09:00, first: 2026-01-06, every: 2"
    shop = read(text).directory.rotations["shop"]
    assert [shop.on_call(shop.handover(0) + day * 24 * HOUR) for day in range(5)] == [
        "ada",
        "ada",
        "ben",
        "ben",
        "ada",
    ]


def test_the_rest_may_be_told_to_nobody_but_only_aloud() -> None:
    assert read(BEFORE + "routes: [{to: []}]\n").targets(notice(), now=notice().at) == ()


def test_no_secret_gets_into_an_error_or_a_text() -> None:
    notify = read(WHOLE)
    assert HIDDEN not in repr(notify)
    broken = WHOLE.replace("kind: mail", "kind: male") + "nonsense: 1\n"
    assert HIDDEN not in "\n".join(problems(broken))
    pasted = WHOLE.replace("SLACK_WEBHOOK", f"https://hooks.example.com/{HIDDEN}")
    assert HIDDEN not in "\n".join(problems(pasted))
    with_password = WHOLE.replace("https://example.atlassian.net", f"https://me:{HIDDEN}@example.com")
    assert HIDDEN not in "\n".join(problems(with_password))
    assert any("holds a password" in problem for problem in problems(with_password))


def test_an_apprise_address_that_cannot_be_read_is_said_without_it() -> None:
    text = "channels: {a: {kind: apprise, urlEnv: X}}\nroutes: [{to: a}]\n"
    with pytest.raises(ProblemError, match=r"Apprise cannot read the address in \$X") as caught:
        read(text, {"X": f"nonsense {HIDDEN}"})
    assert HIDDEN not in str(caught.value)


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: (BEFORE + text).encode()))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(ProblemError):
        notify_of(data, file="notify.yaml", environment={})


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="cannot be read"):
        read_notify(tmp_path / "notify.yaml")


def test_the_environment_of_the_process_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "notify.yaml").write_text(EXAMPLES[0].text)
    monkeypatch.setenv("SLACK_WEBHOOK", "https://hooks.example.com/1")
    assert set(read_notify(tmp_path / "notify.yaml").channels) == {"room"}


@pytest.mark.parametrize("kind", CHANNELS)
def test_every_channel_is_documented(kind: str) -> None:
    text = (ROOT / DOCUMENT).read_text()
    [row] = [line for line in text.splitlines() if line.startswith(f"| `{kind}` |")]
    builder = CHANNELS[kind].__doc__ or ""
    for field in re.findall(r"`(\w+)`", builder):
        assert f"`{field}`" in row, f"the field {field} of {kind} is not documented"
