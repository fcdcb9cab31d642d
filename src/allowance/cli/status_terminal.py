"""A contract's promises on a terminal, worst first."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape

from allowance.app.status import SloStatus
from allowance.budget.health import WORST_FIRST
from allowance.cli.terminal import console, table
from allowance.core.ratio import percent_text
from allowance.reports import numbers, tabular
from allowance.reports.status_report import GLYPHS, Judged, health, worst_first

COLOURS = {"ok": "blue", "watch": "yellow", "broken": "bold red", "no data": "dim", "too little": "dim"}


def show(statuses: Sequence[SloStatus]) -> None:
    """Print one row per SLO, and below what could not be measured and why."""
    out = console()
    counts = {word: sum(health(one) == word for one in statuses) for word in WORST_FIRST}
    kept = counts["ok"] + counts["watch"]
    summary = ", ".join(f"{GLYPHS[word]} {count} {word}" for word, count in counts.items() if count)
    out.print(f"[bold]{kept} of {len(statuses)} promises kept[/bold]   {summary}")
    right = ("target", "measured", "budget left", "spent", "allowed")
    rows = table("", "promise", "window", *right, "alerts", right=right)
    for one in worst_first(statuses):
        rows.add_row(*_row(one))
    out.print(rows)
    for one in statuses:
        if one.problem is not None:
            out.print(f"{one.slo.id}: {escape(str(one.problem))}")


def _row(one: Judged) -> list[str]:
    word = health(one)
    state = f"[{COLOURS[word]}]{GLYPHS[word]} {word}[/]"
    cells = [state, escape(one.slo.id), str(one.slo.window), percent_text(one.slo.target)]
    if one.whole is None:
        return [*cells, numbers.NO_DATA_WORD, "", "", "", ""]
    budget = one.whole.budget
    firing = ", ".join(f"{r.rule.severity} {r.rule.name}" for r in one.whole.firing) or "calm"
    return [
        *cells,
        tabular.sli_percent(budget.counts.sli, one.slo.target),
        numbers.percent(budget.remaining),
        numbers.whole(budget.spent),
        numbers.amount(budget.allowed),
        firing,
    ]
