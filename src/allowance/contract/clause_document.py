"""One clause of an error-budget policy as it stands in a document."""

from __future__ import annotations

import re

from allowance.contract.amounts import parse_name, parse_positive, parse_share
from allowance.contract.budget_policy import (
    CHANGE_CLASSES,
    CONSEQUENCES,
    STATES,
    BudgetState,
    ChangeClass,
    Clause,
    Condition,
    Consequence,
)
from allowance.contract.expressions import parse_expression
from allowance.contract.fields import Fields
from allowance.contract.nodes import ScalarNode
from allowance.core.duration import parse_duration
from allowance.core.window import parse_window

ALWAYS_ALLOWED: tuple[ChangeClass, ...] = ("rollback",)
"""Going back must stay possible whatever the budget says, or every incident lasts longer."""

_WORD = re.compile(r"\w+")


def read_clause(fields: Fields) -> Clause | None:
    """One entry of `clauses`; `None` where it cannot be one (reported)."""
    when = (
        _condition(fields)
        if fields.need("when", hint="a state such as red, or {burnAbove: 10, over: 1h}")
        else None
    )
    said: list[Consequence] = [consequence for consequence in CONSEQUENCES if fields.has(consequence)]
    because, (hand_back, rotation) = fields.text("because"), _hand_back(fields)
    if len(said) != 1:
        fields.notes.error(
            "clause",
            f"{fields.called()} needs exactly one of allow, hold and deny",
            where=fields.where(),
            hint="for example deny: [feature, config]",
        )
        return None
    changes = tuple(one for one in read_changes(fields, said[0]) if _may_be(fields, said[0], one))
    fields.finish()
    if when is None:
        return None
    return Clause(
        when=when,
        changes=changes,
        consequence=said[0],
        because=because or "",
        hand_back=hand_back,
        rotation=rotation,
        origin=fields.origin(handBack="hand_back"),
    )


def read_changes(fields: Fields, key: str) -> tuple[ChangeClass, ...]:
    """The classes of changes that a field names."""
    found: list[ChangeClass] = []
    for text in fields.texts(key):
        known = next((word for word in CHANGE_CLASSES if word == text), None)
        if known is None:
            fields.unknown_word(key, text, CHANGE_CLASSES)
        else:
            found.append(known)
    return tuple(found)


def _may_be(fields: Fields, consequence: Consequence, change: ChangeClass) -> bool:
    if consequence == "allow" or change not in ALWAYS_ALLOWED:
        return True
    fields.wrong(consequence, f"{consequence} must not name {change}, which is always allowed")
    return False


def _hand_back(fields: Fields) -> tuple[bool, str | None]:
    """`true`, or the name of the rotation that takes the pager."""
    node = fields.get("handBack")
    if isinstance(node, ScalarNode) and isinstance(node.value, str):
        rotation = fields.parsed("handBack", parse_name)
        return rotation is not None, rotation
    return bool(fields.flag("handBack")), None


def _condition(holder: Fields) -> Condition | None:
    node = holder.get("when")
    if isinstance(node, ScalarNode):
        if not _WORD.fullmatch(node.text):
            expression = holder.parsed("when", parse_expression)
            return None if expression is None else Condition(expression=expression)
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
        expression=fields.parsed("expression", parse_expression),
    )
    fields.finish()
    return condition
