"""`allowance init`: a contract to begin with."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from allowance.cli.main import GO
from allowance.core.problem import ProblemError, errors, refuse

if TYPE_CHECKING:
    from allowance.contract.model import Tier
    from allowance.contract.starter import Starter


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What is known of the service; what is missing is asked on a terminal, and left open otherwise."""

    service: str | None = None
    """The service's name: a-z, 0-9 and -. Default: the name of this folder."""

    owner: str | None = None
    """The team that answers for it."""

    tier: int = 2
    """0 (an outage stops the business) to 3."""

    runbook: str | None = None
    """The address of the page that says what to do when it pages."""

    journey: str | None = None
    """What users want to get done with it, as a name: buy, search, pay."""

    outcome: str | None = None
    """Why that matters to the business, in one sentence."""

    source: Annotated[str | None, Parameter(name="--from")] = None
    """Look at this first: a log or table, or the address of a Prometheus. Targets then come from history."""

    good: str | None = None
    """Files: which events are good. Default: "status < 500"."""


NO_WISHES = Wishes()


def init(
    *,
    wishes: Wishes = NO_WISHES,
    out: Annotated[str | None, Parameter(allow_leading_hyphen=True)] = None,
    force: Annotated[bool, Parameter(negative=())] = False,
    own: Annotated[bool, Parameter(name="--self", negative=())] = False,
    job: str = "allowance",
) -> int:
    """Write a first contract for a service, with targets that its history supports.

    Example: allowance init --service shop --owner team-shop --from access.log

    Parameters
    ----------
    out
        Write to this file, or - for standard output. Default: the service's name with .yaml.
    force
        Replace a file that is there.
    own
        The contract of Allowance itself: ticks, deliveries and answers, measured over its own metrics in the
        Prometheus that --from names (Default: http://127.0.0.1:9090).
    job
        With --self: the job under which that Prometheus scrapes Allowance.
    """
    from allowance.contract.amounts import parse_name
    from allowance.contract.starter import starter_text
    from allowance.edges.documents import shown, write_new

    if own:
        return _own(wishes, job, out, force=force)
    known = _asked(wishes)
    service = parse_name(known.service) if known.service else _folder()
    path = out or f"{service}.yaml"
    if path != "-" and not force and os.path.lexists(path):
        raise refuse("exists", f"{shown(path)} is there already", hint="choose another --out, or say --force")
    starter = _starter(known, service)
    text = starter_text(starter, file=f"{service}.yaml" if path == "-" else shown(path))
    remarks = _checked(text, path)
    if path == "-":
        sys.stdout.write(text)
        return GO
    write_new(path, text, force=force)
    print(f"wrote {shown(path)}: {len(starter.slos)} SLOs for {starter.service}")
    print(f"next: read its comments, then allowance check {shown(path)} ({remarks})")
    return GO


def _own(wishes: Wishes, job: str, out: str | None, *, force: bool) -> int:
    """The contract of Allowance itself."""
    from allowance.cli.self_contract import self_contract
    from allowance.edges.documents import shown, write_new

    path = out or "allowance-self.yaml"
    if path != "-" and not force and os.path.lexists(path):
        raise refuse("exists", f"{shown(path)} is there already", hint="choose another --out, or say --force")
    text = self_contract(
        source=wishes.source or "http://127.0.0.1:9090",
        job=job,
        owner=wishes.owner or "platform",
        runbook=wishes.runbook or "docs/faults.md",
    )
    remarks = _checked(text, path)
    if path == "-":
        sys.stdout.write(text)
        return GO
    write_new(path, text, force=force)
    print(f"wrote {shown(path)}: 4 SLOs for Allowance itself")
    print(f"next: let Prometheus scrape /metrics, then allowance status {shown(path)} ({remarks})")
    return GO


def _starter(wishes: Wishes, service: str) -> Starter:
    from allowance.cli.starter_sources import look
    from allowance.contract.amounts import parse_name
    from allowance.contract.starter import UNSEEN_SOURCE, Starter, unmeasured_slos

    starter = Starter(
        service=service,
        owner=wishes.owner,
        tier=_tier(wishes.tier),
        runbook=wishes.runbook,
        journey=parse_name(wishes.journey) if wishes.journey else None,
        outcome=wishes.outcome,
        source=UNSEEN_SOURCE,
        slos=unmeasured_slos(wishes.good),
    )
    if wishes.source is None:
        return starter
    seen = look(wishes.source, good=wishes.good, tier=starter.tier)
    return replace(starter, source=seen.source, slos=seen.slos, seen=seen.remarks)


def _tier(number: int) -> Tier:
    from allowance.contract.model import TIERS

    for tier in TIERS:
        if tier == number:
            return tier
    raise refuse("tier", f"there is no tier {number}", hint="0 (an outage stops the business), 1, 2 or 3")


def _checked(text: str, path: str) -> str:
    """What `check` says about it, in words. Errors: the `Problem`s that a wish would cause."""
    from datetime import UTC, date, datetime

    from allowance.contract.lint import lint
    from allowance.contract.read import read
    from allowance.edges import clock

    today: date = datetime.fromtimestamp(clock.now(), UTC).date()
    result = read([(path, text.encode())])
    problems = [*result.problems, *lint(result.contract, today=today)]
    wrong = errors(problems)
    if wrong:
        raise ProblemError(*wrong)
    count = sum(problem.severity == "warning" for problem in problems)
    return "no warnings" if not count else f"{count} warning{'' if count == 1 else 's'} to think about"


def _asked(wishes: Wishes) -> Wishes:
    """The wishes, with what is missing asked where there is somebody to ask."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return wishes
    from allowance.contract.amounts import parse_name

    folder = _folder()
    service = wishes.service or _ask(f"Name of the service [{folder}]", parse_name) or folder
    owner = wishes.owner or _ask("Which team answers for it?")
    runbook = wishes.runbook or _ask("Address of its runbook")
    journey, outcome = wishes.journey, wishes.outcome
    if journey is None:
        journey = _ask("What do users want to get done with it, in a word (buy, search)?", parse_name)
    if journey is not None and outcome is None:
        outcome = _ask("Why does that matter to the business?")
    return replace(wishes, service=service, owner=owner, runbook=runbook, journey=journey, outcome=outcome)


def _folder() -> str:
    """The name of this folder as the name of a service."""
    from allowance.contract.amounts import as_name

    return as_name(os.path.basename(os.getcwd()))


def _ask(question: str, parse: Callable[[str], str] = str) -> str | None:
    """An answer that `parse` takes; nothing for an empty line or the end of input."""
    while True:
        print(f"{question}: ", end="", file=sys.stderr, flush=True)
        answer = sys.stdin.readline().strip()
        if not answer:
            return None
        try:
            return parse(answer)
        except ProblemError as error:
            print(f"  {error}", file=sys.stderr)
