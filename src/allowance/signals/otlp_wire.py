"""The messages of OTLP (protocol 1.x), told to protobuf with only those fields that counting needs.

The bytes on the wire are the same as the official ones. What repeats from point to point (resource, attributes,
status, name) is kept as bytes, so that it is read once and then looked up: that is most of the speed.
"""

from __future__ import annotations

from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

_FIELD = descriptor_pb2.FieldDescriptorProto
_KINDS = {
    "bytes": _FIELD.TYPE_BYTES,
    "string": _FIELD.TYPE_STRING,
    "bool": _FIELD.TYPE_BOOL,
    "int32": _FIELD.TYPE_INT32,
    "int64": _FIELD.TYPE_INT64,
    "uint32": _FIELD.TYPE_UINT32,
    "sint32": _FIELD.TYPE_SINT32,
    "uint64": _FIELD.TYPE_UINT64,
    "fixed32": _FIELD.TYPE_FIXED32,
    "fixed64": _FIELD.TYPE_FIXED64,
    "sfixed64": _FIELD.TYPE_SFIXED64,
    "double": _FIELD.TYPE_DOUBLE,
}

_SCHEMA: dict[str, str] = {
    "AnyValue": "oneof string string_value 1, oneof bool bool_value 2, oneof int64 int_value 3, "
    "oneof double double_value 4, oneof bytes array_value 5, oneof bytes map_value 6, oneof bytes bytes_value 7",
    "KeyValue": "string key 1, AnyValue value 2",
    "Resource": "repeated bytes attributes 1",
    "Scope": "string name 1",
    "Status": "bytes message 2, int32 code 3",
    "Event": "repeated bytes attributes 3",
    "Span": "bytes trace_id 1, bytes span_id 2, bytes name 5, int32 kind 6, fixed64 start 7, fixed64 end 8, "
    "repeated bytes attributes 9, repeated bytes events 11, bytes status 15",
    "ScopeSpans": "bytes scope 1, repeated bytes items 2",
    "ResourceSpans": "bytes resource 1, repeated ScopeSpans scopes 2",
    "TracesRequest": "repeated ResourceSpans resources 1",
    "LogRecord": "fixed64 time 1, int32 severity_number 2, bytes severity_text 3, bytes body 5, "
    "repeated bytes attributes 6, bytes trace_id 9, bytes span_id 10, fixed64 observed 11, bytes event_name 12",
    "ScopeLogs": "bytes scope 1, repeated LogRecord items 2",
    "ResourceLogs": "bytes resource 1, repeated ScopeLogs scopes 2",
    "LogsRequest": "repeated ResourceLogs resources 1",
    "NumberPoint": "fixed64 start 2, fixed64 time 3, oneof double as_double 4, oneof sfixed64 as_int 6, "
    "repeated bytes attributes 7, uint32 flags 8",
    "HistogramPoint": "fixed64 start 2, fixed64 time 3, fixed64 count 4, repeated fixed64 counts 6, "
    "repeated double bounds 7, repeated bytes attributes 9, uint32 flags 10",
    "Side": "sint32 offset 1, repeated uint64 counts 2",
    "ExponentialPoint": "repeated bytes attributes 1, fixed64 start 2, fixed64 time 3, fixed64 count 4, "
    "sint32 scale 6, fixed64 zero_count 7, Side positive 8, Side negative 9, uint32 flags 10",
    "Gauge": "repeated bytes points 1",
    "Sum": "repeated bytes points 1, int32 temporality 2, bool monotonic 3",
    "Histogram": "repeated bytes points 1, int32 temporality 2",
    "Exponential": "repeated ExponentialPoint points 1, int32 temporality 2",
    "Metric": "string name 1, string unit 3, oneof Gauge gauge 5, oneof Sum sum 7, oneof Histogram histogram 9, "
    "oneof Exponential exponential 10, oneof bytes summary 11",
    "ScopeMetrics": "bytes scope 1, repeated Metric items 2",
    "ResourceMetrics": "bytes resource 1, repeated ScopeMetrics scopes 2",
    "MetricsRequest": "repeated ResourceMetrics resources 1",
    "Partial": "int64 rejected 1, string message 2",
    "Response": "Partial partial 1",
    "Detail": "string type_url 1, bytes value 2",
    "Failure": "int32 code 1, string message 2, repeated Detail details 3",
    "Delay": "int64 seconds 1",
    "RetryInfo": "Delay delay 1",
}
"""Message to its fields: [repeated|oneof] type name number."""


def _add(file: Any, name: str, fields: str) -> None:
    message = file.message_type.add(name=name)
    for written in fields.split(", "):
        *label, kind, field, number = written.split()
        added = message.field.add(
            name=field,
            number=int(number),
            label=_FIELD.LABEL_REPEATED if "repeated" in label else _FIELD.LABEL_OPTIONAL,
        )
        if kind in _KINDS:
            added.type = _KINDS[kind]
        else:
            added.type, added.type_name = _FIELD.TYPE_MESSAGE, f".allowance.otlp.{kind}"
        if "oneof" in label:
            if not message.oneof_decl:
                message.oneof_decl.add(name="one")
            added.oneof_index = 0


def _messages() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(
        name="allowance/otlp.proto", package="allowance.otlp", syntax="proto3"
    )
    for name, fields in _SCHEMA.items():
        _add(file, name, fields)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"allowance.otlp.{name}"))
        for name in _SCHEMA
    }


MESSAGES: dict[str, Any] = _messages()
"""Message classes by name, in a pool of their own, so that the official classes can live beside them."""
