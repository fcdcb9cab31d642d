"""Fetches what counts are made of: values at edges, samples, last values, evaluations; in pieces that fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from allowance.core.problem import Problem
from allowance.core.time import Instant
from allowance.core.window import Span
from allowance.edges.prometheus.client import Client, TooMuch, TooSlow
from allowance.edges.prometheus.undisturbed import undisturbed
from allowance.signals.prom_answer import Answer, Series, read_answer, read_texts
from allowance.signals.prom_counts import identity_of
from allowance.signals.prom_flat import Flat, read_flat
from allowance.signals.prom_plan import BLOCK, LOOKBACK, block_seconds, doubtful, halves, merged, spliced
from allowance.signals.prom_state import FORGET_INSTANCE, Identity, Last
from allowance.signals.prom_together import Together, together
from allowance.signals.promql_selector import Selector

_MOST_HALVINGS = {True: 2, False: 8}
"""By whether the server is slow: waiting is dear."""


@dataclass(slots=True)
class Fetcher:
    """One reading's questions to a server. It remembers what the server warned of."""

    client: Client
    warnings: dict[str, None] = field(default_factory=dict)
    samples: int = 0

    def counter(
        self,
        selector: Selector,
        known: Mapping[Identity, Last],
        span: Span,
        step: int,
        ignoring: frozenset[str],
        concurrent: int,
    ) -> list[Series]:
        """The samples of a counter in `(begin, end]` that tell all of its increments per bucket.

        The values at bucket edges, with every sample where a series begins, ends, pauses or is reset. Series
        that are not named by one metric are read sample by sample.
        """
        if not selector.metric:
            return [
                one
                for piece in merged_hours(span, step, concurrent)
                for one in self.raw(selector, piece, step)
            ]
        edges = self.evaluations(selector.text(), span, step, step * 1000)
        resets = self._resets(selector, span, step)
        wrong = merged(doubtful(edges, resets, known, span, step, ignoring), concurrent)
        raw = [one for piece in wrong for one in self.raw(selector, piece, step)]
        return spliced(edges, raw, wrong)

    def newest(self, selectors: Mapping[str, Selector], span: Span, step: int) -> dict[str, list[Series]]:
        """Every sample in a short span `(begin, end]` by the keys of the selectors, in as few questions as possible."""
        found: dict[str, list[Series]] = {}
        for question in together(selectors):
            found.update(question.apart(self.raw(question.selector, span, step)))
        return found

    def flat(self, question: Together, span: Span) -> Flat:
        """Every sample of a bucket `(begin, end]` that answers a question without an offset."""
        text = question.selector.text(span.end - span.begin)
        body = self._asked("query", {"query": text, "time": str(span.end)})
        with undisturbed():
            found = read_flat(body, where=self.client.where)
        self._heard(found.warnings, len(found.at))
        return found

    def _resets(self, selector: Selector, span: Span, step: int) -> list[Series]:
        block = block_seconds(step)
        first, last = (span.begin // block + 1) * block, -(-span.end // block) * block
        query = f"resets({selector.text(block + LOOKBACK)})"
        return list(self._range(query, first * 1000, last * 1000, block).series)

    def evaluations(self, query: str, span: Span, step: int, first_ms: int) -> list[Series]:
        """A query evaluated once per bucket, `first_ms` milliseconds after its beginning."""

        def ask(part: Span) -> list[Series]:
            begin = part.begin * 1000 + first_ms
            end = (part.end - step) * 1000 + first_ms
            return list(self._range(query, begin, end, step).series)

        return _in_pieces(ask, span, step)

    def raw(self, selector: Selector, span: Span, step: int) -> list[Series]:
        """Every sample in `(begin, end]`, with the selector's offset taken into account."""

        def ask(part: Span) -> list[Series]:
            answer = self._instant(selector.text(part.end - part.begin), part.end)
            return [_shifted(one, selector.offset_ms / 1000, part) for one in answer.series]

        return _in_pieces(ask, span, step)

    def last_values(self, selector: Selector, at: Instant, ignoring: frozenset[str]) -> dict[Identity, Last]:
        """The last value of every series up to `at`, of series seen within `FORGET_INSTANCE` before it."""
        answer = self._instant(f"last_over_time({selector.text(FORGET_INSTANCE)})", at)
        return {
            identity_of(one.labels, ignoring): Last(value=float(one.values[-1]), at=float(at))
            for one in answer.series
            if one.at.size and np.isfinite(one.values[-1]) and one.values[-1] >= 0
        }

    def concurrent(self, selectors: Iterable[str], span: Span) -> int:
        """About the largest number of series that one of the selectors has at a time."""
        most = 1
        every = max(BLOCK, -(-(span.end - span.begin) // (30 * BLOCK)) * BLOCK)
        for text in selectors:
            answer = self._range(
                f"count({text}\n)", (span.begin + every) * 1000, (span.end + every) * 1000, every
            )
            most = max([most, *(int(np.nanmax(one.values)) for one in answer.series if one.values.size)])
        return most

    def values_of(self, label: str, selector: Selector | None, span: Span) -> tuple[str, ...]:
        """The values that a label has in the span, among the series of a selector, or among all."""
        return self._texts(f"label/{label}/values", selector, span)

    def labels_of(self, selector: Selector, span: Span) -> tuple[str, ...]:
        """The labels that the series of a selector have in the span, without the name."""
        return tuple(label for label in self._texts("labels", selector, span) if label != "__name__")

    def _texts(self, path: str, selector: Selector | None, span: Span) -> tuple[str, ...]:
        parameters: dict[str, str | Sequence[str]] = {"start": str(span.begin), "end": str(span.end)}
        if selector is not None:
            parameters["match[]"] = [replace(selector, offset_ms=0).text()]
        return read_texts(self.client.get(path, parameters), where=self.client.where)

    def _instant(self, query: str, at: Instant) -> Answer:
        return self._read("query", {"query": query, "time": str(at)})

    def _range(self, query: str, begin_ms: int, end_ms: int, step: int) -> Answer:
        parameters = {"query": query, "start": _seconds(begin_ms), "end": _seconds(end_ms), "step": str(step)}
        return self._read("query_range", parameters)

    def _read(self, path: str, parameters: dict[str, str]) -> Answer:
        answer = read_answer(self._asked(path, parameters), where=self.client.where)
        self._heard(answer.warnings, answer.samples)
        return answer

    def _asked(self, path: str, parameters: dict[str, str]) -> bytes:
        # nocache: VictoriaMetrics must not move the edges, and must see what was filled in later.
        timeout = f"{self.client.source.timeout_seconds}s"
        return self.client.get(path, {**parameters, "nocache": "1", "timeout": timeout})

    def _heard(self, warnings: Sequence[str], samples: int) -> None:
        self.warnings.update(dict.fromkeys(warnings))
        self.samples += samples

    def notes(self) -> list[Problem]:
        """What the server warned of, each once."""
        return [
            Problem(
                code="prom-warning",
                severity="warning",
                message=f"the server warns: {text}",
                hint="the counts may be incomplete",
                where=self.client.where,
            )
            for text in self.warnings
        ]


def merged_hours(span: Span, step: int, concurrent: int) -> list[Span]:
    """A span in pieces of about an hour, or of several where there are few series."""
    length = block_seconds(step)
    begins = range(span.begin, span.end, length)
    return merged([Span(begin=at, end=min(at + length, span.end)) for at in begins], concurrent)


def _in_pieces(ask: Callable[[Span], list[Series]], span: Span, step: int, halved: int = 0) -> list[Series]:
    """The answer for a span, asked in halves, and halves of those, where it is too much at once."""
    try:
        return ask(span)
    except TooMuch as error:
        two = halves(span, step)
        if two is None or halved >= _MOST_HALVINGS[isinstance(error, TooSlow)]:
            raise
    return [one for half in two for one in _in_pieces(ask, half, step, halved + 1)]


def _shifted(one: Series, seconds: float, span: Span) -> Series:
    at = one.at + seconds if seconds else one.at
    inside = (at > span.begin) & (at <= span.end)
    return (
        one
        if not seconds and bool(inside.all())
        else Series(labels=one.labels, at=at[inside], values=one.values[inside])
    )


def _seconds(milliseconds: int) -> str:
    whole, rest = divmod(milliseconds, 1000)
    return f"{whole}.{rest:03d}" if rest else str(whole)
