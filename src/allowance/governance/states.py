"""The states of a budget: one table of edges, and what has to be so, for how long, before an edge is taken.

Worse is entered where the threshold is crossed, at once to red if need be. Better is entered one step at a time, and
only where the budget is back by the margin. A reading without data changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from allowance.contract.budget_policy import STATES, BudgetState, Thresholds
from allowance.core.counts import NoData
from allowance.core.duration import short
from allowance.core.ratio import percent_text
from allowance.core.time import Instant
from allowance.governance.facts import Standing, StateFact
from allowance.governance.ledger import Entry
from allowance.governance.verdict_clauses import Amount, state_of

CHANGED: Final = "state.changed"
"""The kind of entry that says a state."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A way from one state to another, and when it is taken."""

    begin: BudgetState
    end: BudgetState
    when: str


EDGES: tuple[Edge, ...] = (
    Edge(begin="green", end="yellow", when="remaining < yellowBelow"),
    Edge(begin="green", end="red", when="remaining <= redAt"),
    Edge(begin="yellow", end="red", when="remaining <= redAt"),
    Edge(begin="yellow", end="green", when="remaining >= yellowBelow + margin"),
    Edge(begin="red", end="yellow", when="remaining > redAt + margin"),
)
"""Every legal change. Each waits until what it asks for has been so during `dwell`."""

Since = Mapping[BudgetState, Instant]
"""For each edge out of a state, by its end: since when it has been asked for without a break."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """The state after an instant, and since when the edges out of it are asked for."""

    state: BudgetState | None
    since: Since


def next_state(
    thresholds: Thresholds,
    state: BudgetState | None,
    remaining: Amount,
    since: Since,
    *,
    now: Instant,
    entered: Instant | None = None,
) -> Step:
    """One step: of the edges that are asked for long enough the one to the worst state is taken.

    Without a state yet, the first reading with data says it at once. Without data the state stays, and what was
    asked for has to be asked for anew. A state that was `entered` at this very instant is not left at it, and
    getting better again has to be asked for from then on; getting worse was perhaps asked for before.
    """
    since = {
        end: begin if _worse(state, end) else max(begin, entered or begin) for end, begin in since.items()
    }
    if isinstance(remaining, NoData):
        return Step(state=state, since={})
    if state is None:
        first = state_of(thresholds, remaining)
        return Step(state=first, since=_asked(thresholds, first, remaining, {}, now=now))
    asked = _asked(thresholds, state, remaining, since, now=now)
    ripe = [end for end, begin in asked.items() if now - begin >= thresholds.dwell]
    if not ripe or entered == now:
        return Step(state=state, since=asked)
    after = worst(ripe)
    known = {end: begin for end, begin in asked.items() if _worse(after, end)}
    return Step(state=after, since=_asked(thresholds, after, remaining, known, now=now))


def eased(thresholds: Thresholds) -> Thresholds:
    """The thresholds that a budget has to be above to leave a worse state."""
    return replace(
        thresholds,
        yellow_below=thresholds.yellow_below + thresholds.margin,
        red_at=thresholds.red_at + thresholds.margin,
    )


def worst(states: Iterable[BudgetState | None]) -> BudgetState | None:
    """The worst of some states; nothing where there is none. It is also the state of a service."""
    return max((one for one in states if one is not None), key=STATES.index, default=None)


def change_text(
    before: BudgetState | None, state: BudgetState, remaining: Amount, thresholds: Thresholds
) -> str:
    """What a change of state rests on, in words."""
    left = "no data" if isinstance(remaining, NoData) else f"{percent_text(remaining, 1)} of the budget left"
    if before is None or not thresholds.dwell:
        return left
    word = "worse" if STATES.index(state) > STATES.index(before) else "better"
    return f"{left}; {word} than {before} for {short(thresholds.dwell)}"


def remember_state(standing: Standing, entry: Entry) -> Standing:
    """The step of the fold."""
    fact = StateFact(subject=entry.subject, state=entry.payload["to"], since=entry.at, seq=entry.seq)
    return replace(standing, states={**standing.states, entry.subject: fact})


FOLDS = {CHANGED: remember_state}


def _asked(
    thresholds: Thresholds, state: BudgetState | None, remaining: Amount, since: Since, *, now: Instant
) -> Since:
    """The edges out of a state that a reading asks for, since when."""
    return {
        edge.end: since.get(edge.end, now)
        for edge in EDGES
        if edge.begin == state and _asks(thresholds, edge, remaining)
    }


def _worse(state: BudgetState | None, end: BudgetState) -> bool:
    return state is not None and STATES.index(end) > STATES.index(state)


def _asks(thresholds: Thresholds, edge: Edge, remaining: Amount) -> bool:
    """Whether a reading is at least as bad (or, on the way back, at least as good) as the end of an edge."""
    worse = _worse(edge.begin, edge.end)
    found = state_of(thresholds if worse else eased(thresholds), remaining)
    if found is None:
        return False
    return (
        (STATES.index(found) >= STATES.index(edge.end))
        if worse
        else (STATES.index(found) <= STATES.index(edge.end))
    )
