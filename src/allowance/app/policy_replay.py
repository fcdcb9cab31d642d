"""Policies over what was recorded: histories from the sources of a contract, deploys from a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from allowance.app.status import Measure, batches, kept
from allowance.changes.deploys import Deploy, DeployState
from allowance.contract.budget_policy import CHANGE_CLASSES, ChangeClass, ErrorBudgetPolicy
from allowance.contract.model import Contract, Service
from allowance.contract.source import Source
from allowance.core.buckets import Buckets, add
from allowance.core.problem import refuse
from allowance.core.time import Instant, parse_instant
from allowance.governance.expressions import Say
from allowance.governance.history import Attempt, Past, Played, play

STEP = 60
MOMENTS = ("at", "time", "finished", "created_at", "deployed_at")
STATES: Mapping[str, DeployState] = {
    "": "ok",
    "ok": "ok",
    "success": "ok",
    "failed": "failed",
    "failure": "failed",
    "rolled-back": "rolled-back",
    "rollback": "rolled-back",
}


def histories(
    contract: Contract,
    services: Sequence[Service],
    measure: Measure,
    *,
    begin: Instant | None,
    end: Instant | None,
    now: Instant,
    source: Source | None = None,
) -> Mapping[str, Buckets]:
    """What was counted of every SLO of some services. Errors: the `Problem`s of the sources."""
    wanted = {slo.id for service in services for slo in service.slos}
    until = end if end is not None else now - now % STEP
    since = begin if begin is not None else until - kept(contract)
    found: dict[str, list[Buckets]] = {}
    for where, by, slos in batches(contract, source):
        some = [slo for slo in slos if slo.id in wanted]
        if not some:
            continue
        if where is None:
            raise refuse(
                "source", f"{some[0].id} says nowhere where its telemetry is", hint="name one with --history"
            )
        measured = measure(where, some, begin=since, end=end, by=by)
        for (name, _), buckets in measured.series.items():
            found.setdefault(name, []).append(_within(buckets, begin, end))
    return {name: add(found.get(name, ()), STEP) for name in wanted}


def _within(buckets: Buckets, begin: Instant | None, end: Instant | None) -> Buckets:
    """A history without what lies outside a span."""
    low = 0 if begin is None else min(max(0, -(-(begin - buckets.start) // buckets.step)), len(buckets))
    high = len(buckets) if end is None else min(max(low, (end - buckets.start) // buckets.step), len(buckets))
    return Buckets(
        start=buckets.start + low * buckets.step,
        step=buckets.step,
        good=buckets.good[low:high],
        total=buckets.total[low:high],
    )


def attempts(rows: Sequence[Mapping[str, str]], service: str) -> tuple[Attempt, ...]:
    """The deploys of a service, oldest first; rows that name no service are its own.

    Errors: `Problem` `deploys` without a column that says when, or with a word that is not known.
    """
    moment = next((name for name in MOMENTS if rows and name in rows[0]), None)
    if rows and moment is None:
        raise refuse("deploys", "the deploys have no column that says when", hint="name it at")
    found = [
        _attempt(row, row[str(moment)], number, service)
        for number, row in enumerate(rows, 1)
        if row.get("service", "") in ("", service)
    ]
    return tuple(sorted(found, key=lambda one: (one.deploy.at, one.deploy.id)))


def _attempt(row: Mapping[str, str], at: str, number: int, service: str) -> Attempt:
    state = STATES.get(row.get("state", "").lower())
    if state is None:
        raise refuse(
            "deploys",
            f"row {number} has the state {row['state'][:40]!r}",
            hint=f"known: {', '.join(word for word in STATES if word)}",
        )
    change: ChangeClass | None = next(
        (word for word in CHANGE_CLASSES if word == (row.get("change") or "feature")), None
    )
    if change is None:
        raise refuse(
            "deploys",
            f"row {number} has the change {row['change'][:40]!r}",
            hint=f"known: {', '.join(CHANGE_CLASSES)}",
        )
    deploy = Deploy(
        id=row.get("id") or row.get("version") or f"row {number}",
        service=service,
        version=row.get("version", ""),
        commit=row.get("commit", ""),
        environment=row.get("environment", ""),
        at=parse_instant(at),
        state=state,
        source="file",
    )
    return Attempt(deploy=deploy, change=change)


def replayed(
    service: Service,
    policies: Sequence[ErrorBudgetPolicy],
    counted: Mapping[str, Buckets],
    tried: Sequence[Attempt],
    *,
    say: Say,
) -> tuple[Played, ...]:
    """Each policy over the same history and deploys."""
    own = {slo.id: counted[slo.id] for slo in service.slos}
    return tuple(
        play(Past(service=service, policy=policy, histories=own, say=say), tried) for policy in policies
    )
