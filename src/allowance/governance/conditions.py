"""The conditions of a release: what the program looks up itself, what a shown value must reach, what is only shown."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from allowance.core.counts import NoData
from allowance.core.duration import DAY, parse_duration, short
from allowance.core.problem import refuse
from allowance.core.ratio import decimal_text, parse_decimal
from allowance.governance.facts import Release

_BURN = re.compile(r"burn\s+below\s+(?P<limit>\S+)\s+over\s+(?P<over>\S+)", re.IGNORECASE)
_AT_MOST = re.compile(r"(?P<what>.*\S)\s*(?:<=|≤|at most)\s*(?P<limit>[\d.]+)\s*(?P<percent>%?)")
_VALUE = re.compile(r"(?P<value>[\d.]+)\s*(?P<percent>%?)")

Burns = Callable[[int], Mapping[str, Fraction | NoData]]
"""Seconds -> burn rate of every SLO of the service over that span up to now."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BurnBelow:
    """The program looks it up whenever it judges: every SLO burns below `limit` over the last `over` seconds."""

    limit: Fraction
    over: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AtMost:
    """A value has to be shown with the evidence, and it must not be above `limit` (a share where `percent`)."""

    limit: Fraction
    percent: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """Evidence has to be shown; a person judges it."""


Check = BurnBelow | AtMost | Shown


def check_of(condition: str) -> Check:
    """What a condition asks for: `burn below 2 over 1h`, `canary share <= 1 %`, or any words.

    Errors: `Problem` where a burn condition has no usable number or span.
    """
    if (burn := _BURN.fullmatch(condition.strip())) is not None:
        over = parse_duration(burn["over"])
        limit = parse_decimal(burn["limit"])
        if over > DAY or over % 60 or limit <= 0:
            raise refuse(
                "release",
                f"{condition!r} cannot be looked up",
                hint="write it as: burn below 2 over 1h (whole minutes, at most a day)",
            )
        return BurnBelow(limit=limit, over=over)
    if (most := _AT_MOST.fullmatch(condition.strip())) is not None:
        return AtMost(limit=parse_decimal(most["limit"]), percent=bool(most["percent"]))
    return Shown()


def evidence_of(condition: str, evidence: str, value: str) -> str:
    """The evidence as it is kept. Errors: `Problem` `release`: a value is missing, or it does not meet the limit."""
    check = check_of(condition)
    if isinstance(check, BurnBelow):
        raise refuse(
            "release", f"{condition!r} is looked up by the program", hint="nothing has to be shown for it"
        )
    if isinstance(check, Shown):
        return f"{value.strip()}: {evidence}" if value.strip() else evidence
    unit = " %" if check.percent else ""
    found = _VALUE.fullmatch(value.strip())
    if found is None or bool(found["percent"]) is not check.percent:
        raise refuse(
            "release",
            f"{condition!r} asks for a value",
            hint=f"add --value, for example {_text(check.limit)}{unit}",
        )
    shown = parse_decimal(found["value"])
    if shown > check.limit:
        raise refuse(
            "release",
            f"{_text(shown)}{unit} is above the {_text(check.limit)}{unit} of {condition!r}",
            hint="meet the condition first, then show it",
        )
    return f"{_text(shown)}{unit}: {evidence}"


def unmet(release: Release, burns: Burns) -> tuple[str, ...]:
    """The conditions that are not met now, in words; none: the release may be used. No data meets nothing."""
    found = []
    # By name: evidence in the ledger has no order of its own, and a verdict has to replay to the same words.
    for name, shown in sorted(release.conditions.items()):
        check = check_of(name)
        if isinstance(check, BurnBelow):
            found += [f"{name}: {text}" for text in _too_fast(check, burns(check.over))]
        elif not shown:
            found.append(f"{name}: nothing was shown")
    return tuple(found)


def all_shown(release: Release) -> bool:
    """Whether everything was shown that people have to show; what the program looks up is not among it."""
    return all(shown or isinstance(check_of(name), BurnBelow) for name, shown in release.conditions.items())


def looked_up(release: Release) -> frozenset[int]:
    """The spans over which the program has to know the burn rate."""
    checks = (check_of(name) for name in release.conditions)
    return frozenset(check.over for check in checks if isinstance(check, BurnBelow))


def _too_fast(check: BurnBelow, burns: Mapping[str, Fraction | NoData]) -> list[str]:
    if not burns:
        return ["the service has no SLO to look at"]
    found = []
    for slo, burn in sorted(burns.items()):
        if isinstance(burn, NoData):
            found.append(f"{slo} has no data over {short(check.over)}")
        elif burn >= check.limit:
            found.append(f"{slo} burns {decimal_text(burn, 2)}")
    return found


def _text(value: Fraction) -> str:
    return decimal_text(value, 6)
