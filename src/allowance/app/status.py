"""Every promise of a contract, measured and judged at one instant."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from allowance.budget.evaluate import Evaluation, evaluate, period_of
from allowance.contract.model import Contract, Slo
from allowance.contract.policies import POLICIES
from allowance.contract.rules import MONTH
from allowance.contract.source import Files, Source
from allowance.core.buckets import Buckets, add
from allowance.core.duration import DAY
from allowance.core.problem import Problem, ProblemError
from allowance.core.time import Instant
from allowance.core.window import RollingWindow, Window
from allowance.signals.measured import Measured, SourceFacts

STEP = 60


class Measure(Protocol):
    """Asks one source for several SLOs at once; the names in the answer are the SLOs' ids."""

    def __call__(
        self, source: Source, slos: Sequence[Slo], *, begin: Instant, end: Instant | None, by: str | None
    ) -> Measured: ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SloStatus:
    """One SLO: its evaluation as a whole and per group, or the problem that kept it from being measured."""

    slo: Slo
    whole: Evaluation | None = None
    groups: dict[str, Evaluation] | None = None
    buckets: Buckets | None = None
    facts: SourceFacts | None = None
    problem: Problem | None = None


def status(
    contract: Contract,
    measure: Measure,
    *,
    now: Instant,
    at: Instant | None,
    source: Source | None = None,
    ruled: bool = False,
) -> tuple[SloStatus, ...]:
    """Judge every SLO: at `at`, else at the end of the data of files and at `now` for servers.

    `source` replaces the sources of the contract. A source that fails spoils only its own SLOs. `ruled`: measure as far
    back as the policies ask about, too.
    """
    found: dict[str, SloStatus] = {}
    for where, by, slos in batches(contract, source):
        for one in _batch(
            measure, where, by, slos, lookback(slos, contract if ruled else None), now=now, at=at
        ):
            found[one.slo.id] = one
    return tuple(found[slo.id] for slo in contract.slos)


def batches(
    contract: Contract, source: Source | None
) -> Iterator[tuple[Source | None, str | None, list[Slo]]]:
    """SLOs that can be measured by one question: the same source, the same grouping."""
    together: dict[tuple[Source | None, str | None], list[Slo]] = {}
    for slo in contract.slos:
        key = (source or slo.source, slo.group_by[0] if slo.group_by else None)
        together.setdefault(key, []).append(slo)
    for (where, by), slos in together.items():
        yield where, by, slos


def _batch(
    measure: Measure,
    source: Source | None,
    by: str | None,
    slos: list[Slo],
    back: int,
    *,
    now: Instant,
    at: Instant | None,
) -> Iterator[SloStatus]:
    if source is None:
        for slo in slos:
            yield SloStatus(slo=slo, problem=_unmeasured(slo))
        return
    end = at if at is not None else now - now % STEP
    try:
        measured = measure(source, slos, begin=end - back, end=at, by=by)
    except ProblemError as error:
        for slo in slos:
            yield SloStatus(slo=slo, problem=error.problems[0])
        return
    for slo in slos:
        series = {group: b for (name, group), b in measured.series.items() if name == slo.id}
        whole = add(series.values(), STEP)
        instant = at if at is not None else _end(source, whole, end)
        groups = {group: evaluate(slo, b, now=instant) for group, b in series.items()} if by else None
        yield SloStatus(
            slo=slo,
            whole=evaluate(slo, whole, now=instant),
            groups=groups,
            buckets=whole,
            facts=measured.facts,
        )


def _end(source: Source, whole: Buckets, now: Instant) -> Instant:
    trimmed = whole.trimmed()
    return trimmed.end if isinstance(source, Files) and len(trimmed) else now


def lookback(slos: Sequence[Slo], ruled: Contract | None = None) -> int:
    """The longest window that is asked about; where `ruled` is given, by the policies of their services as well."""
    windows = [slo.window for slo in slos]
    windows += [] if ruled is None else _of_clauses(ruled, {slo.service for slo in slos})
    spans = [one.seconds if isinstance(one, RollingWindow) else 366 * DAY for one in windows]
    spans += [rule.long for slo in slos for rule in slo.rules] + [period_of(slo) for slo in slos]
    return max(spans, default=MONTH)  # a contract may begin without a promise


def _of_clauses(contract: Contract, names: Collection[str]) -> list[Window]:
    """The windows that clauses have of their own, in the policies that some services follow."""
    followed = {one.policy for one in contract.services if one.name in names}
    policies = [contract.budget_policy(name) or POLICIES.get(name) for name in sorted(followed)]
    clauses = [clause for policy in policies if policy is not None for clause in policy.clauses]
    return [clause.when.window for clause in clauses if clause.when.window is not None]


def kept(contract: Contract) -> int:
    """Over how many seconds counts are kept: twice what the SLOs look back over, and what any policy asks of them.

    A day more than any window at least: ticks that are caught up with look back from where they would have been.
    """
    return max(2 * lookback(contract.slos), lookback(contract.slos, contract) + DAY)


def _unmeasured(slo: Slo) -> Problem:
    return Problem(
        code="source",
        message=f"{slo.id} says nowhere where its telemetry is",
        where=slo.origin.where,
        hint="write a source in the service, or name one with --source",
    )
