"""Reads counts from a PromQL system: from one edge to another, and on from where a reading stood."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from allowance.contract.indicator import PromHistogram
from allowance.contract.source import Prometheus
from allowance.core.problem import Problem, ProblemError, Where, refuse
from allowance.core.time import Instant
from allowance.core.window import Span
from allowance.edges.prometheus.client import Client
from allowance.edges.prometheus.fetch import Fetcher
from allowance.edges.prometheus.tally import Tally
from allowance.edges.prometheus.undisturbed import undisturbed
from allowance.signals.measured import Measured
from allowance.signals.prom_answer import Series
from allowance.signals.prom_counts import Gains, gains
from allowance.signals.prom_histogram import buckets_of, good_and_total, matching_bounds, read_histogram
from allowance.signals.prom_plan import BLOCK, chunks
from allowance.signals.prom_sli import Answers, Plan, PromIndicator, Ratio, plan, queries
from allowance.signals.prom_state import Identity, Last, PromState, remembered
from allowance.signals.promql import Sampled, Term

Progress: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Advanced:
    """What a reading counted, the state from which to go on, and what each SLI asked for."""

    measured: Measured
    state: PromState
    plans: Mapping[str, Plan]


def advance(
    source: Prometheus,
    indicators: Mapping[str, PromIndicator],
    state: PromState,
    *,
    end: Instant,
    progress: Progress | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> tuple[Measured, PromState]:
    """Counts from `state.at` to `end`, and the state from which to go on.

    Only what lies between is asked for; a query that the state does not know yet is looked up at `state.at`. An
    increment that the server learns of late is not lost: it counts in the next bucket that is read. `progress` is
    told (questions answered, questions in all). Errors: `Problem`s of every SLI that cannot be asked for
    (`promql`, `promql-counts`, `prom-bound`), and of the server (`prom-reach`, `prom-auth`, `prom-query`,
    `prom-status`, `prom-answer`, `prom-size`, `prom-url`, `prom-tls`).
    """
    with Client(source, sleep=sleep) as client:
        found = go_on(Fetcher(client=client), indicators, state, end=end, progress=progress)
    return found.measured, found.state


def go_on(
    fetcher: Fetcher,
    indicators: Mapping[str, PromIndicator],
    state: PromState,
    *,
    end: Instant,
    progress: Progress | None = None,
) -> Advanced:
    """`advance` with a connection that is open already."""
    span = Span(begin=state.at, end=end)
    if state.at % state.step or end % state.step or end < state.at:
        raise refuse(
            "edge",
            f"a reading begins and ends on edges of its {state.step} s buckets, and does not end before it begins",
            hint="round both down to whole steps",
        )
    plans = plans_of(fetcher, indicators, span, state.step)
    tally = Tally(plans=plans, span=span, step=state.step, by=state.by)
    tally.start(state)
    last = {key: dict(series) for key, series in state.last.items()}
    if span.seconds:
        _Reading(fetcher=fetcher, tally=tally, last=last).read(progress)
    measured = tally.measured(fetcher.samples, fetcher.notes())
    after = PromState(at=end, step=state.step, by=state.by, last=last, owed=tally.owed())
    return Advanced(measured=measured, state=after, plans=plans)


def plans_of(
    fetcher: Fetcher, indicators: Mapping[str, PromIndicator], span: Span, step: int
) -> dict[str, Plan]:
    """What each SLI asks for. The bounds of histograms are those that the server knows in the span."""
    plans = _plans(indicators, step)
    return plans | _histograms(fetcher, indicators, span) if span.seconds else plans


def _plans(indicators: Mapping[str, PromIndicator], step: int) -> dict[str, Plan]:
    """The plans of all indicators but histograms, whose bounds the server knows; or every problem at once."""
    plans: dict[str, Plan] = {}
    problems: list[Problem] = []
    for name, indicator in indicators.items():
        try:
            if isinstance(indicator, PromHistogram):
                read_histogram(indicator.selector, where=Where(path=name))
            else:
                plans[name] = plan(indicator, step=step, where=Where(path=name))
        except ProblemError as error:
            problems.extend(error.problems)
    if problems:
        raise ProblemError(*problems)
    return plans


def _histograms(fetcher: Fetcher, indicators: Mapping[str, PromIndicator], span: Span) -> dict[str, Plan]:
    """The plans of histograms, by the bounds that they have; or every problem at once."""
    plans: dict[str, Plan] = {}
    problems: list[Problem] = []
    for name, indicator in indicators.items():
        if not isinstance(indicator, PromHistogram):
            continue
        where = Where(path=name)
        histogram = read_histogram(indicator.selector, where=where)
        texts = fetcher.values_of("le", buckets_of(histogram), span)
        try:
            bounds = matching_bounds(texts, indicator.threshold, histogram, where=where)
        except ProblemError as error:
            problems.extend(error.problems)
            continue
        good, total = good_and_total(histogram, indicator.threshold, bounds)
        plans[name] = Ratio(total=total, part=good, part_is="good")
    if problems:
        raise ProblemError(*problems)
    return plans


@dataclass(slots=True, kw_only=True)
class _Reading:
    fetcher: Fetcher
    tally: Tally
    last: dict[str, dict[Identity, Last]]

    def read(self, progress: Progress | None) -> None:
        """Fetch and count the span, in pieces that fit. `last` is moved on with it."""
        plans, span, step = self.tally.plans.values(), self.tally.span, self.tally.step
        terms = {term.key: term for one in plans if isinstance(one, Ratio) for term in one.terms}
        sampled = list(dict.fromkeys(query for one in plans for query in queries(one)))
        for key, term in terms.items():
            if key not in self.last:
                self.last[key] = self.fetcher.last_values(term.selector, span.begin, term.ignoring)
        concurrent = self._concurrent(terms, sampled)
        pieces = chunks(span, step, concurrent)
        done, every = 0, len(pieces) * (len(terms) + len(sampled))
        for piece in pieces:
            found: dict[str, Gains] = {}
            for key, series in self._counters(terms, piece, concurrent):
                found[key] = gains(series, self.last[key], piece, step, terms[key].ignoring)
                self.tally.hear_gains(key, found[key])
                done = _tell(progress, done, every)
            values = {}
            for one in sampled:
                values[one] = self.fetcher.evaluations(one.text, piece, step, step * 1000 - (not one.at_end))
                self.tally.hear_values(one, values[one])
                done = _tell(progress, done, every)
            with undisturbed():
                self.tally.count(Answers(gains=found, known=self.last, values=values), piece)
            for key, gained in found.items():
                self.last[key].update([(one.identity, one.last) for one in gained.series])
                self.last[key] = remembered(self.last[key], now=piece.end)

    def _counters(
        self, terms: Mapping[str, Term], piece: Span, concurrent: int
    ) -> Iterator[tuple[str, list[Series]]]:
        step = self.tally.step
        if self.tally.span.seconds <= BLOCK:
            selectors = {key: term.selector for key, term in terms.items()}
            yield from self.fetcher.newest(selectors, piece, step).items()
            return
        for key, term in terms.items():
            yield (
                key,
                self.fetcher.counter(term.selector, self.last[key], piece, step, term.ignoring, concurrent),
            )

    def _concurrent(self, terms: Mapping[str, Term], sampled: list[Sampled]) -> int:
        if self.tally.span.seconds <= BLOCK:
            return 1
        texts = [*(term.selector.text() for term in terms.values()), *(one.text for one in sampled)]
        return self.fetcher.concurrent(texts, self.tally.span)


def _tell(progress: Progress | None, done: int, every: int) -> int:
    if progress is not None:
        progress(done + 1, every)
    return done + 1
