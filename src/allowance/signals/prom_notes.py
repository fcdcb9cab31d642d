"""What a careful reader would say about counts that came from PromQL."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from allowance.core.buckets import Buckets
from allowance.core.duration import MINUTE
from allowance.core.problem import Problem, Severity, Where
from allowance.core.time import iso
from allowance.core.window import Span
from allowance.signals.prom_samples import SHARE_UNITS
from allowance.signals.prom_sli import Plan, Ratio, Share, sampled_of
from allowance.signals.prom_state import Owed
from allowance.signals.promql import Counters, Evaluated, Expression, hides_samples

Role = Literal["total", "good", "bad", "samples"]

_SILENT = 10 * MINUTE
_LONGEST_QUERY = 200


@dataclass(slots=True)
class Heard:
    """What one query gave so far: how many samples, how many of them below the one before, from when to when."""

    samples: int = 0
    falls: int = 0
    first: float | None = None
    last: float | None = None
    labels: frozenset[str] = frozenset()

    def hear(self, samples: int, falls: int, first: float, last: float, labels: frozenset[str]) -> None:
        """Add what one more span gave."""
        self.samples += samples
        self.falls += falls
        self.first = first if self.first is None else min(self.first, first)
        self.last = last if self.last is None else max(self.last, last)
        self.labels |= labels


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One SLI after a reading: its plan, what its queries gave (by `heard_key`), its counts and what waits."""

    name: str
    plan: Plan
    heard: Mapping[str, Heard]
    groups: Mapping[str, Buckets]
    owed: Mapping[str, Owed]
    dropped: int


def heard_keys(plan: Plan) -> tuple[tuple[Role, str, tuple[str, ...]], ...]:
    """(role, query as written, keys under which its parts are heard) of every query of a plan."""
    if isinstance(plan, Ratio):
        return (
            ("total", plan.total.written, _keys(plan.total)),
            (plan.part_is, plan.part.written, _keys(plan.part)),
        )
    return (("samples", plan.sampled.text, (plan.sampled.text,)),)


def _keys(one: Expression) -> tuple[str, ...]:
    return tuple(term.key for term in one.terms) if isinstance(one, Counters) else (sampled_of(one).text,)


def notes(outcome: Outcome, span: Span, step: int, by: str | None) -> Iterator[Problem]:
    """Everything worth saying about one SLI."""
    for role, query, keys in heard_keys(outcome.plan):
        heard = [outcome.heard[key] for key in keys if key in outcome.heard]
        yield from _about_query(outcome, role, query, heard, span, step, by)
    if isinstance(outcome.plan, Ratio):
        yield from _about_counting(outcome, outcome.plan)
    elif hides_samples(outcome.plan.sampled.text):
        yield _note(
            outcome.name,
            "prom-comparison",
            "the comparison in the query hides the samples for which it does not hold",
            "take the comparison out of the query and give its bound as the bound",
        )
    if isinstance(outcome.plan, Share):
        yield from _about_share(outcome)
    elif outcome.dropped:
        yield _note(
            outcome.name,
            "prom-dropped",
            f"{outcome.dropped} values are negative or beyond any count, and were left out",
            "check that the query counts events",
        )


def _about_query(
    outcome: Outcome,
    role: Role,
    query: str,
    heard: list[Heard],
    span: Span,
    step: int,
    by: str | None,
) -> Iterator[Problem]:
    lasts = [one.last for one in heard if one.last is not None]
    if not lasts:
        yield _nothing(outcome, role, query, span)
        return
    if max(lasts) < span.end - max(_SILENT, 3 * step) and role in ("total", "samples"):
        message = f"the {role} query has given nothing since {iso(int(max(lasts)))}: {_brief(query)}"
        yield _note(outcome.name, "prom-silent", message, "look whether the target is still scraped")
    if by and not any(by in one.labels for one in heard):
        yield _note(
            outcome.name,
            "prom-by",
            f"no series of the {role} query has the label {by}: {_brief(query)}",
            f"group by a label that they have, or write sum by ({by}) into the query",
        )
    samples, falls = sum(one.samples for one in heard), sum(one.falls for one in heard)
    if falls > 10 and falls * 20 > samples:
        yield _note(
            outcome.name,
            "prom-falls",
            f"the {role} query falls again and again ({falls} of {samples} samples): {_brief(query)}",
            "it looks like a gauge, or like a sum in which series come and go; counters only grow",
        )


def _nothing(outcome: Outcome, role: Role, query: str, span: Span) -> Problem:
    message = (
        f"the {role} query returned no series from {iso(span.begin)} to {iso(span.end)}: {_brief(query)}"
    )
    events = any(len(buckets) and buckets.all().total for buckets in outcome.groups.values())
    if role == "bad":
        hint = "an error series is often born with the first error; until then there are no bad events"
        return _note(outcome.name, "prom-no-bad", message, hint, "info")
    if role == "good" and events:
        hint = "every event counts as bad; check the labels of the good query"
        return _note(outcome.name, "prom-no-good", message, hint)
    hint = "check the metric's name and labels, and whether the target is scraped; native histograms are not read"
    return _note(outcome.name, "prom-no-data", message, hint)


def _about_counting(outcome: Outcome, plan: Ratio) -> Iterator[Problem]:
    for one in (plan.total, plan.part):
        if isinstance(one, Evaluated) and not one.by_sample:
            yield _note(
                outcome.name,
                "prom-approximate",
                f"approximate: the server evaluates {_brief(one.written)} once per bucket",
                "sums and differences of counters are counted exactly",
            )
    if any(one.rounded for one in outcome.owed.values()):
        yield _note(
            outcome.name,
            "prom-rounded",
            "the increments are not whole numbers; their running sums are rounded to the nearest event",
            "count events, not seconds or bytes",
        )
    waiting = sum(one.part for one in outcome.owed.values())
    if waiting:
        side = "more" if waiting > 0 else "fewer"
        yield _note(
            outcome.name,
            "prom-ahead",
            f"{abs(waiting)} {plan.part_is} events {side} than total has room for still wait for a bucket",
            f"a few are normal where the two are scraped apart; many say that {plan.part_is} is no part of total",
        )


def _about_share(outcome: Outcome) -> Iterator[Problem]:
    yield _note(
        outcome.name,
        "prom-share",
        f"the query gives shares: every sample weighs the same, and counts as {SHARE_UNITS} units",
        "two counters, of good and of all events, tell how much each bucket weighs",
        "info",
    )
    if outcome.dropped:
        yield _note(
            outcome.name,
            "prom-dropped",
            f"{outcome.dropped} values are not between 0 and 1, and were left out",
            "divide percentages by 100",
        )


def _note(name: str, code: str, message: str, hint: str, severity: Severity = "warning") -> Problem:
    return Problem(code=code, message=message, hint=hint, severity=severity, where=Where(path=name))


def _brief(query: str) -> str:
    text = " ".join(query.split())
    return text if len(text) <= _LONGEST_QUERY else text[: _LONGEST_QUERY - 3] + "..."
