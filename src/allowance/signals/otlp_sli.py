"""SLIs over OTLP: which points one counts, and what it says of each kind of point."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from allowance.contract.indicator import Events
from allowance.contract.model import Slo
from allowance.contract.source import EVERY_SERVICE, Otlp, Signal
from allowance.core.problem import NOWHERE, Where, refuse
from allowance.signals.event_sql import DURATION, EventSli, event_sli
from allowance.signals.otlp_points import About, Nanos
from allowance.signals.predicate_cuts import cuts_of
from allowance.signals.predicate_value import Value
from allowance.signals.semconv import ALIASES, SPAN_KINDS, STATUS_CODES

VALUE = "value"
"""The column that holds the value of a gauge's point."""

_WORDS = {"kind": SPAN_KINDS, "status_code": STATUS_CODES}
_OWN = ("name", "kind", "status_code", "scope_name", "body", "severity", "severity_text", "metric", "unit")
_MILLISECOND = 1_000_000
_LONGEST = 2**63 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OtlpSli:
    """An SLI over one signal. `service` None means every service, `metric` None every metric.

    `events.name` names it; `by` is the column whose values get counts of their own.
    """

    events: EventSli
    signal: Signal
    service: str | None = None
    metric: str | None = None
    by: str | None = None

    @property
    def name(self) -> str:
        """The name under which it is counted."""
        return self.events.name

    @property
    def by_value(self) -> bool:
        """Whether each point is an event, judged by its value: so with gauges."""
        return VALUE in self.events.columns and self.signal == "metrics"


def otlp_sli(
    events: EventSli,
    signal: Signal,
    *,
    service: str | None = None,
    metric: str | None = None,
    by: str | None = None,
    where: Where = NOWHERE,
) -> OtlpSli:
    """An SLI whose predicates fit its signal. Errors: `Problem` `otlp-sli`."""
    for predicate in (events.valid, events.good):
        for column, text in predicate.compared_texts() if predicate is not None else ():
            words = _WORDS.get(column, ())
            if signal == "traces" and words and text not in words:
                raise refuse(
                    "otlp-sli",
                    f"the {column} of a span is never {text!r}",
                    where=where,
                    hint=f"it is one of {', '.join(words)}",
                )
    if signal == "metrics" and not metric and not _names_metric(events):
        raise refuse(
            "otlp-sli",
            f"{events.name} does not say which metric it counts",
            where=where,
            hint="add metric: http.server.request.duration to its source",
        )
    in_predicates = any(
        DURATION in predicate.columns for predicate in (events.valid, events.good) if predicate
    )
    if signal == "metrics" and in_predicates:
        raise refuse(
            "otlp-sli",
            f"{events.name} compares {DURATION}, which metrics do not have",
            where=where,
            hint="write latency: 300ms; it is judged by the buckets of a histogram",
        )
    return OtlpSli(events=events, signal=signal, service=service, metric=metric, by=by)


def otlp_sli_of(slo: Slo, source: Otlp) -> OtlpSli:
    """The SLI of an SLO, by its id. The sender is the SLO's service, unless the source names another one.

    Errors: `Problem` `otlp-sli`, `predicate`, `indicator` for an SLO that is not measured over events.
    """
    if not isinstance(slo.indicator, Events):
        raise refuse(
            "indicator",
            f"{slo.id} is not measured over events, and OTLP brings events",
            where=slo.origin.where,
            hint="write good, valid or latency over columns",
        )
    service = slo.service if source.service is None else source.service
    return otlp_sli(
        event_sli(slo.id, slo.indicator, where=slo.origin.where),
        source.signal,
        service=None if service == EVERY_SERVICE else service,
        metric=source.metric,
        by=slo.group_by[0] if slo.group_by else None,
        where=slo.origin.where,
    )


def _names_metric(events: EventSli) -> bool:
    return events.valid is not None and "metric" in events.valid.columns


def wanted_attributes(slis: Iterable[OtlpSli]) -> frozenset[str]:
    """The attributes and own columns that some SLIs read, with every spelling that they may have."""
    names = {"service.name"}
    for sli in slis:
        for name in (*sli.events.columns, *((sli.by,) if sli.by else ())):
            names |= {name, name.removeprefix("resource."), *ALIASES.get(name, ())}
    return frozenset(names)


