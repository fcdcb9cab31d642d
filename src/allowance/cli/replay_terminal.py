"""Replayed policies on a terminal: one row per policy and severity, one row per rule."""

from __future__ import annotations

from collections.abc import Sequence

from rich.markup import escape

from allowance.app.replay import Play
from allowance.cli.terminal import console, table
from allowance.reports import numbers
from allowance.reports.replay_report import sides


def show(plays: Sequence[Play]) -> None:
    """Print what each policy would have done."""
    out = console()
    right = ("times", "minutes", "to detect", "spent before", "noticed")
    rows = table("policy", "severity", *right, "first (UTC)", right=right)
    for side in sides(plays):
        rows.add_row(
            escape(side.label),
            side.severity,
            str(side.times),
            numbers.exact(side.minutes),
            side.median_detection,
            side.spent_before,
            side.noticed,
            side.first,
        )
    out.print(rows)
    figures = ("factor", "times", "minutes")
    rules = table("policy", "rule", "severity", *figures, "first (UTC)", "last (UTC)", right=figures)
    for play in plays:
        for one in play.analysis.replay.rules:
            episodes = one.episodes
            rules.add_row(
                escape(play.label),
                one.rule.name,
                one.rule.severity,
                numbers.exact(one.factor),
                str(len(episodes)),
                f"{one.firing_buckets * one.step / 60:g}",
                numbers.moment(episodes[0].first) if episodes else "never",
                numbers.moment(episodes[-1].last) if episodes else "",
            )
    out.print(rules)
    out.print(
        "[dim]to detect: median from the first bad bucket; spent before: share of the budget, all times together[/dim]"
    )
