"""The ErrorBudgetPolicy document."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from allowance.contract.amounts import parse_count, parse_date, parse_part, parse_share
from allowance.contract.budget_policy import (
    CHANGE_CLASSES,
    CONSEQUENCES,
    EXEMPTION_MODES,
    FREEZE_MODELS,
    ROLES,
    ChangeClass,
    Consequence,
    ErrorBudgetPolicy,
    Exceptions,
    ExemptionMode,
    FreezeEnd,
    FreezeModel,
    Role,
    Signature,
    Thresholds,
)
from allowance.contract.clause_document import ALWAYS_ALLOWED, read_clause
from allowance.contract.envelope import Envelope
from allowance.contract.fields import Fields
from allowance.contract.nodes import MapNode
from allowance.contract.notes import Notes
from allowance.contract.policies import POLICIES
from allowance.contract.written import Written
from allowance.core.duration import parse_duration

_PERIODS: tuple[Literal["month", "quarter", "year"], ...] = ("month", "quarter", "year")


def read_budget_policy(envelope: Envelope, notes: Notes) -> Written:
    """An ErrorBudgetPolicy document: a preset with what differs, or all of it."""
    spec = envelope.spec
    preset = spec.word("preset", tuple(POLICIES))
    start = POLICIES[preset] if preset else ErrorBudgetPolicy(name=envelope.name)
    clauses = [read_clause(fields) for fields in spec.each("clauses")]
    freeze: FreezeModel | None = spec.word("freeze", FREEZE_MODELS)
    without, without_by = _without_data(spec, start)
    above = spec.parsed("postmortemAbove", parse_part)
    signatures = [_signature(fields) for fields in spec.each("signatures")]
    if not spec.has("preset"):
        spec.need("clauses", hint="or begin with preset: green-yellow-red")
    policy = ErrorBudgetPolicy(
        name=envelope.name,
        version=spec.raw("version") or start.version,
        thresholds=_thresholds(spec, start.thresholds),
        clauses=tuple(clause for clause in clauses if clause) if spec.has("clauses") else start.clauses,
        freeze=freeze or start.freeze,
        freeze_until=_freeze_end(spec, start.freeze_until),
        without_data=without,
        without_data_by=without_by,
        exceptions=_exceptions(spec, start.exceptions),
        postmortem_above=start.postmortem_above if above is None else above,
        escalation=spec.text("escalation") or start.escalation,
        revisit=spec.parsed("revisit", parse_date),
        signatures=tuple(signature for signature in signatures if signature is not None),
        display_name=envelope.display_name,
        description=spec.text("description") or start.description,
        origin=replace(
            spec.origin(
                states="thresholds",
                withoutData="without_data",
                postmortemAbove="postmortem_above",
                freezeUntil="freeze_until",
            ),
            where=envelope.where,
        ),
    )
    spec.finish()
    return Written(budget_policies=(policy,))


def _thresholds(spec: Fields, start: Thresholds) -> Thresholds:
    fields = spec.fields("states")
    if fields is None:
        return start
    yellow, red = fields.parsed("yellowBelow", parse_share), fields.parsed("redAt", parse_share)
    margin, dwell = fields.parsed("margin", parse_share), fields.parsed("dwell", parse_duration)
    fields.finish()
    chosen = Thresholds(
        yellow_below=start.yellow_below if yellow is None else yellow,
        red_at=start.red_at if red is None else red,
        margin=start.margin if margin is None else margin,
        dwell=start.dwell if dwell is None else dwell,
    )
    if not chosen.red_at < chosen.yellow_below <= 1 or chosen.margin < 0:
        fields.notes.error(
            "states",
            f"{fields.called()} needs redAt < yellowBelow <= 100% and a margin of zero or more",
            where=fields.where(),
            hint="for example {yellowBelow: 50%, redAt: 0%}",
        )
    return chosen


def _freeze_end(spec: Fields, start: FreezeEnd | None) -> FreezeEnd | None:
    fields = spec.fields("freezeUntil")
    if fields is None:
        return start
    above = (
        fields.parsed("remainingAbove", parse_share)
        if fields.need("remainingAbove", hint="the share that must be left, such as 10%")
        else None
    )
    during = fields.parsed("for", parse_duration)
    fields.finish()
    return start if above is None else FreezeEnd(remaining_above=above, during=during or 0)


def _without_data(
    spec: Fields, start: ErrorBudgetPolicy
) -> tuple[Consequence, tuple[tuple[ChangeClass, Consequence], ...]]:
    """One word for all, or a map: `default` for all that it does not name, and a word for each class that it names."""
    if not isinstance(spec.get("withoutData"), MapNode):
        word: Consequence | None = spec.word("withoutData", CONSEQUENCES)
        return word or start.without_data, start.without_data_by if word is None else ()
    fields = spec.fields("withoutData")
    if fields is None:
        return start.without_data, start.without_data_by
    default: Consequence | None = fields.word("default", CONSEQUENCES)
    found: list[tuple[ChangeClass, Consequence]] = []
    for change in CHANGE_CLASSES:
        said: Consequence | None = fields.word(change, CONSEQUENCES)
        if said is not None and said != "allow" and change in ALWAYS_ALLOWED:
            fields.wrong(change, f"{change} is always allowed")
        elif said is not None:
            found.append((change, said))
    fields.finish()
    return default or start.without_data, tuple(found)


def _exceptions(spec: Fields, start: Exceptions) -> Exceptions:
    fields = spec.fields("exceptions")
    if fields is None:
        return start
    bullets = fields.parsed("silverBullets", parse_count)
    two = fields.flag("twoPeople")
    mode: ExemptionMode | None = fields.word("dependencies", EXEMPTION_MODES)
    approvers = tuple(_role(fields, "approvers", text) for text in fields.texts("approvers"))
    chosen = Exceptions(
        silver_bullets=start.silver_bullets if bullets is None else bullets,
        per=fields.word("per", _PERIODS) or start.per,
        expires=fields.parsed("expires", parse_duration) or start.expires,
        approvers=tuple(role for role in approvers if role) or start.approvers,
        two_people=start.two_people if two is None else two,
        postmortem_within=fields.parsed("postmortemWithin", parse_duration) or start.postmortem_within,
        dependencies=mode or start.dependencies,
    )
    fields.finish()
    return chosen


def _role(fields: Fields, key: str, text: str) -> Role | None:
    known = next((role for role in ROLES if role == text), None)
    if known is None:
        fields.unknown_word(key, text, ROLES)
    return known


def _signature(fields: Fields) -> Signature | None:
    role: Role | None = fields.word("role", ROLES) if fields.need("role") else None
    by = fields.text("by") if fields.need("by", hint="the name of the person who signs") else None
    on = fields.parsed("on", parse_date) if fields.need("on") else None
    digest = (
        fields.text("hash") if fields.need("hash", hint="the hash of the version that was signed") else None
    )
    fields.finish()
    if role is None or by is None or on is None or digest is None:
        return None
    return Signature(role=role, by=by, on=on, hash=digest)
