"""Who spends the budget, how long requests took, which target would fit, and what was read."""

from __future__ import annotations

from fractions import Fraction

from allowance.budget.analysis import Analysis
from allowance.budget.targets import CannotPromise
from allowance.core.counts import NO_DATA, Counts, NoData
from allowance.core.ratio import decimal_text
from allowance.reports import numbers, tabular
from allowance.reports.analysis_view import View
from allowance.reports.glyphs import day_strip, duration_bar, strip_words
from allowance.reports.health import WORST_FIRST, health_of
from allowance.reports.page import Block, Cell, Column, Remarks, Section, State, Table
from allowance.reports.tabular import milliseconds, percent
from allowance.signals.measured import Durations
from allowance.signals.percentiles import USUAL, nearest_rank

MOST_GROUPS = 60


def groups_section(view: View) -> Section | None:
    """Each group with its own budget, worst first, and its share of what failed beside its share of traffic."""
    if view.wording.by is None or not view.groups:
        return None
    ordered = sorted(view.groups.items(), key=_worst_first)
    timed = any(times.counts for _, times in view.groups.values())
    titles = (*_GROUP_COLUMNS, *((("slowest 1 %", True),) if timed else ()), ("spend per day", False))
    rest = len(ordered) - MOST_GROUPS
    table = Table(
        caption=f"One budget per {view.wording.by}, worst first",
        columns=tuple(Column(title=title, number=number) for title, number in titles),
        rows=tuple(_group(view, name, *pair, timed=timed) for name, pair in ordered[:MOST_GROUPS]),
        rest=f"{tabular.plural(rest, 'group')} more: --json has them all" if rest > 0 else "",
    )
    lead = (_who(view),) if view.slots is not None else ()
    return Section(
        name="groups", short="Groups", title=f"Which {view.wording.by} spends it?", lead=lead, blocks=(table,)
    )


_GROUP_COLUMNS = (
    ("group", False),
    ("state", False),
    ("measured", True),
    ("budget left", True),
    ("requests", True),
    ("failed", True),
    ("of failures", True),
    ("of traffic", True),
    ("pages", True),
)


def _worst_first(item: tuple[str, tuple[Analysis, Durations]]) -> tuple[int, Fraction, str]:
    name, (one, _) = item
    remaining = one.headline.budget.remaining if one.headline is not None else NO_DATA
    left = Fraction(0) if isinstance(remaining, NoData) else remaining
    return WORST_FIRST.index(health_of(one)), left, name


def _group(view: View, name: str, one: Analysis, times: Durations, *, timed: bool) -> tuple[Cell, ...]:
    target = one.question.target
    counts = one.headline.budget.counts if one.headline is not None else Counts(good=0, total=0)
    remaining = one.headline.budget.remaining if one.headline is not None else NO_DATA
    bad, traffic = _parts(view, one)
    slowest = nearest_rank(times, Fraction(99))
    own = {day.day: day for day in one.spend}
    days = [own.get(day.day) for day in view.whole.spend]
    strip = day_strip(days, target, strip_words(one.spend, target)) if own and days else None
    return (
        Cell(text=_name(name), anchor=f"group-{sorted(view.groups).index(name) + 1}"),
        Cell(state=State(health=health_of(one))),
        Cell(text=tabular.sli_percent(counts.sli, target)),
        Cell(text=percent(remaining)),
        Cell(text=numbers.whole(counts.total)),
        Cell(text=numbers.whole(counts.bad)),
        Cell(text=percent(bad, 0)),
        Cell(text=percent(traffic, 0)),
        Cell(text=numbers.whole(len(one.detections.get("page", ())))),
        *((Cell(text="no data" if isinstance(slowest, NoData) else milliseconds(slowest)),) if timed else ()),
        Cell(svg=strip, text="" if strip is not None else "no data"),
    )


def _name(group: str) -> str:
    return group or "(empty)"


def _parts(view: View, one: Analysis) -> tuple[Fraction | NoData, Fraction | NoData]:
    """A group's share of all failures and of all traffic within the headline window."""
    answer = view.whole.headline
    if answer is None:
        return NO_DATA, NO_DATA
    mine = (
        one.buckets.between(answer.span.begin, answer.span.end)
        if len(one.buckets)
        else Counts(good=0, total=0)
    )
    whole = answer.budget.counts
    return _share(mine.bad, whole.bad), _share(mine.total, whole.total)


def _share(part: int, whole: int) -> Fraction | NoData:
    return Fraction(part, whole) if whole else NO_DATA


def _who(view: View) -> str:
    """The group whose share of the failures exceeds its share of the traffic most."""
    over: list[tuple[Fraction, str, Fraction, Fraction]] = []
    for name, (one, _) in view.groups.items():
        bad, traffic = _parts(view, one)
        if isinstance(bad, Fraction) and isinstance(traffic, Fraction) and traffic:
            over.append((bad - traffic, name, bad, traffic))
    if not over:
        return "Nothing failed, so nobody spent anything."
    most = max(over)
    if most[0] < Fraction(1, 10):
        return "Failures are spread over the groups as the traffic is."
    return f"{_name(most[1])} has {percent(most[2], 0)} of the failures and {percent(most[3], 0)} of the traffic."


