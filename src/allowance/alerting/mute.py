"""What keeps an alert quiet: the one place that says whether a mute holds, and until when."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from fractions import Fraction

from allowance.alerting.alert import Mute
from allowance.contract.maintenance import spans
from allowance.contract.model import Contract
from allowance.core.counts import NoData
from allowance.core.duration import DAY
from allowance.core.time import LAST, Instant
from allowance.core.window import Span


def hits(mute: Mute, labels: Mapping[str, str], burn: Fraction | NoData, *, now: Instant) -> bool:
    """Whether it keeps an alert with these labels quiet at `now`."""
    return matches(mute, labels, burn) and held_until(mute, now=now) is not None


def matches(mute: Mute, labels: Mapping[str, str], burn: Fraction | NoData) -> bool:
    """Whether every label that it names has its value, and the alert does not burn too fast to be kept quiet."""
    return names(mute, labels) and not loud(mute, burn)


def names(mute: Mute, labels: Mapping[str, str]) -> bool:
    """Whether every label that it names has its value."""
    return all(labels.get(name) == value for name, value in mute.labels.items())


def loud(mute: Mute, burn: Fraction | NoData) -> bool:
    """Whether something burns so fast that it is heard in spite of the mute; what is unknown is not loud."""
    limit = mute.unless_burn_above
    return limit is not None and not isinstance(burn, NoData) and burn > limit


def held_until(mute: Mute, *, now: Instant) -> Instant | None:
    """Until when it holds, where it holds at `now`; of overlapping occurrences the one that ends last."""
    if not mute.begin <= now < mute.end:
        return None
    if mute.repeats is None:
        return mute.end
    ends = [span.end for span in spans(mute.repeats, begin=now, end=now + 1)]
    return min(max(ends), mute.end) if ends else None


def next_span(mute: Mute, *, now: Instant, within: int = 400 * DAY) -> Span | None:
    """When it holds now, or next within so many seconds; `None` where that is not to be expected."""
    if mute.repeats is None:
        return Span(begin=mute.begin, end=mute.end) if now < mute.end else None
    begin = max(now, mute.begin)
    end = min(begin + within, mute.end)
    step = min(max(within // 40, DAY), within)
    for start in range(begin, end, step):
        found = spans(mute.repeats, begin=start, end=min(start + step, end))
        if found:
            return found[0]
    return None


def maintenance_of(contract: Contract) -> tuple[Mute, ...]:
    """What the services of a contract say about their planned work, as mutes without an end."""
    found = []
    for service in contract.services:
        for rule in service.maintenance:
            text = f"{service.name}|{rule.recurrence}|{rule.recurrence.first}|{rule.reason}"
            found.append(
                Mute(
                    id=f"maintenance-{hashlib.sha256(text.encode()).hexdigest()[:12]}",
                    kind="maintenance",
                    begin=0,
                    end=LAST,
                    labels={"service": service.name},
                    by="the contract",
                    why=rule.reason,
                    unless_burn_above=rule.unless_burn_above,
                    repeats=rule.recurrence,
                )
            )
    return tuple(found)


def in_force(mutes: Iterable[Mute], *, now: Instant) -> tuple[Mute, ...]:
    """Those that hold at an instant."""
    return tuple(mute for mute in mutes if held_until(mute, now=now) is not None)
