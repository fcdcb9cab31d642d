"""How far the policy was kept: deploys during a freeze, and deploys that the gate was never asked about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    """Deploys of a period: all of them, those during a freeze, and of these the ones that were allowed.

    `against` are the deploys during a freeze that neither the gate nor an exception allowed, in the order of time.
    """

    deploys: int
    during: int
    allowed: int
    against: tuple[Deploy, ...]

    @property
    def share(self) -> Fraction | NoData:
        """Deploys during a freeze / all deploys; `NO_DATA` without deploys."""
        return Fraction(self.during, self.deploys) if self.deploys else NO_DATA


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the gate said of a version or commit: `go` where the change might go by the rules, not only by a shadow."""

    service: str
    version: str
    commit: str
    environment: str
    at: Instant
    go: bool


def said(entry: Entry) -> Said:
    """The little of a recorded verdict that deploys are compared with; `entry` is of the kind `gate.decided`."""
    ask, verdict = entry.payload["ask"], entry.payload["verdict"]
    word = verdict["true_verdict"] if verdict["shadow"] else verdict["verdict"]
    return Said(
        service=ask["service"],
        version=ask["version"],
        commit=ask["commit"],
        environment=ask["environment"],
        at=entry.at,
        go=word == "go",
    )


def adherence(
    deploys: Sequence[Deploy],
    standing: Standing,
    verdicts: Iterable[Said],
    *,
    begin: Instant,
    end: Instant,
) -> Adherence:
    """Count the deploys in `[begin, end)`. A soft freeze only warns and is none here.

    A deploy that put an older version back is a deploy, and never one during a freeze. Allowed is what the gate said
    go to, knowing of the freeze (a hotfix, say: the last of the `verdicts` on that version or commit), and what had an
    exception: a silver bullet, a conditional release or an override for the service and the environment at that
    instant, or waivers for all that froze it. `verdicts` are in the order of the ledger.
    """
    known = _by_name(verdicts)
    counted = sorted((one for one in deploys if begin <= one.at < end), key=lambda one: (one.at, one.id))
    during = [
        (one, freezes)
        for one in counted
        if one.state != "rolled-back" and (freezes := _freezes(one, standing))
    ]
    against = [
        one
        for one, freezes in during
        if not _let_go(one, freezes, known) and not _excepted(one, freezes, standing)
    ]
    return Adherence(
        deploys=len(counted),
        during=len(during),
        allowed=len(during) - len(against),
        against=tuple(against),
    )


def unasked(deploys: Sequence[Deploy], verdicts: Iterable[Said]) -> tuple[Deploy, ...]:
    """The deploys without a verdict on their version or commit that is older than they are: blind spots.

    `verdicts` are in the order of the ledger. What put an older version back is always allowed, and never one of them.
    """
    known = _by_name(verdicts)
    return tuple(
        one
        for one in sorted(deploys, key=lambda one: (one.at, one.id))
        if one.state != "rolled-back" and not _about(one, known)
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


Known = Mapping[tuple[str, str], Sequence[Said]]
"""Verdicts by service and version, and by service and commit."""


def _by_name(verdicts: Iterable[Said]) -> Known:
    found: dict[tuple[str, str], list[Said]] = {}
    for one in verdicts:
        for name in {one.version, one.commit} - {""}:
            found.setdefault((one.service, name), []).append(one)
    return found


def _about(deploy: Deploy, known: Known) -> list[Said]:
    """What was said of a deploy's version or commit before it."""
    return [
        one
        for name in (deploy.version, deploy.commit)
        for one in known.get((deploy.service, name), ())
        if one.at <= deploy.at
    ]


def _let_go(deploy: Deploy, freezes: Sequence[Freeze], known: Known) -> bool:
    """Whether the gate's last word on it was go; a word from before a freeze knows nothing of it."""
    words = [one for one in _about(deploy, known) if one.environment == deploy.environment]
    last = max(words, key=lambda one: one.at, default=None)
    return last is not None and last.go and all(one.begin <= last.at for one in freezes)