def latency_section(view: View) -> Section | None:
    """Percentiles of the measured durations: each is a duration that occurred."""
    found = {p: nearest_rank(view.durations, p) for p in USUAL}
    limit = view.wording.latency_ms
    longest = max((value for value in found.values() if not isinstance(value, NoData)), default=0.0)
    rows = tuple(
        (
            Cell(text=f"{decimal_text(p)} %"),
            Cell(text=milliseconds(value), svg=duration_bar(value, longest, limit)),
            Cell(text="" if limit is None else "within" if value <= limit else "beyond"),
        )
        for p, value in found.items()
        if not isinstance(value, NoData)
    )
    if not rows:
        return None
    columns = (
        Column(title="of requests"),
        Column(title="took at most", number=True),
        Column(title="the limit"),
    )
    shown = len(columns) if limit is not None else 2
    lead = (_within(view.durations, limit),) if limit is not None else ()
    table = Table(
        caption="Percentiles of measured durations (nearest rank)",
        columns=columns[:shown],
        rows=tuple(row[:shown] for row in rows),
    )
    return Section(
        name="latency",
        short="Latency",
        title="How long did requests take?",
        half=True,
        lead=lead,
        blocks=(table,),
    )


def _within(durations: Durations, limit: Fraction) -> str:
    pairs = zip(durations.values_ms, durations.counts, strict=True)
    within = sum(count for value, count in pairs if value <= limit)
    return (
        f"{percent(_share(within, sum(durations.counts)), 2)} of the measured requests took at most "
        f"{milliseconds(float(limit))}, the limit of a good one."
    )


def targets_section(view: View) -> Section | None:
    """What target past windows would have met, and whether the present one fits."""
    history = view.whole.targets
    if isinstance(history, NoData):
        return None
    rows = tuple(
        (
            Cell(text=f"{percent(one.share, 0)} of windows"),
            Cell(text="none" if isinstance(one.nice, CannotPromise) else f"{decimal_text(one.nice * 100)} %"),
            Cell(text=percent(one.exact, 4)),
            Cell(text=f"{numbers.whole(one.met_by)} of {numbers.whole(history.windows)}"),
            Cell(text=one.nice.reason if isinstance(one.nice, CannotPromise) else ""),
        )
        for one in history.suggestions
    )
    columns = (
        Column(title="to hold in"),
        Column(title="target", number=True),
        Column(title="exactly", number=True),
        Column(title="met by", number=True),
        Column(title="why"),
    )
    shown = len(columns) if any(row[-1].text for row in rows) else len(columns) - 1
    fit = view.whole.fit
    lead = (f"{_sentence(str(history))}.", f"{_sentence(fit.word)}: {fit.reason}.", *_advice(fit.advice))
    table = Table(
        caption="Targets that the past supports",
        columns=columns[:shown],
        rows=tuple(row[:shown] for row in rows),
    )
    return Section(
        name="targets",
        short="Targets",
        title="Which target would fit?",
        half=True,
        lead=lead,
        blocks=(table,),
    )


def _advice(advice: tuple[str, ...]) -> tuple[str, ...]:
    return (f"What one could do: {'; '.join(advice)}.",) if advice else ()


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def remarks_section(view: View) -> Section | None:
    """What a careful reader would remark about the data, the target and the rules."""
    remarks = (*view.facts.notes, *view.whole.findings)
    if not remarks:
        return None
    return Section(
        name="remarks",
        short="Remarks",
        title="What should you know before you trust this?",
        blocks=(Remarks(problems=remarks),),
    )


def source_section(view: View) -> Section | None:
    """What was read, and what could not be."""
    facts, buckets = view.facts, view.whole.buckets
    rows: list[tuple[str, Cell]] = [
        ("format", Cell(text=facts.format)),
        ("lines", Cell(text=numbers.whole(facts.lines))),
        ("malformed", Cell(text=_malformed(view))),
        ("requests counted", Cell(text=numbers.whole(view.whole.counts.total))),
        ("good means", Cell(text=view.wording.good)),
        ("what counts", Cell(text=view.wording.valid)),
    ]
    rows += [
        (name, Cell(instant=at))
        for name, at in (("first", facts.first), ("last", facts.last))
        if at is not None
    ]
    if len(buckets):
        with_data = f"{numbers.whole(buckets.with_data())} of {numbers.whole(len(buckets))} with requests"
        rows.append(("buckets", Cell(text=f"{with_data}, {tabular.span(buckets.step)} each")))
    rows.append(("columns", Cell(text=", ".join(facts.columns))))
    table = Table(
        caption="The source",
        columns=(Column(title="what"), Column(title="value")),
        rows=tuple((Cell(text=name), cell) for name, cell in rows if cell.text or cell.instant is not None),
    )
    blocks: list[Block] = [table]
    if facts.samples:
        blocks.append(Remarks(title="Some of the malformed lines", problems=facts.samples))
    return Section(name="source", short="Source", title="What was read?", blocks=tuple(blocks))


def _malformed(view: View) -> str:
    facts = view.facts
    if not facts.malformed:
        return "none"
    share = percent(Fraction(facts.malformed, max(facts.lines, facts.malformed)), 2)
    return f"{numbers.whole(facts.malformed)} ({share})"
