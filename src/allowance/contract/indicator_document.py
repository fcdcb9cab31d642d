"""How our documents say what is measured: `good`, `valid` and `latency` over events, or `promql`."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

from allowance.contract.amounts import parse_latency, parse_number
from allowance.contract.fields import Fields
from allowance.contract.indicator import (
    Comparison,
    Events,
    Foreign,
    Indicator,
    PromGauge,
    PromHistogram,
    PromRatio,
    PromShare,
)

BOUNDS: dict[str, Comparison] = {"max": "lte", "min": "gte", "below": "lt", "above": "gt"}
"""What a gauge may be held against: at most, at least, strictly below, strictly above."""

_EVENTS = ("good", "valid", "latency")
_FORMS = "{good, total}, {bad, total}, {histogram, le}, {gauge, max}, {goodShare} or {badShare}"


def read_indicator(fields: Fields) -> Indicator | None:
    """The indicator of an SLO of ours; what is wrong or missing is reported."""
    good, valid = predicate(fields, "good"), predicate(fields, "valid")
    latency = fields.parsed("latency", parse_latency)
    promql = fields.fields("promql")
    elsewhere = fields.fields("foreign")
    over_events = [key for key in _EVENTS if fields.has(key)]
    ways = [", ".join(over_events)] if over_events else []
    ways += [key for key in ("promql", "foreign") if fields.has(key)]
    if len(ways) > 1:
        fields.notes.error(
            "indicator",
            f"{fields.called()} is measured in two ways, {' and '.join(ways)}",
            where=fields.where(),
            hint="keep one of them",
        )
        return None
    if promql is not None:
        return read_promql(promql)
    if elsewhere is not None:
        return _foreign(elsewhere)
    if not (fields.has("good") or fields.has("latency")):
        fields.notes.error(
            "indicator",
            f"{fields.called()} does not say what is measured",
            where=replace(fields.where(), path=fields.way("good")),
            hint="add good: status < 500, or latency: 300ms, or promql: {good: ..., total: ...}",
        )
        return None
    return Events(good=good, valid=valid, latency_ms=latency)


def predicate(fields: Fields, key: str) -> str | None:
    """A predicate over an event's columns, as text; `true` may be written as it is."""
    text = fields.raw(key)
    if text is not None and not text.strip():
        fields.wrong(key, f"{key} is an empty predicate", hint="for example status < 500")
    return text


def read_promql(fields: Fields) -> Indicator | None:
    """An indicator over a PromQL system, by the keys that it is written with."""
    forms = {
        "total": _ratio,
        "histogram": _histogram,
        "gauge": _gauge,
        "goodShare": _share,
        "badShare": _share,
    }
    found = [key for key in forms if fields.has(key)]
    if len(found) != 1:
        fields.notes.error(
            "indicator",
            f"{fields.called()} needs exactly one form",
            where=fields.where(),
            hint=f"write {_FORMS}",
        )
        return None
    indicator = forms[found[0]](fields)
    fields.finish()
    return indicator


def _ratio(fields: Fields) -> PromRatio | None:
    total, good, bad = query(fields, "total"), query(fields, "good"), query(fields, "bad")
    if fields.has("good") == fields.has("bad"):
        fields.notes.error(
            "indicator",
            f"{fields.called()} needs either good or bad beside total",
            where=fields.where(),
            hint="keep the one that your metrics count",
        )
        return None
    return None if total is None else PromRatio(total=total, good=good, bad=bad)


def _histogram(fields: Fields) -> PromHistogram | None:
    selector = query(fields, "histogram")
    threshold = fields.parsed("le", parse_number) if fields.need("le") else None
    if selector is None or threshold is None:
        return None
    return PromHistogram(selector=selector, threshold=threshold)


def _gauge(fields: Fields) -> PromGauge | None:
    text = query(fields, "gauge")
    bounds: list[tuple[Comparison, Fraction]] = []
    for key, op in BOUNDS.items():
        bound = fields.parsed(key, parse_number)
        if bound is not None:
            bounds.append((op, bound))
    if len(bounds) != 1:
        fields.notes.error(
            "indicator",
            f"{fields.called()} needs exactly one of {', '.join(BOUNDS)} beside gauge",
            where=fields.where(),
            hint="for example max: 300",
        )
        return None
    op, bound = bounds[0]
    return None if text is None else PromGauge(query=text, op=op, bound=bound)


def _share(fields: Fields) -> PromShare | None:
    good, bad = query(fields, "goodShare"), query(fields, "badShare")
    if good is not None:
        return PromShare(query=good, of="good")
    return None if bad is None else PromShare(query=bad, of="bad")


def _foreign(fields: Fields) -> Foreign | None:
    there = [fields.need("system"), fields.need("metrics")]
    system, metrics = fields.text("system"), fields.text("metrics")
    fields.finish()
    if not all(there) or system is None or metrics is None:
        return None
    return Foreign(system=system, metrics=metrics)


def query(fields: Fields, key: str) -> str | None:
    """A PromQL expression as text. Its grammar is checked where it is asked, not here."""
    text = fields.raw(key)
    if text is not None and not text.strip():
        fields.wrong(key, f"{key} is an empty query")
        return None
    return text
