"""Who spends the budget: the share of each group in what failed beside its share of the traffic (C8)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from allowance.budget.budget import Windowed
from allowance.core.counts import NO_DATA, Counts, NoData
from allowance.core.window import Span
from allowance.reports import numbers, tabular
from allowance.reports.glyphs import Svg
from allowance.reports.pages.view import Num

WORST = 5
"""So many are shown at once; the others stand behind them."""

OVER = Fraction(3, 2)
"""From so many times its share of the traffic on a group is said to spend more than its part."""

WIDTH, HEIGHT = 120, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Spender:
    """One group: `spend` and `traffic` are its shares of all groups, `times` the one by the other."""

    name: str
    failed: Num
    total: Num
    spend: Num
    traffic: Num
    times: Num
    word: str
    bars: Svg


@dataclass(frozen=True, slots=True, kw_only=True)
class Spenders:
    """The groups of a promise, those that spend most first; `says` is the worst of them in a sentence."""

    by: str
    says: str
    worst: tuple[Spender, ...]
    others: tuple[Spender, ...]


def spenders(groups: Mapping[str, Windowed], by: str, span: Span) -> Spenders | NoData:
    """Which group failed how much within a span; nothing where nothing is grouped or nothing came."""
    counted = {
        name: one.between(span.begin - span.begin % one.step, span.end - span.end % one.step)
        for name, one in groups.items()
        if name
    }
    found = {name: counts for name, counts in counted.items() if counts.total}
    bad, total = sum(one.bad for one in found.values()), sum(one.total for one in found.values())
    if not found:
        return NO_DATA
    ordered = sorted(found.items(), key=lambda one: (-one[1].bad, -one[1].total, one[0]))
    rows = tuple(_spender(name, counts, bad, total) for name, counts in ordered)
    return Spenders(by=by, says=_says(rows[0], by, bad), worst=rows[:WORST], others=rows[WORST:])


def _spender(name: str, counts: Counts, bad: int, total: int) -> Spender:
    spend: Fraction | NoData = Fraction(counts.bad, bad) if bad else NO_DATA
    traffic = Fraction(counts.total, total)
    times: Fraction | NoData = NO_DATA if isinstance(spend, NoData) else spend / traffic
    return Spender(
        name=name,
        failed=Num(text=numbers.whole(counts.bad), value=counts.bad),
        total=Num(text=numbers.whole(counts.total), value=counts.total),
        spend=Num(text="none" if isinstance(spend, NoData) else tabular.percent(spend, 0), value=spend),
        traffic=Num(text=tabular.percent(traffic, 0), value=traffic),
        times=Num(text="-" if isinstance(times, NoData) else tabular.factor(times), value=times),
        word="" if isinstance(times, NoData) or times < OVER else "more than its part",
        bars=_bars(Fraction(0) if isinstance(spend, NoData) else spend, traffic),
    )


def _bars(spend: Fraction, traffic: Fraction) -> Svg:
    """Spend above traffic, on one scale; the numbers stand beside it."""
    drawn = "".join(
        f'<rect class="{name}" y="{y}" width="{max(1, round(float(share) * WIDTH)) if share else 0}" height="4"/>'
        for name, y, share in (("spend", 0, spend), ("traffic", 6, traffic))
    )
    return Svg(
        f'<svg class="shares" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'aria-hidden="true">{drawn}</svg>'
    )


def _says(first: Spender, by: str, bad: int) -> str:
    if not bad:
        return "Nothing failed."
    return f"{by} {first.name} has {first.spend} of what failed and {first.traffic} of the traffic ({first.times})."
