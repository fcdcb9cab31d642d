"""How the numbers are computed, with the numbers."""

from __future__ import annotations

from fractions import Fraction

from allowance.budget.analysis import WindowAnswer
from allowance.budget.detection import Never, detection_seconds
from allowance.core.counts import NoData
from allowance.reports import numbers, tabular
from allowance.reports.analysis_view import View
from allowance.reports.page import Cell, Column, Section, Table
from allowance.reports.tabular import percent
from allowance.reports.words import measured_seconds, outage_left


def sums_section(view: View) -> Section | None:
    """The budget and the rules as sums that a reader can do again."""
    answer = view.whole.headline
    if answer is None or not answer.budget.counts.total:
        return None
    blocks = (_budget_sums(view, answer), *((_rule_sums(view),) if view.whole.question.rules else ()))
    return Section(
        name="sums",
        short="Sums",
        title="How is this computed?",
        lead=(
            "Every request is good or bad, and counts are added up exactly; only what is printed is rounded.",
        ),
        blocks=blocks,
        folded=True,
    )


def _budget_sums(view: View, answer: WindowAnswer) -> Table:
    budget, counts = answer.budget, answer.budget.counts
    target, total = tabular.target_percent(budget.target), numbers.whole(counts.total)
    allowed = tabular.exact(budget.allowed)
    seconds = measured_seconds(view.whole, answer.span)
    left = tabular.exact(budget.left)
    remaining = budget.remaining
    assert not isinstance(remaining, NoData)
    rows = (
        (
            "window",
            f"{tabular.when(answer.span.begin)} to {tabular.when(answer.span.end)} UTC",
            f"{total} requests",
        ),
        ("allowed", f"(100 % − {target}) × {total}", allowed),
        ("spent", f"{total} − {numbers.whole(counts.good)} good", numbers.whole(budget.spent)),
        ("left", f"{allowed} − {numbers.whole(budget.spent)}", left),
        ("budget left", f"1 − {numbers.whole(budget.spent)} / {allowed}", percent(remaining, 4)),
        (
            "as full outage",
            f"{left} × {tabular.span(seconds)} / {total}",
            tabular.span(outage_left(view.whole, answer)),
        ),
    )
    return _sums("The budget", rows)


def _rule_sums(view: View) -> Table:
    question = view.whole.question
    rows = []
    for one in view.whole.replay.rules:
        rule = one.rule
        found = detection_seconds(rule, question.target, period=question.period, error_ratio=Fraction(1))
        notice = (
            "can never fire"
            if isinstance(found, Never)
            else f"notices a full outage after {tabular.span(found)}"
        )
        rows.append(
            (
                f"{rule.severity} {rule.name}",
                f"{tabular.part(rule.share)} × {tabular.span(question.period)} / {tabular.span(rule.long)} = "
                f"{tabular.factor(one.factor)}",
                f"fires over {percent(one.factor * (1 - question.target), 3)} bad; {notice}",
            )
        )
    return _sums("The alert rules: share × period / long window = factor", tuple(rows))


def _sums(caption: str, rows: tuple[tuple[str, str, str], ...]) -> Table:
    return Table(
        caption=caption,
        columns=(Column(title="what"), Column(title="sum"), Column(title="result", number=True)),
        rows=tuple(tuple(Cell(text=text) for text in row) for row in rows),
    )
