"""Tried and replayed policies on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.markup import escape

from allowance.cli.terminal import console, table
from allowance.reports.policy_text import spent_in, words

if TYPE_CHECKING:
    from allowance.core.time import Instant
    from allowance.governance.history import Played
    from allowance.governance.policy_cases import Tried


def show_tried(tried: Sequence[tuple[str, Tried]]) -> None:
    """One row per case; those that fail say what came instead."""
    rows = table("", "policy", "case", "expected", "verdict", "why")
    for name, one in tried:
        mark = "✓" if one.passed else "✗"
        rows.add_row(mark, escape(name), escape(one.case.name), one.case.expect, one.word, escape(one.why))
    out = console()
    out.print(rows)
    failed = sum(not one.passed for _, one in tried)
    out.print(f"{len(tried)} cases, {failed} failed" if failed else f"{len(tried)} cases, all as expected")


def show_played(played: Sequence[Played]) -> None:
    """What each policy would have done: in sum, then freeze by freeze, then the deploys on which they differ."""
    from allowance.reports.numbers import moment

    out = console()
    first = played[0]
    if not first.entries:
        out.print("There are no events in this history: nothing would have happened.")
        return
    service = first.past.service.name
    out.print(f"{escape(service)}, {moment(first.begin)} to {moment(first.end)} (UTC)\n")
    figures = ("green", "yellow", "red", "freezes", "frozen", "go", "hold", "stop")
    rows = table("policy", *figures, right=figures)
    for one in played:
        length = one.end - one.begin
        spent = [f"{seconds / length:.1%}" for seconds in spent_in(one, service).values()]
        count = words(one)
        rows.add_row(
            escape(one.past.policy.name),
            *spent,
            str(len(one.freezes)),
            _length(one.frozen_seconds),
            *(str(count[word]) for word in ("go", "hold", "stop")),
        )
    out.print(rows)
    _timeline(played)
    _deploys(played)


def _timeline(played: Sequence[Played]) -> None:
    from allowance.reports.numbers import moment

    rows = table("policy", "when (UTC)", "what", "why")
    for one in played:
        alone = one.past.service.name if len(one.past.service.slos) == 1 else None
        for entry in one.entries:
            if entry.subject == alone and entry.kind == "state.changed":
                continue  # the one SLO has said it
            what = {
                "state.changed": f"{entry.subject} is {entry.payload.get('to', '')}",
                "freeze.began": f"freeze, §{entry.payload.get('clause', '')}",
                "freeze.ended": "freeze ends",
                "hand_back.began": f"pager to {entry.payload.get('to', '')}",
                "hand_back.ended": "pager comes back",
            }[entry.kind]
            rows.add_row(
                escape(one.past.policy.name),
                moment(entry.at),
                escape(what),
                escape(str(entry.payload["why"])),
            )
    console().print(rows)


def _deploys(played: Sequence[Played]) -> None:
    """The deploys that some policy would not have let pass."""
    from allowance.reports.numbers import moment

    names = [one.past.policy.name for one in played]
    rows = table("deploy", "change", "at (UTC)", *names)
    shown = 0
    for number, met in enumerate(played[0].met):
        verdicts = [one.met[number].verdict.word for one in played]
        if any(word != "go" for word in verdicts):
            shown += 1
            rows.add_row(
                escape(met.attempt.deploy.id), met.attempt.change, moment(met.attempt.deploy.at), *verdicts
            )
    out = console()
    if shown:
        out.print(rows)
    elif played[0].met:
        out.print(f"All {len(played[0].met)} deploys would have gone.")


def _length(seconds: Instant) -> str:
    """Hours and minutes, or days and hours."""
    days, rest = divmod(seconds, 86_400)
    hours, minutes = rest // 3600, rest % 3600 // 60
    return f"{days}d {hours}h" if days else f"{hours}h {minutes}m"
