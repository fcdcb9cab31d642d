"""How fast the budget went, rule by rule, and which pages and tickets would have been sent."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from allowance.budget.analysis import Analysis, WindowAnswer
from allowance.budget.burn import RuleReading, burn_rate, read_rule
from allowance.budget.detection import Detection
from allowance.budget.replay import RuleReplay
from allowance.core.time import Instant, iso
from allowance.core.window import Span
from allowance.reports import numbers, tabular
from allowance.reports.analysis_view import NARROW, WIDE, View
from allowance.reports.burn_charts import BurnPanel, burn_chart
from allowance.reports.burn_lines import BurnLine, burn_line, even_edges, fired_spans
from allowance.reports.chart_frame import Chart
from allowance.reports.glyphs import cost_bar
from allowance.reports.page import Cell, Column, Figure, Key, Section, Table
from allowance.reports.reading_words import reading_words
from allowance.reports.slots import Slots
from allowance.reports.tabular import factor, percent
from allowance.reports.words import SEVERITY_NOUNS, alerts_sent

MOST_MESSAGES, COSTLIEST, MOST_LISTED = 15, 10, 200
"""So many are shown at once; of more, the costliest, and a longer list behind them."""
_PARTS_WIDE, _PARTS_NARROW = 360, 160


def burn_section(view: View) -> Section | None:
    """C3: long and short burn rate of each rule, and the word for them at the instant asked for."""
    slots, rules = view.slots, view.whole.replay.rules
    if slots is None or not rules:
        return None
    figure = Figure(
        name="burn-chart",
        question="How many times faster than allowed was the budget spent, in both windows of each alert rule?",
        says=_burn_words(view.whole, slots.answer.at),
        keys=(
            Key(means="long window", swatch="thick"),
            Key(means="short window", swatch="thin"),
            Key(means="fires when both are over", swatch="limit"),
            *((Key(means="fired", swatch="fired"),) if any(rule.firing_buckets for rule in rules) else ()),
            Key(means="1× spends the budget exactly. The scale is logarithmic, with room for zero."),
        ),
        chart=_burn_chart(view, slots),
        numbers=_burn_numbers(view, slots),
        span=_drawn(view.whole, slots.answer),
    )
    return Section(
        name="burn",
        short="Burn rates",
        title="How fast was it spent?",
        blocks=(figure, _rules_table(view.whole, slots.answer.at)),
    )


def alerts_section(view: View) -> Section | None:
    """Each page, ticket and log entry that the rules would have made, with what it cost."""
    whole = view.whole
    if view.slots is None or not whole.detections:
        return None
    found = sorted(
        ((severity, one) for severity, several in whole.detections.items() for one in several),
        key=_by_time,
    )
    lead = f"Over {tabular.span(whole.buckets.end - whole.buckets.start)} of data: {alerts_sent(whole)}."
    if not found:
        return Section(name="alerts", short="Alerts", title="What would have rung?", lead=(lead,))
    tables: tuple[Table, ...] = (_all_messages(whole, found),)
    if len(found) > MOST_MESSAGES:
        costliest = sorted(found, key=lambda pair: -pair[1].spent.bad)[:COSTLIEST]
        rows = tuple(_message(whole, *pair, anchored=False) for pair in costliest)
        caption = f"The {COSTLIEST} that cost most of the budget"
        tables = (Table(caption=caption, columns=_MESSAGE_COLUMNS, rows=rows), *tables)
    return Section(name="alerts", short="Alerts", title="What would have rung?", lead=(lead,), blocks=tables)


def _all_messages(whole: Analysis, found: list[tuple[str, Detection]]) -> Table:
    shown = sorted(found, key=lambda pair: -pair[1].spent.bad)[:MOST_LISTED]
    rest = len(found) - len(shown)
    return Table(
        caption="Pages and tickets that the rules would have sent",
        columns=_MESSAGE_COLUMNS,
        rows=tuple(_message(whole, *pair) for pair in sorted(shown, key=_by_time)),
        rest=f"the {MOST_LISTED} costliest; --json has {numbers.whole(rest)} more" if rest else "",
        fold="All of them, in the order of time" if len(found) > MOST_MESSAGES else "",
    )


def _by_time(pair: tuple[str, Detection]) -> tuple[Instant, str]:
    return pair[1].detected, pair[0]


_MESSAGE_COLUMNS = (
    Column(title="sent at", instant=True),
    Column(title="what"),
    Column(title="rules"),
    Column(title="first failure", instant=True),
    Column(title="noticed after", number=True),
    Column(title="fired for", number=True),
    Column(title="failed", number=True),
    Column(title="spent before", number=True),
    Column(title="spent in all", number=True),
)


def _message(whole: Analysis, severity: str, one: Detection, *, anchored: bool = True) -> tuple[Cell, ...]:
    before, cost = whole.share_of_budget(one.spent_before.bad), whole.share_of_budget(one.spent.bad)
    names = dict.fromkeys(rule.rule.name for rule in _fired_within(whole, severity, one))
    return (
        Cell(instant=one.detected, anchor=f"{severity}-{iso(one.detected)}" if anchored else ""),
        Cell(text=SEVERITY_NOUNS[severity]),
        Cell(text=", ".join(names)),
        Cell(instant=one.onset),
        Cell(text=tabular.span(one.seconds_to_detect)),
        Cell(text=tabular.span(one.cleared - one.detected)),
        Cell(text=numbers.whole(one.spent.bad)),
        Cell(text=percent(before)),
        Cell(text=percent(cost), svg=cost_bar(cost) if isinstance(cost, Fraction) else None),
    )


def _fired_within(whole: Analysis, severity: str, one: Detection) -> tuple[RuleReplay, ...]:
    replay = whole.replay
    low, high = ((at - replay.start) // replay.step for at in (one.detected, one.cleared))
    return tuple(
        rule for rule in replay.rules if rule.rule.severity == severity and bool(rule.firing[low:high].any())
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Now:
    """A rule at the instant asked for, with the word for it after hold and guard."""

    replayed: RuleReplay
    reading: RuleReading
    word: str


def _now(whole: Analysis, replayed: RuleReplay, at: Instant) -> _Now:
    question = whole.question
    reading = read_rule(
        whole.buckets,
        replayed.rule,
        question.target,
        period=question.period,
        window=question.budget_window,
        now=at,
    )
    word = reading_words(reading)
    if reading.waits:
        word = f"rising ↗, must last {tabular.span(replayed.rule.hold)}"
    return _Now(replayed=replayed, reading=reading, word=word)


def _burn_words(whole: Analysis, at: Instant) -> str:
    firing = [
        now.replayed.rule.name
        for now in (_now(whole, rule, at) for rule in whole.replay.rules)
        if "↑" in now.word
    ]
    fired = sum(rule.firing_buckets > 0 for rule in whole.replay.rules)
    many = len(whole.replay.rules)
    verb = "fires" if len(firing) == 1 else "fire"
    end = f"{', '.join(firing)} {verb} at the end" if firing else "none fires at the end"
    return f"{tabular.plural(many, 'rule')}: {fired or 'none'} of them fired in this history, {end}."


def _burn_chart(view: View, slots: Slots) -> Chart:
    span = _drawn(view.whole, slots.answer)
    wide, narrow = (
        _panels(view.whole, span, slots.answer.at, parts) for parts in (_PARTS_WIDE, _PARTS_NARROW)
    )
    most = 1 / (1 - view.whole.question.target)
    return Chart(
        wide=burn_chart(wide, span, most, width=WIDE),
        narrow=burn_chart(narrow, span, most, width=NARROW),
        live=burn_chart(wide, span, most, width=WIDE, live=True),
    )


def _drawn(whole: Analysis, answer: WindowAnswer) -> Span:
    """The part of the window that the data reach over."""
    begin, end = max(answer.span.begin, whole.buckets.start), min(answer.span.end, whole.buckets.end)
    return Span(begin=begin, end=end)


def _panels(whole: Analysis, span: Span, at: Instant, parts: int) -> tuple[BurnPanel, ...]:
    edges = even_edges(span, whole.buckets.step, parts)
    return tuple(
        BurnPanel(
            title=f"{rule.rule.severity} {rule.rule.name}",
            line=_line(whole, rule, edges),
            threshold=rule.factor,
            fired=fired_spans(rule.firing, rule.start, rule.step, edges=edges),
            reading=_now(whole, rule, at).word,
        )
        for rule in whole.replay.rules
    )


def _line(whole: Analysis, rule: RuleReplay, edges: tuple[Instant, ...]) -> BurnLine:
    return burn_line(whole.buckets, rule.rule, whole.question.target, edges=edges)


def _burn_numbers(view: View, slots: Slots) -> Table:
    edges = (slots.bars[0].span.begin, *(bar.span.end for bar in slots.bars))
    lines = [_line(view.whole, rule, edges) for rule in view.whole.replay.rules]
    columns = [Column(title=slots.each)]
    columns += [
        Column(title=f"{line.rule.severity} {line.rule.name}, {which}", number=True)
        for line in lines
        for which in ("long", "short")
    ]
    rows = tuple(
        (Cell(text=bar.name), *(Cell(text=_burn(v)) for line in lines for v in (line.long[i], line.short[i])))
        for i, bar in enumerate(slots.bars)
    )
    return Table(caption=f"The highest burn rates of each {slots.each}", columns=tuple(columns), rows=rows)


def _burn(value: float | None) -> str:
    return "no data" if value is None else factor(Fraction(value))


def _rules_table(whole: Analysis, at: Instant) -> Table:
    rows = []
    for replayed in whole.replay.rules:
        now, rule = _now(whole, replayed, at), replayed.rule
        dead = rule.is_dead(whole.question.target, whole.question.period)
        rows.append(
            (
                Cell(text=f"{rule.severity} {rule.name}"),
                Cell(text=f"{tabular.part(rule.share)} in {tabular.span(rule.long)}"),
                Cell(text=factor(replayed.factor)),
                Cell(text=factor(burn_rate(now.reading.long, whole.question.target))),
                Cell(text=factor(burn_rate(now.reading.short, whole.question.target))),
                Cell(text="cannot fire: a full outage burns slower" if dead else now.word),
                Cell(text=numbers.whole(len(replayed.episodes))),
                Cell(text=tabular.span(replayed.firing_buckets * replayed.step)),
            )
        )
    columns = (
        Column(title="rule"),
        Column(title="when so much budget goes"),
        Column(title="fires over", number=True),
        Column(title="long", number=True),
        Column(title="short", number=True),
        Column(title="reads"),
        Column(title="fired", number=True),
        Column(title="in all", number=True),
    )
    return Table(caption=f"The rules at {tabular.when(at)} UTC", columns=columns, rows=tuple(rows))
