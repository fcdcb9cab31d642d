"""Counts with their corrections, and what one more would change, before anybody makes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from allowance.app.tick import Key
from allowance.budget.budget import Budget
from allowance.budget.epoch import budget_since
from allowance.budget.evaluate import by_method
from allowance.contract.model import Contract, Slo
from allowance.core.buckets import Buckets, add
from allowance.core.problem import refuse
from allowance.core.time import Instant, iso
from allowance.core.window import Span
from allowance.governance.amendments import corrections
from allowance.governance.bankruptcies import epochs
from allowance.governance.facts import Standing
from allowance.signals.corrections import Correction, CorrectionKind, corrected


class Corrected(Mapping[Key, Buckets]):
    """Histories as they are judged: read when they are asked for, with the corrections that hold."""

    def __init__(self, histories: Mapping[Key, Buckets], held: Mapping[str, Sequence[Correction]]) -> None:
        self._histories, self._held = histories, held

    def __getitem__(self, key: Key) -> Buckets:
        found, own = self._histories[key], self._held.get(key[0], ())
        return corrected(found, own) if own else found

    def __iter__(self) -> Iterator[Key]:
        return iter(self._histories)

    def __len__(self) -> int:
        return len(self._histories)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """The budget of the SLO's window without and with a correction, and the exact counts of both and of the period."""

    before: Budget
    after: Budget
    effect: Mapping[str, int]


def preview_of(
    contract: Contract,
    histories: Mapping[Key, Buckets],
    standing: Standing,
    slo_id: str,
    kind: CorrectionKind,
    span: Span,
    *,
    now: Instant,
) -> Preview:
    """On top of the corrections that hold already. Errors: `Problem` `slo` (no such SLO), `correction` (no period)."""
    slo = contract.slo(slo_id)
    if slo is None:
        raise refuse("slo", f"there is no SLO {slo_id[:200]}", hint="GET /v1/slos lists all of them")
    if span.end <= span.begin:
        raise refuse(
            "correction",
            f"the period ends at {iso(span.end)}, not after it begins",
            hint="begin comes before end",
        )
    raw = add(buckets for (name, _), buckets in histories.items() if name == slo_id)
    held = corrections(standing).get(slo_id, ())
    begin = epochs(standing).get(slo_id)
    new = Correction(kind=kind, span=span)
    before, after = (_budget(slo, raw, own, begin, now) for own in (held, (*held, new)))
    step = raw.step
    inside = raw.between(span.begin - span.begin % step, -(-span.end // step) * step)
    return Preview(
        before=before,
        after=after,
        effect={
            "period_good": inside.good,
            "period_total": inside.total,
            "good_before": before.counts.good,
            "total_before": before.counts.total,
            "good_after": after.counts.good,
            "total_after": after.counts.total,
        },
    )


def _budget(slo: Slo, raw: Buckets, own: Sequence[Correction], epoch: Instant | None, now: Instant) -> Budget:
    counted = by_method(slo, corrected(raw, own))
    at = now - now % counted.step
    return budget_since(counted, slo.target, slo.window, epoch, now=at)