class Said(NamedTuple):
    """What one SLI says of an event that it counts."""

    sli: str
    group: str
    good: bool


class Judge:
    """Decides, for points that say the same, which SLIs count them. Answers are remembered, not changed by it."""

    def __init__(self, slis: Iterable[OtlpSli]) -> None:
        self._slis = tuple(slis)
        self._decisions = tuple(
            tuple(None if one is None else one.decision() for one in (sli.events.valid, sli.events.good))
            for sli in self._slis
        )
        cuts = [_durations(sli.events) for sli in self._slis]
        # Below 0 is a class of its own: a span that ends before it starts has no duration.
        self._edges: list[Nanos] | None = (
            None if any(cut is None for cut in cuts) else sorted({0}.union(*(cut or () for cut in cuts)))
        )
        self._bounds = np.array([min(edge, _LONGEST) for edge in self._edges or ()], dtype=np.int64)

    def classes(self, durations: NDArray[np.int64]) -> tuple[NDArray[np.int64], Sequence[int]]:
        """Durations as places in a row of classes: no SLI can tell two durations of one class from each other."""
        if self._edges is None:
            kinds, places = np.unique(np.maximum(durations, -1), return_inverse=True)
            return places, kinds.tolist()
        return np.searchsorted(self._bounds, durations, side="right"), range(len(self._edges) + 1)

    def judge(self, about: About, kind: int) -> tuple[Said, ...]:
        """What all SLIs say of an event with a duration of that class."""
        if self._edges is None:
            return self._judge(about, None if kind < 0 else kind, None)
        return self._judge(about, self._edges[kind - 1] if kind else None, None)

    def judge_log(self, about: About) -> tuple[Said, ...]:
        """What all SLIs say of an event whose duration is an attribute, if anything."""
        return self._judge(about, None, None)

    def judge_value(self, about: About, value: int | float | None) -> tuple[Said, ...]:
        """What all SLIs say of a point of a metric; `value` None where increments are counted."""
        return self._judge(about, None, value)

    def _judge(self, about: About, duration: Nanos | None, value: int | float | None) -> tuple[Said, ...]:
        measured = None if duration is None else Decimal(duration) / _MILLISECOND

        def row(name: str) -> Value:
            if name == DURATION and measured is not None:
                return measured
            return value if name == VALUE and value is not None else about.column(name)

        said: list[Said] = []
        service, metric = about.column("service_name"), about.own.get("metric")
        for sli, (valid, good) in zip(self._slis, self._decisions, strict=True):
            events = sli.events
            if (sli.service is not None and sli.service != service) or (
                sli.metric is not None and sli.metric != metric
            ):
                continue
            if sli.signal == "metrics":
                if sli.by_value != (value is not None):
                    continue
                fast = True
            elif events.latency_ms is not None:
                known = duration if duration is not None else _as_nanos(row(DURATION))
                if known is None:
                    continue
                fast = known * events.latency_ms.denominator <= events.latency_ms.numerator * _MILLISECOND
            else:
                fast = True
            if valid is not None and valid(row) is not True:
                continue
            group = row(sli.by) if sli.by is not None else None
            said.append(Said(sli.name, _group(group), fast and (good is None or good(row) is True)))
        return tuple(said)


def _as_nanos(value: Value) -> Fraction | None:
    usable = isinstance(value, int | Decimal) or (isinstance(value, float) and abs(value) < 1e15)
    return Fraction(value) * _MILLISECOND if usable and not isinstance(value, bool) else None  # type: ignore[arg-type]


def _group(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _durations(events: EventSli) -> set[Nanos] | None:
    """The whole nanoseconds at which an SLI changes its mind about a duration; None where it cannot be said."""
    edges: set[Nanos] = set()
    if events.latency_ms is not None:
        edges.add(floor(events.latency_ms * _MILLISECOND) + 1)
    if not any(DURATION in one.columns for one in (events.valid, events.good) if one is not None):
        return edges
    cuts = cuts_of(events)
    if cuts is None:
        return None
    for number, inside in cuts[DURATION].numbers:
        exact = Fraction(number) * _MILLISECOND
        edges.add(floor(exact) + 1 if inside else ceil(exact))
    return edges
