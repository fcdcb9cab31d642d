"""One objective of an OpenSLO SLO: its target, its way of budgeting, and what its indicator is held against."""

from __future__ import annotations

from fractions import Fraction

from allowance.contract.amounts import parse_count
from allowance.contract.fields import Fields
from allowance.contract.indicator import Comparison, Indicator
from allowance.contract.model import Method, Occurrences, RatioTimeslices, Timeslices
from allowance.contract.openslo_metrics import Sli
from allowance.contract.openslo_words import COMPARISONS, one_of, parse_shorthand
from allowance.contract.written import WrittenSlo
from allowance.core.duration import MINUTE


def read_objective(fields: Fields, sli: Sli | None, method: str | None) -> WrittenSlo | None:
    """An objective as an SLO without a name; `None` where target or indicator cannot be read (reported)."""
    display_name = fields.text("displayName")
    target = read_target(fields)
    chosen = _method(fields, method)
    indicator = _indicator(fields, sli)
    fields.has("compositeWeight")
    fields.finish()
    if target is None or indicator is None or sli is None:
        return None
    return WrittenSlo(
        name="",
        service="",
        indicator=indicator,
        target=target,
        method=chosen,
        source=sli.source,
        display_name=display_name,
    )


def read_target(fields: Fields) -> Fraction | None:
    """`target` as a fraction or `targetPercent`, exactly one of them."""
    hint = "target: 0.999 or targetPercent: 99.9"
    form = one_of(fields, ("target", "targetPercent"), code="target", hint=hint)
    if form is None:
        return None
    number = fields.number(form)
    whole = 1 if form == "target" else 100
    if number is None:
        return None
    if 0 < number < whole:
        return number / whole
    percent = form == "target" and 1 < number < 100
    fields.wrong(
        form,
        f"{form} {fields.raw(form)} is outside 0 to {whole}, both excluded",
        hint=_target_hint(number, f"did you mean targetPercent: {fields.raw(form)}?" if percent else ""),
        code="target",
    )
    return None


def _target_hint(number: Fraction, better: str) -> str:
    if better:
        return better
    return "a target of 0 promises nothing" if number <= 0 else "a budget of zero has no burn rate"


def _method(fields: Fields, method: str | None) -> Method | None:
    slice_target = fields.number("timeSliceTarget")
    seconds = fields.parsed("timeSliceWindow", lambda text: _slice(fields, text))
    if method == "Occurrences":
        return Occurrences()
    if method is None or not fields.need("timeSliceWindow", hint="such as 5m") or seconds is None:
        return None
    if method == "RatioTimeslices":
        return RatioTimeslices(slice=seconds)
    if not fields.need("timeSliceTarget", hint="such as 0.95") or slice_target is None:
        return None
    if not 0 < slice_target <= 1:
        fields.wrong("timeSliceTarget", "timeSliceTarget is outside 0 to 1", hint="such as 0.95")
        return None
    return Timeslices(slice=seconds, slice_target=slice_target)


def _slice(fields: Fields, text: str) -> int:
    if not text.strip().isdigit():
        return parse_shorthand(text)
    fields.notes.warn(
        "slice",
        f"timeSliceWindow {text} is read as minutes",
        where=fields.where("timeSliceWindow"),
        hint=f"write {text}m",
    )
    return max(1, parse_count(text)) * MINUTE


def _indicator(fields: Fields, sli: Sli | None) -> Indicator | None:
    op: Comparison | None = fields.word("op", COMPARISONS)
    value = fields.number("value")
    if sli is None:
        return None
    if sli.indicator is not None:
        for key in ("op", "value"):
            if fields.has(key):
                fields.notes.warn(
                    "unused",
                    f"{key} has no meaning beside a ratioMetric; it is not read",
                    where=fields.where(key),
                    hint="remove it",
                )
        return sli.indicator
    needed = [fields.need(key, hint="a thresholdMetric needs op and value") for key in ("op", "value")]
    return sli.against(op, value) if all(needed) and op is not None and value is not None else None
