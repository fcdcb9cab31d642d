"""What lifts a rule that is against a change: an override, a silver bullet, a conditional release, a waiver."""

from __future__ import annotations

from dataclasses import dataclass

from allowance.core.time import Instant
from allowance.governance.conditions import unmet
from allowance.governance.facts import Bullet, Freeze, Override, Release, Standing, Waiver
from allowance.governance.verdict import Ask
from allowance.governance.verdict_clauses import ClauseFacts

NO_NUMBERS = ClauseFacts()


@dataclass(frozen=True, slots=True, kw_only=True)
class Lift:
    """An exception that holds for an ask, and what it is called.

    `slo`: it lifts only what this SLO burned (`""`: everything, also a hold for want of data). `freeze`: it lifts only this freeze. `governance`:
    it also lifts what a governance policy denies.
    """

    name: str
    until: Instant
    slo: str = ""
    freeze: str = ""
    governance: bool = False

    def covers(self, *, slo: str, freeze: str, governance: bool, blind: bool = False) -> bool:
        """Whether it lifts a rule that an SLO (`""`: none) caused, or a freeze (its id, `""`: the rule is none).

        `blind`: the rule speaks because data are missing, so that nobody knows what the SLO burned.
        """
        return (
            (self.governance or not governance)
            and (not self.slo or (self.slo == slo and not blind))
            and self.freeze in ("", freeze or self.freeze)
        )


def lifts(
    standing: Standing, ask: Ask, numbers: ClauseFacts = NO_NUMBERS, *, now: Instant
) -> tuple[Lift, ...]:
    """Every exception that holds for exactly this ask at `now`; `numbers` are what releases want looked up."""
    overrides = [one for one in standing.overrides.values() if bound(one, ask, now)]
    bullets = [one for one in standing.bullets.values() if bound(one, ask, now)]
    releases = [one for one in standing.releases.values() if bound(one, ask, now)]
    waivers = [one for one in standing.waivers.values() if _waives(one, ask, now)]
    return (
        *(Lift(name=one.id, until=one.end, freeze=one.freeze, governance=True) for one in overrides),
        *(Lift(name=f"silver {one.id}", until=one.end) for one in bullets),
        *(
            Lift(name=f"conditional {one.id}", until=one.end)
            for one in releases
            if not unmet(one, numbers.burning)
        ),
        *(Lift(name=f"{one.id} for {one.dependency}", until=one.end, slo=one.slo) for one in waivers),
    )


def relevant(standing: Standing, ask: Ask, policy_hash: str, *, unit: str, now: Instant) -> Standing:
    """The part of a standing that a verdict on `ask` can depend on: it becomes evidence, the rest is left out."""
    service = ask.service
    return Standing(
        freezes={key: one for key, one in standing.freezes.items() if _active(one, service, now)},
        bullets={
            key: one for key, one in standing.bullets.items() if one.unit == unit or one.service == service
        },
        waivers={key: one for key, one in standing.waivers.items() if _waives(one, ask, now)},
        releases={key: one for key, one in standing.releases.items() if _lasts(one, ask, now)},
        overrides={key: one for key, one in standing.overrides.items() if _lasts(one, ask, now)},
        signed=tuple(one for one in standing.signed if one.hash == policy_hash),
    )


def frozen(standing: Standing, service: str, *, now: Instant) -> tuple[Freeze, ...]:
    """The freezes of a service at `now`, oldest first."""
    found = (one for one in standing.freezes.values() if _active(one, service, now))
    return tuple(sorted(found, key=lambda one: (one.begin, one.id)))


def bound(one: Bullet | Release | Override, ask: Ask, now: Instant) -> bool:
    """Whether an exception was granted for exactly this change, here and now."""
    return (
        _lasts(one, ask, now)
        and one.begin <= now
        and one.environment == ask.environment
        and one.change == ask.change_id != ""
    )


def _lasts(one: Bullet | Release | Override, ask: Ask, now: Instant) -> bool:
    return one.service == ask.service and now < one.end


def _waives(one: Waiver, ask: Ask, now: Instant) -> bool:
    return one.service == ask.service and one.begin <= now < one.end


def _active(one: Freeze, service: str, now: Instant) -> bool:
    return one.service == service and one.begin <= now and (one.end is None or now < one.end)
