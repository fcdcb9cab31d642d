"""The ErrorBudgetPolicy document."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from allowance.contract.amounts import parse_count, parse_date, parse_part, parse_positive, parse_share
from allowance.contract.budget_policy import (
    CHANGE_CLASSES,
    CONSEQUENCES,
    EXEMPTION_MODES,
    FREEZE_MODELS,
    ROLES,
    STATES,
    BudgetState,
    ChangeClass,
    Clause,
    Condition,
    Consequence,
    ErrorBudgetPolicy,
    Exceptions,
    ExemptionMode,
    FreezeModel,
    Role,
    Signature,
    Thresholds,
)
from allowance.contract.envelope import Envelope
from allowance.contract.fields import Fields
from allowance.contract.nodes import ScalarNode
from allowance.contract.notes import Notes
from allowance.contract.policies import POLICIES
from allowance.contract.written import Written
from allowance.core.duration import parse_duration
from allowance.core.window import parse_window

ALWAYS_ALLOWED: tuple[ChangeClass, ...] = ("rollback",)
"""Going back must stay possible whatever the budget says, or every incident lasts longer."""

_PERIODS: tuple[Literal["month", "quarter", "year"], ...] = ("month", "quarter", "year")


def read_budget_policy(envelope: Envelope, notes: Notes) -> Written:
    """An ErrorBudgetPolicy document: a preset with what differs, or all of it."""
    spec = envelope.spec
    preset = spec.word("preset", tuple(POLICIES))
    start = POLICIES[preset] if preset else ErrorBudgetPolicy(name=envelope.name)
    clauses = [_clause(fields) for fields in spec.each("clauses")]
    freeze: FreezeModel | None = spec.word("freeze", FREEZE_MODELS)
    without: Consequence | None = spec.word("withoutData", CONSEQUENCES)
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
        without_data=without or start.without_data,
        exceptions=_exceptions(spec, start.exceptions),
        postmortem_above=start.postmortem_above if above is None else above,
        escalation=spec.text("escalation") or start.escalation,
        revisit=spec.parsed("revisit", parse_date),
        signatures=tuple(signature for signature in signatures if signature is not None),
        display_name=envelope.display_name,
        description=spec.text("description") or start.description,
        origin=replace(
            spec.origin(states="thresholds", withoutData="without_data", postmortemAbove="postmortem_above"),
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
    margin = fields.parsed("margin", parse_share)
    fields.finish()
    chosen = Thresholds(
        yellow_below=start.yellow_below if yellow is None else yellow,
        red_at=start.red_at if red is None else red,
        margin=start.margin if margin is None else margin,
    )
    if not chosen.red_at < chosen.yellow_below <= 1 or chosen.margin < 0:
        fields.notes.error(
            "states",
            f"{fields.called()} needs redAt < yellowBelow <= 100% and a margin of zero or more",
            where=fields.where(),
            hint="for example {yellowBelow: 50%, redAt: 0%}",
        )
    return chosen


def _clause(fields: Fields) -> Clause | None:
    when = (
        _condition(fields)
        if fields.need("when", hint="a state such as red, or {burnAbove: 10, over: 1h}")
        else None
    )
    said: list[Consequence] = [consequence for consequence in CONSEQUENCES if fields.has(consequence)]
    because, hand_back = fields.text("because"), fields.flag("handBack")
    if len(said) != 1:
        fields.notes.error(
            "clause",
            f"{fields.called()} needs exactly one of allow, hold and deny",
            where=fields.where(),
            hint="for example deny: [feature, config]",
        )
        return None
    changes = _changes(fields, said[0])
    fields.finish()
    if when is None:
        return None
    return Clause(
        when=when,
        changes=changes,
        consequence=said[0],
        because=because or "",
        hand_back=bool(hand_back),
        origin=fields.origin(handBack="hand_back"),
    )


def _changes(fields: Fields, consequence: Consequence) -> tuple[ChangeClass, ...]:
    named = fields.texts(consequence)
    found: list[ChangeClass] = []
    for text in named:
        known = next((word for word in CHANGE_CLASSES if word == text), None)
        if known is None:
            fields.unknown_word(consequence, text, CHANGE_CLASSES)
        elif consequence != "allow" and known in ALWAYS_ALLOWED:
            fields.wrong(consequence, f"{consequence} must not name {known}, which is always allowed")
        else:
            found.append(known)
    return tuple(found)


def _condition(holder: Fields) -> Condition | None:
    if isinstance(holder.get("when"), ScalarNode):
        state: BudgetState | None = holder.word("when", STATES)
        return None if state is None else Condition(state=state)
    fields = holder.fields("when")
    if fields is None:
        return None
    burn, over = fields.parsed("burnAbove", parse_positive), fields.parsed("over", parse_duration)
    if fields.has("burnAbove") != fields.has("over"):
        fields.missing(
            "over" if fields.has("burnAbove") else "burnAbove",
            hint="a burn rate needs the span that it is measured over",
        )
    condition = Condition(
        state=fields.word("state", STATES),
        remaining_below=fields.parsed("remainingBelow", parse_share),
        burn_above=burn,
        burn_over=over,
        window=fields.parsed("window", parse_window),
    )
    fields.finish()
    return condition


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
