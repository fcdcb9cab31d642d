"""SLIs over events that are told to us one by one: CloudEvents, beacons of browsers, probes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Any, TypeAlias

from allowance.contract.indicator import Events
from allowance.contract.model import Slo
from allowance.contract.probe import Probe
from allowance.contract.source import CloudEvents, Rum
from allowance.core.duration import DAY, MINUTE
from allowance.core.problem import refuse
from allowance.core.time import Instant
from allowance.signals.event_sql import DURATION, EventSli, event_sli
from allowance.signals.otlp_memory import Memory
from allowance.signals.otlp_sli import Said
from allowance.signals.otlp_tally import SECOND, Counted, Limits, Tally
from allowance.signals.predicate_value import Row, Value

TOLD = Limits(lateness=DAY, skew=5 * MINUTE)
"""What is let in: an event is known by its id for weeks, so one that is a day late is still counted once."""

Teller: TypeAlias = CloudEvents | Rum | Probe
"""Sources that tell events one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event. `weight` is how many it stands for; `origin` the type of a CloudEvent, a site's name, or a probe."""

    kind: type[Teller]
    origin: str | Probe
    at: Instant
    row: Row
    weight: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldSli:
    """An SLI over events of a source; the values of `by` together name the group."""

    events: EventSli
    source: Teller
    by: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name under which it is counted."""
        return self.events.name

    def takes(self, told: Told) -> bool:
        """Whether an event is of its source."""
        match self.source:
            case CloudEvents():
                return (
                    told.kind is CloudEvents
                    and isinstance(told.origin, str)
                    and self.source.takes(told.origin)
                )
            case Rum(site=site):
                return told.kind is Rum and told.origin == site
            case Probe():
                return told.origin == self.source


def told_sli_of(slo: Slo, source: Teller) -> ToldSli:
    """The SLI of an SLO, by its id.

    Errors: `Problem` `predicate`; `indicator` for an SLO that is not measured over events.
    """
    if not isinstance(slo.indicator, Events):
        raise refuse(
            "indicator",
            f"{slo.id} is not measured over events, and its source tells events",
            where=slo.origin.where,
            hint="write good, valid or latency over columns",
        )
    events = event_sli(slo.id, slo.indicator, dotted=True, where=slo.origin.where)
    return ToldSli(events=events, source=source, by=slo.group_by)


class ToldCounter:
    """Counts events for a fixed set of SLIs; it remembers nothing itself."""

    def __init__(self, slis: Iterable[ToldSli], limits: Limits = TOLD) -> None:
        self._slis = tuple(
            (sli, tuple(one.decision() if one is not None else None for one in _parts(sli))) for sli in slis
        )
        self._limits = limits

    def wants(self, told: Told) -> bool:
        """Whether any SLI is over events of that kind."""
        return any(sli.takes(told) for sli, _ in self._slis)

    def count(self, events: Sequence[Told], memory: Memory, *, now: Instant) -> Counted:
        """What events add at `now`. Nothing is changed: learn `learned` when it is stored."""
        tally = Tally(self._limits, memory, now=now, closed=None)
        for one in events:
            said = self._judge(one)
            at = one.at * SECOND
            if not said:
                tally.unused += 1
            elif not tally.first <= at < tally.last:
                tally.outside(at)
            else:
                tally.said(said, one.at // self._limits.step, one.weight)
        return tally.counted(len(events))

    def _judge(self, told: Told) -> tuple[Said, ...]:
        found = []
        for sli, (valid, good) in self._slis:
            if not sli.takes(told) or (valid is not None and valid(told.row) is not True):
                continue
            fast = _fast(sli.events.latency_ms, told.row)
            if fast is None:
                continue
            is_good = fast and (good is None or good(told.row) is True)
            found.append(Said(sli.name, group_of(told.row, sli.by), is_good))
        return tuple(found)


def _parts(sli: ToldSli) -> tuple[Any, Any]:
    return sli.events.valid, sli.events.good


def _fast(limit: Fraction | None, row: Row) -> bool | None:
    """Whether the latency is within its limit; None where it was not measured."""
    if limit is None:
        return True
    found = row(DURATION)
    usable = isinstance(found, int | Decimal) or (isinstance(found, float) and abs(found) < 1e15)
    if isinstance(found, bool) or not usable:
        return None
    return Fraction(found) <= limit  # type: ignore[arg-type]


def group_of(row: Row, by: Sequence[str]) -> str:
    """The name of a group: the value itself, or several values as `2.14|eu`. Empty where all are absent."""
    values = [_text(row(name)) for name in by]
    if len(values) < 2:
        return "".join(values)
    # A value that holds the bar must not fall together with two values.
    parts = [value.replace("\\", "\\\\").replace("|", "\\|") for value in values]
    return "|".join(parts) if any(parts) else ""


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def row_of(fields: Mapping[str, Any]) -> Row:
    """Plain fields as columns."""

    def column(name: str) -> Value:
        return _scalar(fields.get(name))

    return column


def event_row(document: Mapping[str, Any]) -> Row:
    """A CloudEvent in the structured form as columns: its attributes, and `data.status` for what is inside `data`.

    `duration_ms` is `data.duration_ms`. Lists and maps are NULL.
    """

    def column(name: str) -> Value:
        if name == DURATION:
            return column(f"data.{DURATION}")
        if name.startswith("data."):
            return _scalar(_inside(document.get("data"), name.removeprefix("data.")))
        return None if name == "data" else _scalar(document.get(name))

    return column


def _inside(value: Any, path: str) -> Any:
    """A path through maps; a key that holds dots itself is found, too."""
    while isinstance(value, Mapping):
        if path in value:
            return value[path]
        first, dot, path = path.partition(".")
        if not dot:
            return None
        value = value.get(first)
    return None


def _scalar(value: Any) -> Value:
    return value if isinstance(value, str | int | float | bool | Decimal) else None
