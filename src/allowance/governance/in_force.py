"""Every exception that holds at an instant: what a service's page shows and an auditor asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from allowance.core.time import Instant
from allowance.governance.facts import Standing

ExceptionKind = Literal["bullet", "override", "release", "waiver", "epoch"]


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """One exception that holds: `what` it lifts, until when (`None`: an epoch stays), by whom, why."""

    id: str
    kind: ExceptionKind
    service: str
    what: str
    begin: Instant
    end: Instant | None
    by: str
    reason: str


def in_force(standing: Standing, service: str | None = None, *, now: Instant) -> tuple[InForce, ...]:
    """The exceptions of a service (of all) that hold at `now`, oldest first. None of them outlives its end."""
    found = [one for one in _all(standing) if service in (None, one.service)]
    holding = [one for one in found if one.begin <= now and (one.end is None or now < one.end)]
    return tuple(sorted(holding, key=lambda one: (one.begin, one.id)))


def _all(standing: Standing) -> Iterator[InForce]:
    for bullet in standing.bullets.values():
        what = f"{bullet.change} may go to {bullet.environment} against the policy"
        yield _one(
            "bullet", bullet.id, bullet.service, what, bullet.begin, bullet.end, bullet.by, bullet.reason
        )
    for over in standing.overrides.values():
        what = f"freeze {over.freeze} does not stop {over.change} in {over.environment}"
        yield _one("override", over.id, over.service, what, over.begin, over.end, over.by, over.reason)
    for release in standing.releases.values():
        met = sum(bool(shown) for shown in release.conditions.values())
        what = f"{release.change} may go to {release.environment} once its conditions are met ({met} of {len(release.conditions)} shown)"
        yield _one(
            "release", release.id, release.service, what, release.begin, release.end, release.by, release.plan
        )
    for waiver in standing.waivers.values():
        what = f"what {waiver.dependency} burned of {waiver.slo} has no consequence ({waiver.mode})"
        yield _one(
            "waiver", waiver.id, waiver.service, what, waiver.begin, waiver.end, waiver.by, waiver.reason
        )
    for epoch in standing.epochs.values():
        by = ", ".join(epoch.signed.values())
        yield _one(
            "epoch",
            epoch.id,
            epoch.service,
            f"the budget of {epoch.slo} counts from here",
            epoch.begin,
            None,
            by,
            epoch.reason,
        )


def _one(
    kind: ExceptionKind,
    id_: str,
    service: str,
    what: str,
    begin: Instant,
    end: Instant | None,
    by: str,
    reason: str,
) -> InForce:
    return InForce(id=id_, kind=kind, service=service, what=what, begin=begin, end=end, by=by, reason=reason)
