"""Spans of JSON requests: what repeats is compared as text, and read only where it says something new."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Any, TypeAlias

import msgspec
import numpy as np
import orjson

from allowance.signals.otlp_columns import Spans, usable_spans
from allowance.signals.otlp_failures import ERROR, FailureReader, failure_of
from allowance.signals.otlp_json_values import (
    enum_of,
    list_of,
    nanos,
    object_of,
    pairs_of,
    scope_of,
    sender_of,
)
from allowance.signals.otlp_points import About, Attributes, Failure, Nanos, digest_of
from allowance.signals.otlp_spans import MOST_OF_PLACE, word
from allowance.signals.semconv import SPAN_KINDS, STATUS_CODES

Text: TypeAlias = tuple[str, int, bytes, bytes]
"""What repeats of a span: name, kind, and the texts of attributes and status."""
_IDS = 24
_NONE = msgspec.Raw(b"null")
_NO_EVENTS = (b"null", b"[]")


class _Span(msgspec.Struct, rename="camel", gc=False):
    trace_id: str = ""
    span_id: str = ""
    name: str = ""
    kind: int = 0
    start_time_unix_nano: str | int = 0
    end_time_unix_nano: str | int = 0
    attributes: msgspec.Raw = _NONE
    status: msgspec.Raw = _NONE
    events: msgspec.Raw = _NONE


class _Scope(msgspec.Struct, rename="camel", gc=False):
    scope: msgspec.Raw = _NONE
    spans: list[_Span] = []


class _Resource(msgspec.Struct, rename="camel", gc=False):
    resource: msgspec.Raw = _NONE
    scope_spans: list[_Scope] = []


class _Request(msgspec.Struct, rename="camel", gc=False):
    resource_spans: list[_Resource] = []


_DECODER = msgspec.json.Decoder(_Request)


class _Place:
    """What the spans of one sender and scope said, by its text; and failures whose text says it all."""

    __slots__ = ("failures", "known", "resource", "scope", "sender")

    def __init__(self, resource: Attributes, scope: str) -> None:
        self.resource, self.scope, self.sender = resource, scope, digest_of(resource)
        self.known: dict[Text, int] = {}
        self.failures: dict[Text, About] = {}


class JsonSpanReader:
    """Remembers what spans said only to be quicker. `size` is how much that is."""

    def __init__(self, wanted: Collection[str] | None = None) -> None:
        self._wanted = None if wanted is None else frozenset(wanted)
        self._failures = FailureReader()
        self.forget()

    def forget(self) -> None:
        """Start anew."""
        self._places: dict[tuple[bytes, bytes], _Place] = {}
        self._same: dict[tuple[Any, ...], int] = {}
        self._abouts: list[About] = []
        self._failed: set[int] = set()
        self.size = 0

    def read(self, body: bytes, refused: dict[str, int]) -> tuple[Spans, Sequence[Failure]]:
        """The spans of a request, and those whose status is an error once more.

        Errors: `Problem`; `ValueError`, `TypeError` and their like for what is no such request.
        """
        try:
            parts = _DECODER.decode(body or b"{}").resource_spans
        except msgspec.MsgspecError:
            # Not as senders write it, though perhaps as the protocol allows: with null, say, or wrong altogether.
            parts = _plainly(object_of(orjson.loads(body)))
        columns = _Columns()
        failures: list[Failure] = []
        for part in parts:
            for scope in part.scope_spans:
                place, spans, begin = self._place(part.resource, scope.scope), scope.spans, len(columns.ids)
                get = place.known.get
                slots = [
                    slot if (slot := get(text := _text(span), -1)) >= 0 else self._learn(place, text, span)
                    for span in spans
                ]
                columns.add(spans, slots)
                if not self._failed.isdisjoint(slots):
                    failures += self._failures_of(place, spans, columns, begin)
        return usable_spans(columns.spans(self._abouts), refused), failures

    def _place(self, resource: msgspec.Raw, scope: msgspec.Raw) -> _Place:
        address = (bytes(resource), bytes(scope))
        found = self._places.get(address)
        if found is None:
            holder = {"resource": orjson.loads(address[0]), "scope": orjson.loads(address[1])}
            found = self._places[address] = _Place(sender_of(holder), scope_of(holder))
            self.size += 1
        return found

    def _learn(self, place: _Place, text: Text, span: _Span) -> int:
        """Read a span whole; the number of what it says."""
        name, kind, attributes, status = text
        code = enum_of(object_of(orjson.loads(status) or {}), "code")
        said = pairs_of(orjson.loads(attributes) or [], self._wanted)
        named = name if self._wanted is None or "name" in self._wanted else ""
        same = (place.sender, place.scope, named, kind, code, said)
        slot = self._same.get(same)
        if slot is None:
            own: Attributes = {
                "name": named,
                "kind": word(SPAN_KINDS, kind),
                "status_code": word(STATUS_CODES, code),
                "scope_name": place.scope,
            }
            slot = self._same[same] = len(self._abouts)
            self._abouts.append(About(own=own, attributes=dict(said), resource=place.resource))
            self.size += 1
            if code == ERROR:
                self._failed.add(slot)
        if len(place.known) < MOST_OF_PLACE:
            place.known[text] = slot
            self.size += 1
        return slot

    def _failures_of(
        self, place: _Place, spans: Sequence[_Span], columns: _Columns, begin: int
    ) -> Iterator[Failure]:
        for n, span in enumerate(spans, begin):
            slot = columns.slots[n]
            if slot in self._failed:
                ids, start, end = columns.ids[n], columns.starts[n], columns.ends[n]
                about = place.failures.get(_text(span)) if bytes(span.events) in _NO_EVENTS else None
                found = (
                    self._read_failure(place, span, (ids, start, end), self._abouts[slot])
                    if about is None
                    else failure_of(ids, start, end, about)
                )
                if found is not None:
                    yield found

    def _read_failure(
        self, place: _Place, span: _Span, known: tuple[bytes, Nanos, Nanos], about: About
    ) -> Failure | None:
        found = self._failures.json(_map_of(span), *known, about)
        text = _text(span)
        if (
            found is not None
            and text in place.known
            and bytes(span.events) in _NO_EVENTS
            and not found.message
        ):
            place.failures[text] = found.about
        return found


class _Columns:
    """Columns that grow."""

    __slots__ = ("ends", "ids", "slots", "starts")

    def __init__(self) -> None:
        self.ids: list[bytes] = []
        self.starts: list[Nanos] = []
        self.ends: list[Nanos] = []
        self.slots: list[int] = []

    def add(self, spans: Sequence[_Span], slots: list[int]) -> None:
        """Spans and what they say."""
        self.ids += _ids(spans)
        self.starts += [nanos(span.start_time_unix_nano) for span in spans]
        self.ends += [nanos(span.end_time_unix_nano) for span in spans]
        self.slots += slots

    def spans(self, abouts: Sequence[About]) -> Spans:
        """All of them."""
        return Spans(
            ids=self.ids,
            starts=np.array(self.starts, dtype=np.uint64),
            ends=np.array(self.ends, dtype=np.uint64),
            slots=np.array(self.slots, dtype=np.int64),
            abouts=abouts,
        )


def _text(span: _Span) -> Text:
    return span.name, span.kind, bytes(span.attributes), bytes(span.status)


def _ids(spans: Sequence[_Span]) -> list[bytes]:
    written = [span.trace_id + span.span_id for span in spans]
    size = len(written) * _IDS
    if set(map(len, written)) == {2 * _IDS}:
        try:
            whole = bytes.fromhex("".join(written))
        except ValueError:
            whole = b""
        if len(whole) == size:
            return [whole[n : n + _IDS] for n in range(0, size, _IDS)]
    return [_id(one) for one in written]


def _id(written: str) -> bytes:
    try:
        return bytes.fromhex(written)
    except ValueError:
        return b""


def _map_of(span: _Span) -> dict[str, Any]:
    """A span as JSON has it, without its ids and instants; what cannot be read of it is left out."""
    found: dict[str, Any] = {"name": span.name}
    for name, raw in (("attributes", span.attributes), ("status", span.status), ("events", span.events)):
        try:
            found[name] = orjson.loads(bytes(raw))
        except orjson.JSONDecodeError:
            continue
    return found


def _plainly(request: dict[str, Any]) -> list[_Resource]:
    """The same from JSON that leaves out and nulls what it likes."""
    return [
        _Resource(
            resource=_raw(part.get("resource")),
            scope_spans=[
                _Scope(
                    scope=_raw(scope.get("scope")),
                    spans=[_span(object_of(span)) for span in list_of(scope, "spans")],
                )
                for scope in list_of(part, "scopeSpans")
            ],
        )
        for part in list_of(request, "resourceSpans")
    ]


def _span(span: dict[str, Any]) -> _Span:
    name, trace, own = span.get("name"), span.get("traceId"), span.get("spanId")
    return _Span(
        trace_id=trace if isinstance(trace, str) else "",
        span_id=own if isinstance(own, str) else "",
        name=name if isinstance(name, str) else "",
        kind=enum_of(span, "kind"),
        start_time_unix_nano=nanos(span.get("startTimeUnixNano")),
        end_time_unix_nano=nanos(span.get("endTimeUnixNano")),
        attributes=_raw(span.get("attributes")),
        status=_raw(span.get("status")),
        events=_raw(span.get("events")),
    )


def _raw(value: Any) -> msgspec.Raw:
    return msgspec.Raw(orjson.dumps(value))
