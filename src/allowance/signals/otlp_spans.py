"""Spans of protobuf requests: read by their layout, and whole only where they say something new."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np

from allowance.signals.otlp_attributes import AttributeReader
from allowance.signals.otlp_columns import NO_SPANS, Spans, usable_spans
from allowance.signals.otlp_failures import ERROR, FailureReader, says_more
from allowance.signals.otlp_points import NO_SPAN_ID, About, Attributes, Failure
from allowance.signals.otlp_span_layout import Laid, lay_out, parts_of
from allowance.signals.otlp_wire import MESSAGES
from allowance.signals.semconv import SPAN_KINDS, STATUS_CODES

MOST_OF_PLACE = 5_000
"""Where spans of one sender and scope say more than this, nearly every one says something new: they are not kept."""

_SPAN, _STATUS = MESSAGES["Span"], MESSAGES["Status"]
Address: TypeAlias = tuple[bytes, bytes]
"""The bytes of resource and scope."""


class _Place:
    """What the spans of one sender and scope said: by key the number of what they say, and failures that say it all."""

    __slots__ = ("address", "failures", "known")

    def __init__(self, address: Address) -> None:
        self.address = address
        self.known: dict[bytes, int] = {}
        self.failures: dict[bytes, About] = {}


class SpanReader:
    """Remembers what spans said only to be quicker. `size` is how much that is."""

    def __init__(self, attributes: AttributeReader) -> None:
        self._attributes, self._failures = attributes, FailureReader()
        self.forget()

    def forget(self) -> None:
        """Start anew."""
        self._places: dict[Address, _Place] = {}
        self._same: dict[tuple[Any, ...], int] = {}
        self._abouts: list[About] = []
        self._failed: set[int] = set()
        self.size = 0

    def read(self, request: Any, refused: dict[str, int]) -> tuple[Spans, Sequence[Failure]]:
        """The spans of a request, and those whose status is an error once more. Errors: `DecodeError`."""
        items: list[bytes] = []
        parts: list[tuple[_Place, int, int]] = []
        for part in request.resources:
            for scope in part.scopes:
                begin = len(items)
                items += scope.items
                parts.append((self._place((part.resource, scope.scope)), begin, len(items)))
        if not items:
            return NO_SPANS, ()
        laid = lay_out(items)
        slots: list[int] = []
        for place, begin, end in parts:
            get, keys = place.known.get, laid.keys
            found = [get(key, -1) for key in (keys[begin:end] if len(parts) > 1 else keys)]
            if -1 in found:
                found = [
                    self._learn(place, items, laid, begin + n) if slot < 0 else slot
                    for n, slot in enumerate(found)
                ]
            slots += found
        failures = () if self._failed.isdisjoint(slots) else self._failures_of(parts, items, laid, slots)
        numbers = np.array(slots, dtype=np.int64)
        spans = Spans(ids=laid.ids, starts=laid.starts, ends=laid.ends, slots=numbers, abouts=self._abouts)
        return usable_spans(spans, refused), failures

    def _place(self, address: Address) -> _Place:
        found = self._places.get(address)
        if found is None:
            found = self._places[address] = _Place(address)
            self.size += 1
        return found

    def _learn(self, place: _Place, items: Sequence[bytes], laid: Laid, n: int) -> int:
        """Read a span whole; its number."""
        key = laid.keys[n]
        if key in place.known:
            return place.known[key]
        span = _SPAN.FromString(items[n])
        slot = self._slot(place.address, span)
        if not key or not _fits(span, laid, n):
            laid.keys[n] = b""
            laid.ids[n] = span.trace_id + span.span_id
            laid.starts[n], laid.ends[n] = span.start, span.end
        elif len(place.known) < MOST_OF_PLACE:
            place.known[key] = slot
            self.size += 1
        return slot

    def _slot(self, address: Address, span: Any) -> int:
        kept = tuple(pair for pair in span.attributes if self._attributes.is_wanted(pair))
        named = span.name if self._attributes.wants(b"name") else b""
        same = (address, named, span.kind, span.status, *kept)
        found = self._same.get(same)
        if found is None:
            code = _STATUS.FromString(span.status).code
            own: Attributes = {
                "name": named.decode("utf-8", "replace"),
                "kind": word(SPAN_KINDS, span.kind),
                "status_code": word(STATUS_CODES, code),
                "scope_name": self._attributes.scope(address[1]),
            }
            attributes = self._attributes.attributes(kept)
            about = About(own=own, attributes=attributes, resource=self._attributes.resource(address[0]))
            found = self._same[same] = len(self._abouts)
            self._abouts.append(about)
            self.size += 1
            if code == ERROR:
                self._failed.add(found)
        return found

    def _failures_of(
        self, parts: Sequence[tuple[_Place, int, int]], items: Sequence[bytes], laid: Laid, slots: list[int]
    ) -> Sequence[Failure]:
        found: list[Failure] = []
        failed, ids, keys = self._failed, laid.ids, laid.keys
        for place, begin, end in parts:
            places = [n for n in range(begin, end) if slots[n] in failed]
            whole = place.failures
            times = zip(places, laid.starts[places].tolist(), laid.ends[places].tolist(), strict=True)
            for n, start, last in times:
                about = whole.get(keys[n])
                if about is None:
                    found += self._read_failure(place, items[n], keys[n], self._abouts[slots[n]])
                elif start and not ids[n].endswith(NO_SPAN_ID):
                    found.append(Failure(ids[n], start, last, about, "", ""))
        return found

    def _read_failure(self, place: _Place, item: bytes, key: bytes, about: About) -> Iterator[Failure]:
        span = _SPAN.FromString(item)
        found = self._failures.protobuf(span, about)
        if found is not None:
            if key in place.known and not says_more(span):
                place.failures[key] = found.about
            yield found


def _fits(span: Any, laid: Laid, n: int) -> bool:
    """Whether the layout tells of a span what reading it tells, and does so whatever its ids and instants are."""
    name, kind, rest = parts_of(laid.keys[n])
    again = _SPAN.FromString(rest)
    return (
        span.trace_id + span.span_id == laid.ids[n]
        and (span.start, span.end) == (int(laid.starts[n]), int(laid.ends[n]))
        and (span.name, span.kind) == (name, kind)
        and not (again.trace_id or again.span_id or again.name or again.kind or again.start or again.end)
    )


def word(words: Sequence[str], number: int) -> str:
    """The word of an enumeration; the first one for a number that is not known."""
    return words[number] if 0 <= number < len(words) else words[0]
