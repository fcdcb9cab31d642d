"""The error-budget policy: what Product, Engineering and Business agreed will happen at each level of budget."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Literal

from allowance.contract.origin import UNWRITTEN, Origin
from allowance.core.duration import DAY
from allowance.core.window import Window

BudgetState = Literal["green", "yellow", "red"]
STATES: tuple[BudgetState, ...] = ("green", "yellow", "red")

Consequence = Literal["allow", "hold", "deny"]
CONSEQUENCES: tuple[Consequence, ...] = ("allow", "hold", "deny")

ChangeClass = Literal[
    "feature",
    "config",
    "experiment",
    "hotfix",
    "p0",
    "security",
    "rollback",
    "reliability",
    "postmortem-action",
]
CHANGE_CLASSES: tuple[ChangeClass, ...] = (
    "feature",
    "config",
    "experiment",
    "hotfix",
    "p0",
    "security",
    "rollback",
    "reliability",
    "postmortem-action",
)

FreezeModel = Literal["hard", "soft", "governance"]
FREEZE_MODELS: tuple[FreezeModel, ...] = ("hard", "soft", "governance")

Role = Literal["product", "engineering", "business"]
ROLES: tuple[Role, ...] = ("product", "engineering", "business")

DEVELOPERS = "developers"
"""The rotation that takes the pager back where a clause names none."""

ExemptionMode = Literal["strict", "lenient"]
EXEMPTION_MODES: tuple[ExemptionMode, ...] = ("strict", "lenient")


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Budget remaining at which the state changes; `margin` is how far back it must come to leave a worse state.

    Green while remaining >= `yellow_below`; red while remaining <= `red_at`; yellow between. The state changes
    when the budget has asked for it during `dwell` seconds without a break.
    """

    yellow_below: Fraction = Fraction(1, 2)
    red_at: Fraction = Fraction(0)
    margin: Fraction = Fraction(0)
    dwell: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """When a clause holds: every part that is there must hold; with none of them it always holds.

    `state` is the state of the budget; `remaining_below` a share of the budget (strictly below); `burn_above` a
    burn rate measured over `burn_over` seconds (strictly above). `window` replaces the SLO's own window.
    `expression` is a CEL expression (`governance.expressions` says over which names); what cannot be worked out
    holds changes, whatever `without_data` says.
    """

    state: BudgetState | None = None
    remaining_below: Fraction | None = None
    burn_above: Fraction | None = None
    burn_over: int | None = None
    window: Window | None = None
    expression: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FreezeEnd:
    """What must be so before a freeze ends by itself: more than `remaining_above` left during `during` seconds."""

    remaining_above: Fraction
    during: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Clause:
    """While `when` holds, changes of the classes `changes` get `consequence`, `because` of a reason people read.

    Where several clauses hold, the strictest wins (deny over hold over allow). A class that no clause names is
    allowed. `hand_back` moves the pager to the developers while the clause holds, to the `rotation` of that name
    (nothing: `DEVELOPERS`).
    """

    when: Condition
    changes: tuple[ChangeClass, ...]
    consequence: Consequence
    because: str = ""
    hand_back: bool = False
    rotation: str | None = None
    origin: Origin = field(default=UNWRITTEN, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exceptions:
    """How often and by whom the policy may be set aside (silver bullets), and what that costs.

    `expires` and `postmortem_within` are seconds; `approvers` the roles that may grant; `two_people` asks for two
    different persons; `dependencies` is how a dependency's outage is treated: `strict` (evidence of a mitigation
    is needed), `lenient` (the owner's word is enough).
    """

    silver_bullets: int = 2
    per: Literal["month", "quarter", "year"] = "quarter"
    expires: int = DAY
    approvers: tuple[Role, ...] = ("business",)
    two_people: bool = True
    postmortem_within: int = 7 * DAY
    dependencies: ExemptionMode = "strict"


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One role's yes to one exact version: `hash` is `policy_hash` of what was signed."""

    role: Role
    by: str
    on: date
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBudgetPolicy:
    """One agreement. It is in force when every role has signed this exact content (`contract.signing`).

    `freeze` is what a deny means: `hard` blocks, `soft` warns and records, `governance` blocks until an executive
    overrides. `freeze_until` is how it ends (nothing: when its clause no longer holds, the margin included).
    `without_data` is the answer when the budget is unknown or stale, `without_data_by` where a class of changes
    has another one. One incident that spends more than `postmortem_above` of the budget needs a postmortem.
    """

    name: str
    version: str = "1"
    thresholds: Thresholds = field(default_factory=Thresholds)
    clauses: tuple[Clause, ...] = ()
    freeze: FreezeModel = "hard"
    without_data: Consequence = "hold"
    exceptions: Exceptions = field(default_factory=Exceptions)
    postmortem_above: Fraction = Fraction(1, 5)
    escalation: str | None = None
    revisit: date | None = None
    signatures: tuple[Signature, ...] = ()
    display_name: str | None = None
    description: str | None = None
    freeze_until: FreezeEnd | None = None
    without_data_by: tuple[tuple[ChangeClass, Consequence], ...] = ()
    origin: Origin = field(default=UNWRITTEN, compare=False, repr=False)

    def without(self, change: ChangeClass) -> Consequence:
        """What happens to a class of changes when the budget is unknown or stale."""
        return dict(self.without_data_by).get(change, self.without_data)
