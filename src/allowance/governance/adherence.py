"""How far the policy was kept: deploys during a freeze, and deploys that the gate was never asked about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from allowance.changes.deploys import Deploy
from allowance.core.counts import NO_DATA, NoData
from allowance.core.time import Instant
from allowance.governance.conditions import all_shown
from allowance.governance.facts import Bullet, Freeze, Override, Release, Standing
from allowance.governance.ledger import Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class Adherence:
    """Deploys of a period: all of them, those during a freeze, and of these the ones under an exception.

    `against` are the ids of deploys during a freeze that no exception allowed, in the order of time.
    """

    deploys: int
    during: int
    allowed: int
    against: tuple[str, ...]

    @property
    def share(self) -> Fraction | NoData:
        """Deploys during a freeze / all deploys; `NO_DATA` without deploys."""
        return Fraction(self.during, self.deploys) if self.deploys else NO_DATA


def adherence(deploys: Sequence[Deploy], standing: Standing, *, begin: Instant, end: Instant) -> Adherence:
    """Count the deploys in `[begin, end)`. A soft freeze only warns and is none here.

    A deploy that put an older version back is a deploy, and never one during a freeze. An exception is a silver
    bullet, a conditional release or an override for the service and the environment at that instant, or waivers for
    all that froze it.
    """
    counted = sorted((one for one in deploys if begin <= one.at < end), key=lambda one: (one.at, one.id))
    during = [
        (one, freezes)
        for one in counted
        if one.state != "rolled-back" and (freezes := _freezes(one, standing))
    ]
    against = [one for one, freezes in during if not _excepted(one, freezes, standing)]
    return Adherence(
        deploys=len(counted),
        during=len(during),
        allowed=len(during) - len(against),
        against=tuple(one.id for one in against),
    )


def unasked(deploys: Sequence[Deploy], verdicts: Iterable[Entry]) -> tuple[str, ...]:
    """The ids of deploys without a verdict on their version or commit that is older than they are: blind spots.

    `verdicts` are in the order of the ledger. What put an older version back is always allowed, and never one of them.
    """
    since: dict[tuple[str, str], Instant] = {}
    for entry in verdicts:
        ask = entry.payload["ask"]
        for name in (ask["version"], ask["commit"]):
            since.setdefault((ask["service"], name), entry.at)
    return tuple(
        one.id
        for one in sorted(deploys, key=lambda one: (one.at, one.id))
        if one.state != "rolled-back"
        and not any(
            name and since.get((one.service, name), one.at + 1) <= one.at
            for name in (one.version, one.commit)
        )
    )


def _freezes(deploy: Deploy, standing: Standing) -> list[Freeze]:
    return [
        one
        for one in standing.freezes.values()
        if one.service == deploy.service
        and one.model != "soft"
        and one.begin <= deploy.at
        and (one.end is None or deploy.at < one.end)
    ]


def _excepted(deploy: Deploy, freezes: Sequence[Freeze], standing: Standing) -> bool:
    granted: tuple[Bullet | Override | Release, ...] = (
        *standing.bullets.values(),
        *standing.overrides.values(),
        *(one for one in standing.releases.values() if all_shown(one)),
    )
    waived = {one.slo for one in standing.waivers.values() if one.begin <= deploy.at < one.end}
    return all(one.slo in waived for one in freezes) or any(
        (one.service, one.environment) == (deploy.service, deploy.environment)
        and one.begin <= deploy.at < one.end
        for one in granted
    )
