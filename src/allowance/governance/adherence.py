"""Freeze adherence: how many of the deploys of a period went out while their service was frozen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol

from allowance.core.counts import NO_DATA, NoData
from allowance.core.time import Instant
from allowance.governance.facts import Freeze


class Deployed(Protocol):
    """What has to be known of a deploy; one that put an older version back never breaks a freeze."""

    @property
    def id(self) -> str: ...
    @property
    def service(self) -> str: ...
    @property
    def at(self) -> Instant: ...
    @property
    def state(self) -> str: ...
    @property
    def commit(self) -> str: ...
    @property
    def version(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Adherence:
    """Deploys of a period: all of them, those during a freeze, and of these the ones that an exception allowed.

    `against` are the ids of deploys during a freeze that nothing allowed, in the order of time.
    """

    deploys: int
    during: int
    allowed: int
    against: tuple[str, ...]

    @property
    def share(self) -> Fraction | NoData:
        """Deploys during a freeze / all deploys; `NO_DATA` without deploys."""
        return Fraction(self.during, self.deploys) if self.deploys else NO_DATA


def adherence(
    deploys: Sequence[Deployed],
    freezes: Iterable[Freeze],
    allowed: Mapping[str, frozenset[str]],
    *,
    begin: Instant,
    end: Instant,
) -> Adherence:
    """Count the deploys in `[begin, end)`. A freeze of model soft warns only and is none here.

    `allowed` maps a service to the versions and commits to which the gate said go while it was frozen. A deploy
    that put an older version back counts as a deploy and never as one during a freeze.
    """
    hard = [one for one in freezes if one.model != "soft"]
    counted = sorted((one for one in deploys if begin <= one.at < end), key=lambda one: (one.at, one.id))
    during = [one for one in counted if one.state != "rolled-back" and _frozen(one, hard)]
    against = [one for one in during if not _allowed(one, allowed.get(one.service, frozenset()))]
    return Adherence(
        deploys=len(counted),
        during=len(during),
        allowed=len(during) - len(against),
        against=tuple(one.id for one in against),
    )


def _frozen(deploy: Deployed, freezes: Iterable[Freeze]) -> bool:
    return any(
        one.service == deploy.service and one.begin <= deploy.at and (one.end is None or deploy.at < one.end)
        for one in freezes
    )


def _allowed(deploy: Deployed, names: frozenset[str]) -> bool:
    return bool(({deploy.version, deploy.commit} - {""}) & names)
