"""Corrections of a promise's counts: who took a period out, or counted it good, and why; each can be taken back.

Counted telemetry is never changed by one: it is applied where counts are judged, and a revoked one leaves no trace there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from allowance.core.duration import DAY
from allowance.core.problem import refuse
from allowance.core.time import Instant, iso, parse_instant
from allowance.core.window import Span
from allowance.governance.facts import Amendment, Standing
from allowance.governance.ledger import Draft, Entry
from allowance.governance.pending import next_id, said
from allowance.signals.corrections import Correction, CorrectionKind

MADE: Final = "correction.made"
REVOKED: Final = "correction.revoked"
LONGEST = 31 * DAY
"""A longer period is no incident: the promise itself is wrong then."""


def make(
    slo: str,
    kind: CorrectionKind,
    span: Span,
    reason: str,
    standing: Standing,
    *,
    by: str,
    effect: Mapping[str, int],
    now: Instant,
) -> Draft:
    """Correct a period of an SLO (`service/name`). `effect` is what it changed when it was made, kept beside it.

    Errors: `Problem` `correction`: no reason, no length, longer than 31 days, or not over yet.
    """
    why = said(
        "correction", "reason", reason, hint="say what happened, and who agreed that it does not count"
    )
    if not 0 < span.seconds <= LONGEST:
        raise refuse(
            "correction",
            f"the period from {iso(span.begin)} to {iso(span.end)} has no length, or is longer than 31 days",
            hint="name the incident alone",
        )
    if span.end > now:
        raise refuse(
            "correction",
            f"the period ends at {iso(span.end)}, which has not come yet",
            hint="planned work is a maintenance of the contract; correct what is over",
        )
    payload = {
        "id": next_id(standing, "correction"),
        "kind": kind,
        "begin": iso(span.begin),
        "end": iso(span.end),
        "why": why,
        "effect": dict(effect),
    }
    return Draft(kind=MADE, subject=slo, actor=by, at=now, payload=payload)


def revoke(id: str, reason: str, standing: Standing, *, by: str, now: Instant) -> Draft:  # noqa: A002
    """Take a correction back: its period counts again. Errors: `Problem` `no-correction`, `revoked`, `correction`."""
    found = standing.amendments.get(id)
    if found is None:
        raise refuse(
            "no-correction", f"there is no correction {id[:80]!r}", hint="GET /v1/corrections lists them"
        )
    if found.revoked is not None:
        raise refuse("revoked", f"{id} was revoked at {iso(found.revoked)}", hint="nothing is left to do")
    why = said("correction", "reason", reason, hint="say why the period counts after all")
    return Draft(kind=REVOKED, subject=found.slo, actor=by, at=now, payload={"id": id, "why": why})


def corrections(standing: Standing) -> dict[str, tuple[Correction, ...]]:
    """Those that hold, by SLO."""
    found: dict[str, list[Correction]] = {}
    for one in standing.amendments.values():
        if one.revoked is None:
            span = Span(begin=one.begin, end=one.end)
            found.setdefault(one.slo, []).append(
                Correction(kind=one.kind, span=span, who=one.by, why=one.why)
            )
    return {slo: tuple(several) for slo, several in found.items()}


def _made(standing: Standing, entry: Entry) -> Standing:
    told = entry.payload
    one = Amendment(
        id=told["id"],
        slo=entry.subject,
        kind=told["kind"],
        begin=parse_instant(told["begin"]),
        end=parse_instant(told["end"]),
        why=told["why"],
        by=entry.actor,
        at=entry.at,
        effect=told["effect"],
        seq=entry.seq,
    )
    return replace(standing, amendments={**standing.amendments, one.id: one})


def _revoked(standing: Standing, entry: Entry) -> Standing:
    one = replace(
        standing.amendments[entry.payload["id"]],
        revoked=entry.at,
        revoked_by=entry.actor,
        revoked_why=entry.payload["why"],
    )
    return replace(standing, amendments={**standing.amendments, one.id: one})


FOLDS = {MADE: _made, REVOKED: _revoked}
