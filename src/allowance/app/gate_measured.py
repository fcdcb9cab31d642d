"""The gate without a server: the promises of one service measured now, judged by the same rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from allowance.app.gate import Numbers, verdict_of
from allowance.app.status import Measure, SloStatus, status
from allowance.budget.evaluate import Evaluation, by_method
from allowance.contract.model import Contract
from allowance.contract.source import Prometheus
from allowance.core.counts import NO_DATA
from allowance.core.time import Instant
from allowance.governance.expressions import Say, silent
from allowance.governance.facts import Standing
from allowance.governance.verdict import Ask, Verdict
from allowance.governance.verdict_facts import SourceFact
from allowance.signals.watermark import watermark


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measured:
    """What was measured, as the gate wants to see it."""

    at: Instant
    found: Mapping[str, SloStatus]

    def whole(self, slo_id: str) -> Evaluation | None:
        """The evaluation of an SLO over all its groups."""
        one = self.found.get(slo_id)
        return None if one is None else one.whole


def measured_verdict(
    ask: Ask,
    contract: Contract,
    measure: Measure,
    *,
    now: Instant,
    at: Instant | None = None,
    say: Say = silent,
) -> Verdict:
    """Measure the service and what it leans on, and judge at `now`, or as it would have been judged `at` an instant.

    There is no ledger: no freeze, no exception, and only the signatures that stand in the documents.

    Errors: `Problem` `service` where the contract knows no such service.
    """
    wanted = {ask.service}
    service = contract.service(ask.service)
    if service is not None:
        wanted |= {one.service for one in service.dependencies}
    part = replace(contract, services=tuple(one for one in contract.services if one.name in wanted))
    found = {one.slo.id: one for one in status(part, measure, now=now, at=at, ruled=True)}
    instants = [one.whole.at for one in found.values() if one.whole is not None]
    numbers = Numbers(
        tick=Measured(at=max(instants), found=found) if instants else None,
        counted={
            id_: by_method(one.slo, one.buckets) for id_, one in found.items() if one.buckets is not None
        }.get,
        say=say,
    )
    judged_at = now if at is None else at
    sources = [_source(one, now=judged_at) for one in found.values()]
    return verdict_of(ask, contract, numbers, sources, Standing(), now=judged_at)


def _source(one: SloStatus, *, now: Instant) -> SourceFact:
    """How far an SLO is known: what could not be measured, and files that end long ago, are said to be so."""
    if one.buckets is None:
        reason = one.problem.message if one.problem is not None else "it was not measured"
        return SourceFact(slo=one.slo.id, word="no data", reason=reason)
    trimmed = one.buckets.trimmed()
    newest = trimmed.end if len(trimmed) else NO_DATA
    silence = not isinstance(one.slo.source, Prometheus)
    mark = watermark(now, newest, one.problem, now=now, silence_counts=silence)
    return SourceFact(slo=one.slo.id, word=mark.word, reason=mark.reason)
