"""The command `allowance`: the table of commands, and what every command shares."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import TextIOWrapper

from cyclopts import App, CycloptsError

from allowance import __version__
from allowance.core.problem import Problem, ProblemError

GO, STOP, WRONG, HOLD = 0, 1, 2, 3
"""Exit codes: go, stop, wrong use or error, hold."""

COMMANDS: dict[str, tuple[str, str]] = {
    # name: (where it lives, what it does); only the command that runs is imported
    "analyze": (
        "allowance.cli.analyze:analyze",
        "Any history in: budgets, spend, pages that would have been sent, targets that it supports.",
    ),
    "replay": (
        "allowance.cli.replay:replay",
        "Alert rules over a history: when each would have fired; two policies or targets side by side.",
    ),
    "init": (
        "allowance.cli.init:init",
        "A first contract for a service, with targets that its history supports.",
    ),
    "check": ("allowance.cli.check:check", "Contracts read and reviewed: errors, bad practice, what to do."),
    "diff": ("allowance.cli.diff:diff", "What changed between two contracts, in words."),
    "status": ("allowance.cli.status:status", "Every promise of a contract, measured, worst first."),
    "serve": (
        "allowance.cli.serve:serve",
        "The live loop: every promise watched, the right person told once.",
    ),
    "alerts": ("allowance.cli.alerts:alerts", "What fires on a running server; take it, say what it was."),
    "silence": (
        "allowance.cli.silence:silence",
        "Keep alerts of a running server quiet, after seeing what that would hit.",
    ),
    "backup": ("allowance.cli.backup:backup", "A copy of the store, while the program runs."),
    "restore": ("allowance.cli.restore:restore", "A store from a copy, checked before and after."),
    "explain": (
        "allowance.cli.explain:explain",
        "The sums behind a number; the defaults behind a contract.",
    ),
    "export": (
        "allowance.cli.export:export",
        "A contract as Prometheus rules, Alertmanager routes or Grafana dashboards.",
    ),
    "composite": (
        "allowance.cli.composite:composite",
        "What a service can promise with the dependencies that it has.",
    ),
    "gate": (
        "allowance.cli.gate:gate",
        "May this change of a service go now? By exit code, with the reasons.",
    ),
    "decision": (
        "allowance.cli.decision:decision",
        "Verdicts of the gate that are in the ledger: shown, and judged again.",
    ),
    "probe": (
        "allowance.cli.probe:probe",
        "An address or a contract's probes, now: every phase, good or bad.",
    ),
    "send": ("allowance.cli.send:send", "Made-up telemetry for a trial: spans, logs, events or beacons."),
    "ledger": (
        "allowance.cli.ledger:ledger",
        "What was decided, by whom, when; and proof that nothing of it was changed.",
    ),
    "token": (
        "allowance.cli.token:token",
        "Who may use the API: tokens for machines, links to sign in for people.",
    ),
    "bullet": (
        "allowance.cli.bullet:bullet",
        "Silver bullets: finite, for one change, two names under each, a postmortem owed.",
    ),
    "override": (
        "allowance.cli.override:override",
        "A governance freeze overridden by an executive, for one change, with a trail.",
    ),
    "release": (
        "allowance.cli.release:release",
        "Conditional releases: a mitigation plan whose conditions are checked, not promised.",
    ),
    "waive": (
        "allowance.cli.waive:waive",
        "Dependency waivers: with evidence and an end; the budget stays burned.",
    ),
    "bankrupt": (
        "allowance.cli.bankrupt:bankrupt",
        "Bankruptcy: a new epoch for a budget; the old consumption is kept and paid for.",
    ),
    "obligations": (
        "allowance.cli.obligations:obligations",
        "What is owed because of exceptions: by whom, and what is overdue.",
    ),
    "coverage": (
        "allowance.cli.coverage:coverage",
        "What is promised and not seen in telemetry, and what is seen and not promised.",
    ),
    "policy": (
        "allowance.cli.policy:policy",
        "Error-budget policies: explained, tried, and replayed before anybody signs.",
    ),
    "sign": ("allowance.cli.sign:sign", "One party's yes to one exact version of a policy."),
    "freeze": (
        "allowance.cli.freeze:freeze",
        "Freezes: what is stopped and until when; begun and ended by hand.",
    ),
    "risk": (
        "allowance.cli.risk:risk",
        "What shipping now would probably cost, beside what it promises to bring.",
    ),
    "attribution": (
        "allowance.cli.attribution:attribution",
        "Who was hurt, and who caused it: two views that sum to the whole.",
    ),
    "demo": ("allowance.demo.run:demo", "A living shop to break, with a month behind it and a guided tour."),
    "completion": ("allowance.cli.completion:completion", "A completion script for bash, zsh or fish."),
}


def application(chosen: str = "") -> App:
    """The command tree; a command is imported when it runs. The `chosen` one speaks for itself, with its example."""
    app = App(
        name="allowance",
        help="The error-budget control plane: what you promised, what is left, and what to do about it.",
        version=__version__,
        result_action="return_value",
    )
    for name, (place, summary) in COMMANDS.items():
        app.command(place, name=name, **({} if name == chosen else {"help": summary}))
    return app


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(
                errors="replace"
            )  # a terminal without UTF-8 gets question marks, not a traceback
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: Sequence[str]) -> int:
    """Run one command; the exit code is its return value (none means 0). No traceback reaches the user."""
    command = _command(arguments)
    app = application(command)
    try:
        result = app(arguments, exit_on_error=False, print_error=False)
    except CycloptsError as error:
        from allowance.cli.wrong_use import wrong_use

        complain([wrong_use(error, app, arguments, command)])
        return WRONG
    except ProblemError as error:
        complain(error.problems)
        return WRONG
    except KeyboardInterrupt:
        print("stopped; nothing was left half-written", file=sys.stderr)
        return 130
    except BrokenPipeError:
        sys.stderr.close()
        return WRONG
    return result if isinstance(result, int) else GO


def _command(arguments: Sequence[str]) -> str:
    return next((word for word in arguments if word in COMMANDS), "")


def complain(problems: Sequence[Problem]) -> None:
    """Print problems on standard error, one per line with its hint below."""
    for problem in problems:
        place = f"{problem.where}: " if str(problem.where) else ""
        print(f"{problem.severity}: {place}{problem.message} [{problem.code}]", file=sys.stderr)
        if problem.hint:
            print(f"  hint: {problem.hint}", file=sys.stderr)
