"""`allowance replay`: alert rules over a history, and two policies or two targets side by side."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from cyclopts import Parameter

from allowance.cli.history_options import History, Sources, Switch, read_history
from allowance.cli.main import GO

DEFAULTS = History()


def replay(
    *sources: Sources,
    options: History = DEFAULTS,
    against: str | None = None,
    against_target: str | None = None,
    incidents: str | None = None,
    json: Annotated[Switch, Parameter(name="--json")] = False,
) -> int:
    """Replay alert rules over a history: when each would have fired, how fast, and what it had cost by then.

    Example: allowance replay access.log --alerts workbook --against tiered

    Parameters
    ----------
    sources
        Files, wildcards, `-`, or one address, as for analyze.
    against
        A second alert policy (a preset or a file) to stand beside the first.
    against_target
        A second target to stand beside the first.
    incidents
        A CSV of known incidents with a column `begin` (or `start`): how many of them were noticed, and how late.
    json
        The answer as one JSON document.
    """
    from allowance.app.replay import known_incidents, plays
    from allowance.cli.asked import rules
    from allowance.core.ratio import parse_target
    from allowance.reports.replay_report import replay_json

    found, wording = read_history(sources, options)
    first = found.whole.question
    questions = {_label(options.alerts, options.target): first}
    if against is not None or against_target is not None:
        second = replace(
            first,
            rules=rules(against, first.period) if against is not None else first.rules,
            target=parse_target(against_target) if against_target is not None else first.target,
        )
        questions[_label(against or options.alerts, against_target or options.target)] = second
    starts = known_incidents(_incident_rows(incidents)) if incidents is not None else None
    answers = plays(found.whole.buckets, questions, starts)
    if json:
        from allowance.cli.terminal import print_json

        print_json(replay_json(found.facts, wording, answers))
    else:
        from allowance.cli.replay_terminal import show

        show(answers)
    return GO


def _label(alerts: str, target: str) -> str:
    return f"{alerts} at {target.removesuffix('%').strip()}"


def _incident_rows(path: str) -> list[dict[str, str]]:
    from allowance.edges.incident_file import read_rows

    return read_rows(path)
