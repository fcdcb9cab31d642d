"""Spans in columns: whatever order a sender writes them in, they say what the official classes read of them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span

from allowance.signals.otlp_columns import Batch
from allowance.signals.otlp_json import JsonReader
from allowance.signals.otlp_protobuf import ProtobufReader
from allowance.signals.semconv import SPAN_KINDS, STATUS_CODES

READERS = ProtobufReader(), JsonReader()
"""They live through all examples, so that what was read once meets what comes later."""
FIELDS = (
    "trace_id",
    "span_id",
    "parent_span_id",
    "name",
    "kind",
    "start_time_unix_nano",
    "end_time_unix_nano",
)
WORDS = st.sampled_from(["", "GET /", "pay", "é" * 70])


@st.composite
def written(draw: st.DrawFn) -> list[bytes]:
    """The bytes of a span, field by field."""
    span = Span(
        trace_id=draw(st.sampled_from([bytes(range(16)), b"\x22\x08" * 8, b"short"])),
        span_id=draw(st.sampled_from([b"\x39" * 8, b"\x01" * 8, bytes(8)])),
        parent_span_id=draw(st.sampled_from([b"", b"\x2a\x03abc\x30\x01", b"\x39" * 8])),
        trace_state=draw(st.sampled_from(["", "", "a=b"])),
        name=draw(WORDS),
        kind=draw(st.sampled_from([0, 1, 2, 2, 5])),
        start_time_unix_nano=draw(st.sampled_from([0, 1, 2**40, 2**64 - 1])),
        end_time_unix_nano=draw(st.sampled_from([0, 5, 2**41])),
        flags=draw(st.sampled_from([0, 0x100])),
    )
    for key in draw(st.lists(st.sampled_from("abc"), max_size=2, unique=True)):
        span.attributes.add(key=key).value.string_value = draw(WORDS)
    span.status.code = draw(st.sampled_from([0, 1, 2]))  # type: ignore[assignment]
    span.status.message = draw(st.sampled_from(["", "", "no such row"]))
    if draw(st.booleans()):
        span.events.add(name="exception").attributes.add(key="exception.type").value.string_value = "Oops"
    parts = []
    for field, value in span.ListFields():
        one = Span()
        if isinstance(value, (int, str, bytes)):
            setattr(one, field.name, value)
        else:
            one.MergeFrom(Span(**{field.name: value}))
        parts.append(one.SerializeToString())
    return parts


SPANS = st.lists(
    written().flatmap(
        lambda parts: st.one_of(
            st.just(parts), st.permutations(parts), st.just([*parts, parts[-1], *parts[:3]])
        )
    ),
    min_size=1,
    max_size=4,
)


def _body(spans: list[list[bytes]]) -> bytes:
    """A request whose spans are written in the order given."""
    scope = ScopeSpans().SerializeToString() + b"".join(
        b"\x12" + _varint(len(one)) + one for one in (b"".join(parts) for parts in spans)
    )
    part = ResourceSpans().SerializeToString() + b"\x12" + _varint(len(scope)) + scope
    return b"\x0a" + _varint(len(part)) + part


def _varint(number: int) -> bytes:
    found = bytearray()
    while number > 127:
        found.append(number & 127 | 128)
        number >>= 7
    return bytes([*found, number])


def _official(body: bytes) -> list[tuple[Any, ...]]:
    found = []
    for part in ExportTraceServiceRequest.FromString(body).resource_spans:
        for scope in part.scope_spans:
            for one in scope.spans:
                if len(one.trace_id + one.span_id) == 24 and any(one.span_id) and one.start_time_unix_nano:
                    own = (one.name, SPAN_KINDS[one.kind], STATUS_CODES[one.status.code])
                    said = {pair.key: pair.value.string_value for pair in one.attributes}
                    ids = one.trace_id + one.span_id
                    found.append((ids, one.start_time_unix_nano, one.end_time_unix_nano, *own, said))
    return found


def _failures(batch: Batch) -> list[tuple[Any, ...]]:
    """All that failures say, however often their reader has read the like."""
    return [(one[:3], one.about.own, one.about.attributes, *one[4:]) for one in batch.failures]


def _ours(batch: Batch) -> list[tuple[Any, ...]]:
    return [
        (
            ids,
            start,
            end,
            *(about.own[name] for name in ("name", "kind", "status_code")),
            dict(about.attributes),
        )
        for ids, start, end, about in batch.spans
    ]


@settings(max_examples=150, deadline=None)
@given(SPANS)
def test_any_order_of_fields_says_the_same(spans: list[list[bytes]]) -> None:
    body = _body(spans)
    known = _official(body)
    batch = READERS[0].read("traces", body)
    assert _ours(batch) == known
    failed = [one[:3] for one in known if one[5] == "error"]
    assert [(one.ids, one.start, one.end) for one in batch.failures] == failed
    assert all(dict(one.about.attributes) in [row[6] for row in known] for one in batch.failures)
    assert _failures(batch) == _failures(ProtobufReader().read("traces", body))


@settings(max_examples=60, deadline=None)
@given(SPANS)
def test_the_same_in_json(spans: list[list[bytes]]) -> None:
    body = _body(spans)
    whole = ExportTraceServiceRequest.FromString(body)
    said = [_json(one) for part in whole.resource_spans for scope in part.scope_spans for one in scope.spans]
    text = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": said}]}]}).encode()
    batch = READERS[1].read("traces", text)
    assert _failures(batch) == _failures(JsonReader().read("traces", text))
    assert _ours(batch) == _official(body)
    assert len(batch.failures) == sum(1 for one in _official(body) if one[5] == "error")


def _pairs(attributes: Any) -> list[dict[str, Any]]:
    return [{"key": one.key, "value": {"stringValue": one.value.string_value}} for one in attributes]


def _json(span: Span) -> dict[str, Any]:
    return {
        "traceId": span.trace_id.hex(),
        "spanId": span.span_id.hex(),
        # A null stands for what is left out, which the quick way does not know.
        "name": span.name or None,
        "kind": span.kind,
        "startTimeUnixNano": str(span.start_time_unix_nano),
        "endTimeUnixNano": span.end_time_unix_nano,
        "attributes": _pairs(span.attributes),
        "status": {"code": span.status.code, **({"message": said} if (said := span.status.message) else {})},
        "events": [{"name": one.name, "attributes": _pairs(one.attributes)} for one in span.events],
    }


def test_only_new_texts_are_read() -> None:
    """A second request of the same sender is answered from the layout alone: same objects, other ids and instants."""
    reader = ProtobufReader()
    first, second = (
        Span(
            trace_id=bytes([n]) * 16,
            span_id=bytes([n]) * 8,
            name="GET /",
            kind=2,  # type: ignore[arg-type]
            start_time_unix_nano=n,
            end_time_unix_nano=n + 1,
        )
        for n in (1, 2)
    )
    ((_, _, _, about),) = reader.read("traces", _body([[first.SerializeToString()]])).spans
    ((ids, start, end, again),) = reader.read("traces", _body([[second.SerializeToString()]])).spans
    assert again is about
    assert (ids, start, end) == (b"\x02" * 24, 2, 3)
