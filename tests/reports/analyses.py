"""Analyses that tests make up: random ones, and a month in which something happens."""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import strategies as st

from allowance.budget.analysis import Analysis, Question, analyse
from allowance.contract.rules import WORKBOOK, BurnRule, LowTraffic
from allowance.core.buckets import Buckets, add
from allowance.core.duration import DAY, HOUR
from allowance.core.problem import Problem, Where
from allowance.core.time import parse_instant
from allowance.core.window import parse_window
from allowance.reports.analysis_json import Wording
from allowance.signals.measured import Durations, SourceFacts
from tests.budget.histories import histories, targets

MADE_AT = parse_instant("2026-11-02T08:15:30Z")
HOURLY: tuple[BurnRule, ...] = (
    BurnRule(severity="page", share=Fraction(5, 100), long=6 * HOUR, short=HOUR),
    BurnRule(severity="ticket", share=Fraction(1, 10), long=DAY, short=2 * HOUR, hold=2 * HOUR),
    BurnRule(severity="log", share=Fraction(1, 10), long=DAY, short=DAY, guard=LowTraffic(min_events=50)),
)
HOSTILE = "<script>alert(1)</script> & \"quotes\" 'x' {{ 7*7 }}"

FACTS = SourceFacts(
    format="nginx combined",
    lines=1_204_332,
    malformed=12,
    samples=(Problem(code="line", message="the time is missing", where=Where(file="access.log", line=12)),),
    first=parse_instant("2026-10-02T00:00:05Z"),
    last=parse_instant("2026-10-31T23:59:58Z"),
    notes=(
        Problem(code="clock", message="3 lines are out of order", hint="check the clock", severity="warning"),
    ),
    columns=("time", "status", "path", "duration_ms"),
)
WORDING = Wording(valid="every event", good="status < 500")


def question(target: str = "0.999", *windows: str, instants: tuple[int, ...] = ()) -> Question:
    """The workbook's rules, in UTC; `30d` where no window is said."""
    return Question(
        target=Fraction(target),
        windows=tuple(parse_window(text) for text in windows or ("30d",)),
        instants=instants,
        rules=WORKBOOK,
        period=30 * DAY,
        zone=ZoneInfo("UTC"),
    )


def month(seed: int = 1, *, scale: float = 1, days: int = 30, quiet: bool = False) -> Buckets:
    """Minutes up to 1 Nov 2026: calm nights; unless quiet, a slow leak, a day without data, and an outage."""
    rng = np.random.default_rng(seed)
    minutes = days * 1440
    hour = np.arange(minutes) / 60 % 24
    total = rng.poisson(np.where(hour < 4, 0.6, 40 + 35 * np.sin((hour - 9) / 24 * 2 * np.pi)) * scale)
    rate = np.full(minutes, 0.0002)
    if not quiet:
        rate[8 * 1440 : 14 * 1440] = 0.0012
        rate[16 * 1440 + 720 : 16 * 1440 + 758] = 0.35
        total[20 * 1440 : 21 * 1440] = 0
    bad = rng.binomial(total, rate)
    start = parse_instant("2026-11-01T00:00:00Z") - minutes * 60
    return Buckets(start=start, step=60, good=total - bad, total=total)


def durations(seed: int = 1, count: int = 2000) -> Durations:
    """Some log-normal durations."""
    values = np.round(np.random.default_rng(seed).lognormal(3.6, 0.7, count), 1)
    found, counts = np.unique(values, return_counts=True)
    return Durations(values_ms=tuple(found.tolist()), counts=tuple(counts.tolist()))


class Parts(dict[str, Any]):
    """The keyword arguments of `analysis_page` and of `write_analysis`."""

    def __repr__(self) -> str:
        whole: Analysis = self["whole"]
        return f"<{len(whole.buckets)} x {whole.buckets.step} s: {whole.counts}, {whole.question}>"


def parts(
    whole: Analysis, *, times: Durations | None = None, facts: SourceFacts = FACTS, wording: Wording = WORDING
) -> Parts:
    """One analysis without groups."""
    return Parts(
        facts=facts, wording=wording, whole=whole, durations=times or Durations(), groups={}, made_at=MADE_AT
    )


def grouped_month() -> Parts:
    """A month by region, with latency; one region has a hostile name, one has none."""
    series = {
        HOSTILE: month(1),
        "us-east": month(2, scale=2, quiet=True),
        "": month(3, scale=0.01, quiet=True),
    }
    asked = question("0.999", "30d", "7d")
    wording = Wording(
        valid="path <> '/health'",
        good="status < 500 AND duration_ms <= 300",
        latency_ms=Fraction(300),
        by="region",
    )
    found = parts(analyse(add(series.values()), asked), times=durations(), wording=wording)
    found["groups"] = {
        name: (analyse(one, asked), durations(place)) for place, (name, one) in enumerate(series.items())
    }
    return found


@st.composite
def any_parts(draw: st.DrawFn) -> Parts:
    """Any analysis: no data, one bucket, overspent, calendar windows, instants outside the data, groups."""
    step, rules, longest = draw(st.sampled_from([(60, WORKBOOK, 300), (60, (), 5), (HOUR, HOURLY, 1500)]))
    names = draw(st.sampled_from([("",), ("",), ("a", HOSTILE, "")]))
    series = {name: draw(histories(longest=longest, step=step)) for name in names}
    if len(series) > 1:  # one service, not three that never met
        first = next(iter(series.values())).start
        series = {
            n: Buckets(start=first, step=step, good=one.good, total=one.total) for n, one in series.items()
        }
    whole = add(series.values(), step)
    inside = st.integers(-3, len(whole) + 3).map(lambda i: max(step, whole.start + i * step))
    windows = draw(
        st.lists(
            st.sampled_from(["1h", "1d", "30d", "month", "week", "day"]), min_size=1, max_size=3, unique=True
        )
    )
    asked = Question(
        target=draw(targets),
        windows=tuple(parse_window(text) for text in windows),
        instants=tuple(draw(st.lists(inside, max_size=2, unique=True))),
        rules=rules,
        period=30 * DAY,
        zone=ZoneInfo("UTC"),
    )
    by = "region" if len(series) > 1 else None
    limit = draw(st.sampled_from([None, Fraction(300)]))
    wording = Wording(
        valid=draw(st.sampled_from(["every event", "", "a < 1"])), good=HOSTILE, latency_ms=limit, by=by
    )
    times = draw(st.sampled_from([Durations(), durations()]))
    facts = draw(st.sampled_from([FACTS, SourceFacts(format="csv")]))
    found = parts(analyse(whole, asked), times=times, facts=facts, wording=wording)
    if by:
        found["groups"] = {name: (analyse(one, asked), times) for name, one in series.items()}
    return found


def values_in(value: object) -> list[object]:
    """Every plain value within frozen values, tuples, lists and dicts."""
    if is_dataclass(value):
        return [v for field in fields(value) for v in values_in(getattr(value, field.name))]
    if isinstance(value, dict):
        return [v for item in value.items() for v in values_in(item)]
    if isinstance(value, (tuple, list)):
        return [v for item in value for v in values_in(item)]
    return [value]
