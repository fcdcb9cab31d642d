"""Cases that a policy is tried with before it is signed: given such a budget, such a change gets such an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal

from allowance.contract.budget_policy import BudgetState, ChangeClass
from allowance.contract.origin import UNWRITTEN, Origin
from allowance.core.counts import NoData
from allowance.core.time import Instant

Expected = Literal["go", "hold", "stop"]
EXPECTED: tuple[Expected, ...] = ("go", "hold", "stop")


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyCase:
    """One case. `remaining` is the share of the budget that is left, of every window that `windows` does not name.

    `state`: that of the ledger (nothing: the one that `remaining` means). `burns`: burn rates by seconds; a span that
    is not given burns nothing. `at` is what a clause's hour and weekday are asked of.
    """

    name: str
    change: ChangeClass
    expect: Expected
    remaining: Fraction | NoData
    state: BudgetState | None = None
    windows: Mapping[str, Fraction | NoData] = field(default_factory=dict, hash=False)
    burns: Mapping[int, Fraction | NoData] = field(default_factory=dict, hash=False)
    tier: Literal[0, 1, 2, 3] = 2
    labels: Mapping[str, str] = field(default_factory=dict, hash=False)
    at: Instant = 0
    origin: Origin = field(default=UNWRITTEN, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTest:
    """The cases of one policy."""

    name: str
    policy: str
    cases: tuple[PolicyCase, ...]
    origin: Origin = field(default=UNWRITTEN, compare=False, repr=False)
