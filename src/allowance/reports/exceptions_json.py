"""Exceptions as plain JSON: the same for the API, the command line and the pages."""

from __future__ import annotations

from typing import Any

from allowance.core.time import Instant, iso
from allowance.governance.bullets import Price, Quota
from allowance.governance.facts import Bullet, Epoch, Obligation, Override, Pending, Release, Waiver
from allowance.governance.in_force import InForce
from allowance.governance.obligations import Owed
from allowance.reports.memo import memo_markdown

Json = dict[str, Any]


def quota_json(found: Quota) -> Json:
    """What a unit has left in its period, and what keeps it from the next bullet."""
    return {
        "unit": found.unit,
        "period": found.period,
        "until": iso(found.until),
        "granted": found.granted,
        "spent": found.spent,
        "left": found.left,
        "blocked_by": [one.id for one in found.blocked_by],
    }


def price_json(found: Price, memo: Json) -> Json:
    """What a bullet would cost, with the memo that somebody would put their name under."""
    return {
        "dry_run": True,
        "quota": quota_json(found.quota),
        "left_after": found.left_after,
        "approvers": list(found.approvers),
        "two_people": found.two_people,
        "ends": iso(found.ends),
        "postmortem_due": iso(found.postmortem_due),
        "memo": memo,
        "memo_markdown": memo_markdown(memo),
    }


def bullet_json(one: Bullet, *, now: Instant) -> Json:
    """A bullet that was spent."""
    return {**_granted(one, now=now), "unit": one.unit, "period": one.period, **_paid(one)}


def override_json(one: Override, *, now: Instant) -> Json:
    """A freeze that was overridden for one change."""
    return {**_granted(one, now=now), "unit": one.unit, "freeze": one.freeze, **_paid(one)}


def pending_json(one: Pending) -> Json:
    """Something that was asked for and waits."""
    return {
        "id": one.id,
        "kind": one.kind,
        "service": one.service,
        "by": one.by,
        "at": iso(one.at),
        "until": iso(one.until),
        "signed": dict(one.signed),
        "terms": dict(one.terms),
        "entry": one.seq,
    }


def release_json(one: Release, *, now: Instant) -> Json:
    """A conditional release; a condition without evidence is null."""
    conditions = [{"condition": name, "evidence": shown or None} for name, shown in one.conditions.items()]
    return {
        "id": one.id,
        "service": one.service,
        "change": one.change,
        "environment": one.environment,
        "begin": iso(one.begin),
        "end": iso(one.end),
        "holds": one.begin <= now < one.end,
        "by": one.by,
        "approved_by": list(one.approved_by),
        "plan": one.plan,
        "conditions": conditions,
        "entry": one.seq,
    }


def waiver_json(one: Waiver, *, now: Instant) -> Json:
    """A waiver; the budget of its SLO stays as burned as it is."""
    return {
        "id": one.id,
        "service": one.service,
        "slo": one.slo,
        "dependency": one.dependency,
        "mode": one.mode,
        "begin": iso(one.begin),
        "end": iso(one.end),
        "holds": one.begin <= now < one.end,
        "by": one.by,
        "reason": one.reason,
        "evidence": list(one.evidence),
        "entry": one.seq,
    }


def epoch_json(one: Epoch) -> Json:
    """A new beginning of a budget, with what was spent before."""
    return {
        "id": one.id,
        "service": one.service,
        "slo": one.slo,
        "begin": iso(one.begin),
        "signed": dict(one.signed),
        "reason": one.reason,
        "spent_before": dict(one.spent_before),
        "entry": one.seq,
    }


def owed_json(one: Owed) -> Json:
    """Something owed, by whom, and whether it is late."""
    return {**obligation_json(one.obligation), "unit": one.unit, "open": one.open, "overdue": one.overdue}


def obligation_json(one: Obligation) -> Json:
    """An obligation; `done` is null while it is open."""
    return {
        "id": one.id,
        "kind": one.kind,
        "of": one.of,
        "service": one.service,
        "what": one.what,
        "owner": one.owner,
        "due": iso(one.due),
        "done": None if one.done is None else iso(one.done),
        "evidence": one.evidence or None,
        "entry": one.seq,
    }


def in_force_json(one: InForce) -> Json:
    """An exception that holds."""
    return {
        "id": one.id,
        "kind": one.kind,
        "service": one.service,
        "what": one.what,
        "begin": iso(one.begin),
        "end": None if one.end is None else iso(one.end),
        "by": one.by,
        "reason": one.reason,
    }


def _granted(one: Bullet | Override, *, now: Instant) -> Json:
    return {
        "id": one.id,
        "service": one.service,
        "change": one.change,
        "environment": one.environment,
        "begin": iso(one.begin),
        "end": iso(one.end),
        "holds": one.begin <= now < one.end,
        "by": one.by,
        "approved_by": list(one.approved_by),
        "reason": one.reason,
    }


def _paid(one: Bullet | Override) -> Json:
    memo = dict(one.memo)
    return {
        "obligation": one.obligation,
        "memo": memo,
        "memo_markdown": memo_markdown(memo),
        "entry": one.seq,
    }
