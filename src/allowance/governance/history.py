"""A policy over a history: every state, freeze and hand-back that there would have been, and what each deploy met.

The step is the one of the live loop. It is taken at every instant at which something can change: where a budget or a
burn rate crosses a limit of the policy, where a wait is over, and where a deploy asks. In between it would say nothing.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from allowance.budget.evaluate import by_method
from allowance.changes.deploys import Deploy
from allowance.contract.budget_policy import ROLES, ChangeClass, Condition, ErrorBudgetPolicy, Signature
from allowance.contract.model import Service, Slo
from allowance.contract.signing import policy_hash
from allowance.core.buckets import Buckets
from allowance.core.time import Instant
from allowance.core.window import RollingWindow, Window
from allowance.governance.endings import waits
from allowance.governance.expressions import Say, expressions, silent
from allowance.governance.facts import Freeze, Standing
from allowance.governance.fold import fold
from allowance.governance.freezes import PROGRESS
from allowance.governance.govern import NOTHING_WAITS, Waiting, govern
from allowance.governance.judge import verdict_on
from allowance.governance.ledger import GENESIS, Entry, seal
from allowance.governance.measures import ServiceMeasures
from allowance.governance.measuring import Ground, service_measures
from allowance.governance.states import eased
from allowance.governance.verdict import Ask, Verdict
from allowance.governance.verdict_clauses import ClauseFacts
from allowance.governance.verdict_facts import GateFacts

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """A service, its policy as if it were signed, and what was counted of each SLO (by its id)."""

    service: Service
    policy: ErrorBudgetPolicy
    histories: Mapping[str, Buckets] = field(hash=False)
    say: Say = silent


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """A deploy, and which kind of change it was."""

    deploy: Deploy
    change: ChangeClass = "feature"


@dataclass(frozen=True, slots=True, kw_only=True)
class Met:
    """What the gate would have said to a deploy."""

    attempt: Attempt
    verdict: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """All that the policy would have done in `(begin, end]`."""

    past: Past
    begin: Instant
    end: Instant
    entries: tuple[Entry, ...]
    standing: Standing
    met: tuple[Met, ...]

    @property
    def freezes(self) -> tuple[Freeze, ...]:
        """Its freezes, oldest first."""
        return tuple(sorted(self.standing.freezes.values(), key=lambda one: (one.begin, one.id)))

    @property
    def frozen_seconds(self) -> int:
        """For how long at least one freeze was in force."""
        covered, reach = 0, self.begin
        for one in self.freezes:
            begin, end = max(one.begin, reach), self.end if one.end is None else one.end
            covered, reach = covered + max(0, end - begin), max(reach, end)
        return covered


def play(past: Past, attempts: Sequence[Attempt] = (), *, every: bool = False) -> Played:
    """Govern a service over its history. `every`: at every bucket, which says the same and takes longer."""
    signed = replace(past, policy=_as_if_signed(past.policy))
    counted = {slo.id: by_method(slo, past.histories[slo.id]) for slo in past.service.slos}
    spans = [one.trimmed() for one in past.histories.values()]
    spans = [one for one in spans if len(one)]
    if not spans:
        return Played(past=past, begin=0, end=0, entries=(), standing=Standing(), met=())
    step = spans[0].step
    begin, end = min(one.start for one in spans), max(one.end for one in spans)
    tried = [one for one in attempts if begin < one.deploy.at <= end]
    crossings: Iterable[Instant] = range(begin + step, end + 1, step)
    if not every and not expressions(past.policy):
        crossings = _crossings(signed, counted, begin, end, step)
    court = _Court(signed, counted)
    court.run({*crossings, begin + step}, end, step)
    met = tuple(court.judged(one) for one in tried)
    return Played(
        past=past,
        begin=begin,
        end=end,
        entries=tuple(court.entries),
        standing=court.standing,
        met=met,
    )


class _Court:
    """The live loop's step over a ledger in memory."""

    def __init__(self, past: Past, counted: Mapping[str, Buckets]) -> None:
        self._past, self._digest = past, policy_hash(past.policy)
        self._ground = Ground(counted=counted.get, say=past.say)
        self._waiting: Waiting = NOTHING_WAITS
        self.entries: list[Entry] = []
        self.standing = Standing()

    def run(self, instants: Iterable[Instant], end: Instant, step: int) -> None:
        """Steps at some instants, and wherever a wait that began at one of them is over."""
        due = sorted(set(instants))
        seen: Instant | None = None
        while due:
            now = heapq.heappop(due)
            if now == seen or now > end:
                continue
            seen = now
            changed = self._step(now)
            for at in self._alarms(now, step, changed=changed):
                heapq.heappush(due, at)

    def judged(self, one: Attempt) -> Met:
        """What the gate would have said to a deploy at its instant, from what stood then."""
        deploy = one.deploy
        standing = fold(one for one in self.entries if one.at <= deploy.at)
        facts = self._facts(standing, deploy.at)
        ask = Ask(
            service=self._past.service.name,
            change="rollback" if deploy.state == "rolled-back" else one.change,
            version=deploy.version,
            commit=deploy.commit,
            environment=deploy.environment or "production",
            change_id=deploy.id,
        )
        verdict = verdict_on(ask, facts, self._past.policy, self._digest, standing, now=deploy.at)
        return Met(attempt=one, verdict=verdict)

    def _step(self, now: Instant) -> bool:
        measures = self._measures(self.standing, now)
        taken = govern([measures], self.standing, self._waiting, now=now)
        self._waiting = taken.waiting
        kept = [draft for draft in taken.drafts if draft.kind != PROGRESS]
        for draft in kept:
            prev = self.entries[-1].hash if self.entries else GENESIS
            entry = seal(draft, seq=len(self.entries) + 1, prev=prev)
            self.entries.append(entry)
            self.standing = fold([entry], self.standing)
        return bool(kept)

    def _alarms(self, now: Instant, step: int, *, changed: bool) -> Iterator[Instant]:
        """When the next step is due though no limit is crossed."""
        if changed:
            yield now + step
        policy = self._past.policy
        for since in self._waiting.states.values():
            for begin in since.values():
                yield max(now + step, -(-(begin + policy.thresholds.dwell) // step) * step)
        for begin in self._waiting.ends.values():
            for clause in policy.clauses:
                for freeze in (True, False):
                    at = -(-(begin + waits(policy, clause, freeze=freeze)) // step) * step
                    if at > now:
                        yield at

    def _measures(self, standing: Standing, now: Instant) -> ServiceMeasures:
        return service_measures(
            self._past.service, self._past.policy, self._digest, self._ground, standing, binding=True, now=now
        )

    def _facts(self, standing: Standing, now: Instant) -> GateFacts:
        step = min(one.step for one in self._past.histories.values())
        at = now - now % step
        measures = self._measures(standing, at)
        return GateFacts(
            service=self._past.service.name,
            unit=self._past.service.owner or self._past.service.name,
            as_of=at,
            clauses=ClauseFacts(slos={one.slo: one.numbers for one in measures.slos}),
        )


def _as_if_signed(policy: ErrorBudgetPolicy) -> ErrorBudgetPolicy:
    """A replay asks what a policy would have done, and an unsigned one does nothing."""
    digest, today = policy_hash(policy), date(2000, 1, 1)
    return replace(
        policy,
        signatures=tuple(Signature(role=role, by="replay", on=today, hash=digest) for role in ROLES),
    )


def _crossings(
    past: Past, counted: Mapping[str, Buckets], begin: Instant, end: Instant, step: int
) -> set[Instant]:
    """The instants at which any comparison that the policy makes comes out differently than just before."""
    instants = np.arange(begin + step, end + 1, step, dtype=np.int64)
    found: set[Instant] = set()
    for slo in past.service.slos:
        for window, limits in _limits(past.policy, slo).items():
            good, total = _windowed(counted[slo.id], window, instants)
            bad = total - good
            for limit in limits:
                for flags in _sides(bad, total, limit * (1 - slo.target)):
                    found |= {int(instants[i + 1]) for i in np.flatnonzero(flags[1:] != flags[:-1])}
            empty = total == 0
            found |= {int(instants[i + 1]) for i in np.flatnonzero(empty[1:] != empty[:-1])}
    return found


def _limits(policy: ErrorBudgetPolicy, slo: Slo) -> dict[Window, set[Fraction]]:
    """By window the burn rates over it that mean something: 1 - remaining is the burn rate over the whole window."""
    states, back = policy.thresholds, eased(policy.thresholds)
    levels = {states.yellow_below, states.red_at, back.yellow_below, back.red_at}
    found: dict[Window, set[Fraction]] = {slo.window: {1 - level for level in levels}}
    for clause in policy.clauses:
        when = clause.when
        window = when.window or slo.window
        asked = found.setdefault(window, set())
        asked |= {1 - level for level in _shares(policy, when, levels)}
        if when.burn_above is not None and when.burn_over is not None:
            found.setdefault(RollingWindow(seconds=when.burn_over), set()).add(when.burn_above)
    return found


def _shares(policy: ErrorBudgetPolicy, when: Condition, levels: set[Fraction]) -> Iterator[Fraction]:
    if when.state is not None:
        yield from levels
    if when.remaining_below is not None:
        yield when.remaining_below
        yield when.remaining_below + policy.thresholds.margin
    if policy.freeze_until is not None:
        yield policy.freeze_until.remaining_above


def _sides(bad: NDArray[np.int64], total: NDArray[np.int64], ratio: Fraction) -> tuple[Flags, Flags]:
    """bad / total above a ratio, and at it: exactly, with Python's integers where 64 bits are not enough."""
    p, q = ratio.numerator, ratio.denominator
    most = int(total.max(initial=0))
    exact = most * max(abs(p), q) < 2**62
    left = q * (bad if exact else bad.astype(object))
    right = p * (total if exact else total.astype(object))
    return np.asarray(left > right, dtype=bool), np.asarray(left == right, dtype=bool)


def _windowed(
    counted: Buckets, window: Window, instants: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Good and total of the window at each instant."""
    ends = instants - instants % counted.step
    if isinstance(window, RollingWindow):
        begins = ends - window.seconds
    else:
        begins = np.empty_like(ends)
        place = 0
        while place < len(ends):
            whole = window.whole(int(ends[place]))
            after = int(np.searchsorted(ends, whole.end, side="right"))
            begins[place:after] = whole.begin
            place = max(after, place + 1)
    low, high = (np.clip((at - counted.start) // counted.step, 0, len(counted)) for at in (begins, ends))
    return (
        counted.good_sum[high] - counted.good_sum[low],
        counted.total_sum[high] - counted.total_sum[low],
    )
