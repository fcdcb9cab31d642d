"""The answer of `analyze` on a terminal: words first, then small tables and a spark line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from allowance.app.analyze import Answer
from allowance.budget.analysis import Analysis
from allowance.cli.terminal import console, spark, table
from allowance.reports import numbers, tabular
from allowance.reports.analysis_json import Wording
from allowance.reports.words import headline, sentences

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

MOST_ROWS = 12


def show(found: Answer, wording: Wording, *, written: Sequence[str]) -> None:
    """Print the whole answer on standard output."""
    out = console()
    out.print(f"[bold]{_plain(headline(found.whole, wording))}[/bold]")
    for sentence in sentences(found.whole, found.facts, wording):
        out.print(_plain(sentence))
    _show_spend(out, found.whole)
    out.print()
    out.print(_windows(found.whole))
    out.print(_alerts(found.whole))
    if found.groups:
        out.print(_groups(found))
    _show_problems(out, found)
    for path in written:
        out.print(f"written: {_plain(path)}")


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _show_spend(out: Console, whole: Analysis) -> None:
    if not whole.spend:
        return
    line = spark([float(day.share) if day.counts.total else -1.0 for day in whole.spend])
    first, last = whole.spend[0].day, whole.spend[-1].day
    out.print(f"spend per day  {first} {line} {last}")


def _windows(whole: Analysis) -> Table:
    right = ("good", "total", "measured", "allowed", "spent", "budget left")
    rows = table("window", "at (UTC)", *right, right=right)
    target = whole.question.target
    for answer in whole.windows:
        budget, counts = answer.budget, answer.budget.counts
        rows.add_row(
            str(answer.window),
            numbers.moment(answer.at),
            numbers.whole(counts.good),
            numbers.whole(counts.total),
            tabular.sli_percent(counts.sli, target),
            numbers.amount(budget.allowed),
            numbers.whole(budget.spent),
            numbers.percent(budget.remaining),
        )
    return rows


def _alerts(whole: Analysis) -> Table:
    right = ("factor", "times", "minutes firing")
    rows = table("alert", "severity", "budget share", *right, "first (UTC)", right=right)
    minutes = whole.buckets.step / 60
    for one in whole.replay.rules:
        rows.add_row(
            one.rule.name,
            one.rule.severity,
            f"{numbers.percent(one.rule.share)} in {numbers.duration(one.rule.long)}",
            numbers.exact(one.factor),
            str(len(one.episodes)),
            f"{one.firing_buckets * minutes:g}",
            "never" if one.first is None else numbers.moment(one.first),
        )
    return rows


def _groups(found: Answer) -> Table:
    right = ("total", "bad", "measured", "budget left")
    rows = table("group", *right, "per day", right=right)
    worst = sorted(found.groups.items(), key=lambda item: -item[1][0].counts.bad)
    for name, (one, _) in worst[:MOST_ROWS]:
        budget = one.headline.budget if one.headline else None
        rows.add_row(
            _plain(name or "(none)"),
            numbers.whole(one.counts.total),
            numbers.whole(one.counts.bad),
            tabular.sli_percent(one.counts.sli, one.question.target),
            numbers.percent(budget.remaining) if budget else numbers.NO_DATA_WORD,
            spark([float(day.share) for day in one.spend]),
        )
    if len(worst) > MOST_ROWS:
        rows.caption = f"and {len(worst) - MOST_ROWS} more groups; --json has them all"
    return rows


def _show_problems(out: Console, found: Answer) -> None:
    problems = [*found.facts.notes, *found.whole.findings]
    if found.facts.malformed:
        lines = tabular.plural(found.facts.malformed, "malformed line")
        out.print(f"{lines} left out, for example:")
        for problem in found.facts.samples:
            out.print(f"  {_plain(str(problem))}")
    for problem in problems:
        out.print(f"{problem.severity}: {_plain(problem.message)} [dim]{_plain(f'[{problem.code}]')}[/dim]")
        if problem.hint:
            out.print(f"  hint: {_plain(problem.hint)}")
