"""OTLP requests in protobuf to plain values; what repeats is read once and then looked up."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from google.protobuf.message import DecodeError

from allowance.contract.source import Signal
from allowance.core.problem import refuse
from allowance.signals.otlp_attributes import AttributeReader, plain
from allowance.signals.otlp_columns import Batch
from allowance.signals.otlp_points import (
    NO_TEMPORALITY,
    NO_TIME,
    NO_VALUE,
    NOT_COUNTED,
    About,
    Attributes,
    Explicit,
    Exponential,
    Form,
    Log,
    Metric,
    Number,
    Point,
    digest_of,
    explicit,
    exponential,
)
from allowance.signals.otlp_spans import SpanReader
from allowance.signals.otlp_wire import MESSAGES

MOST_KNOWN = 50_000
"""How many different texts and attributes are kept read; beyond it, all are forgotten and read again."""

_REQUESTS = {"traces": "TracesRequest", "logs": "LogsRequest", "metrics": "MetricsRequest"}
_FORMS: dict[int, Form] = {1: "delta", 2: "cumulative"}
_ANY_VALUE = MESSAGES["AnyValue"]


class ProtobufReader:
    """Reads requests. It remembers what it has read only to be quicker; answers do not depend on it.

    `wanted` are the attributes that spans and logs are asked for (all, where it is None); others are passed over.
    """

    def __init__(self, wanted: Collection[str] | None = None) -> None:
        self._attributes = AttributeReader(wanted)
        self._spans = SpanReader(self._attributes)
        self._abouts: dict[object, dict[tuple[Any, ...], About]] = {}
        self._size = 0

    def read(self, signal: Signal, body: bytes) -> Batch:
        """The points of a request. Errors: `Problem` `otlp` for bytes that are no such request."""
        if self._size + self._spans.size + self._attributes.size > MOST_KNOWN:
            self._forget()
        try:
            request = MESSAGES[_REQUESTS[signal]].FromString(body)
            refused: dict[str, int] = {}
            if signal == "traces":
                spans, failures = self._spans.read(request, refused)
                return Batch(spans=spans, failures=failures, refused=refused)
            if signal == "logs":
                return Batch(logs=self._logs(request, refused), refused=refused)
            return Batch(metrics=self._metrics(request, refused), refused=refused)
        except DecodeError:
            raise refuse(
                "otlp",
                f"the body is no OTLP request for {signal} in protobuf",
                hint="send what an OpenTelemetry SDK sends, to the path of its signal",
            ) from None

    def _forget(self) -> None:
        self._attributes.forget()
        self._spans.forget()
        self._abouts.clear()
        self._size = 0

    def _logs(self, request: Any, refused: dict[str, int]) -> list[Log]:
        found: list[Log] = []
        for part in request.resources:
            resource = self._attributes.resource(part.resource)
            for scope in part.scopes:
                scope_name = self._attributes.scope(scope.scope)
                for record in scope.items:
                    log = self._log(record, resource, scope_name)
                    if log.at:
                        found.append(log)
                    else:
                        refused[NO_TIME] = refused.get(NO_TIME, 0) + 1
        return found

    def _log(self, record: Any, resource: Attributes, scope_name: str) -> Log:
        body = plain(_ANY_VALUE.FromString(record.body))
        own: Attributes = {
            "name": _text(record.event_name) or None,
            "body": body if isinstance(body, str) else None,
            "severity": record.severity_number or None,
            "severity_text": _text(record.severity_text) or None,
            "scope_name": scope_name,
        }
        attributes = self._attributes.attributes(record.attributes)
        at = record.time or record.observed
        ids = record.trace_id + record.span_id
        return Log(
            key=digest_of(resource, own, attributes, at, ids),
            at=at,
            about=About(own=own, attributes=attributes, resource=resource),
        )

    def _metrics(self, request: Any, refused: dict[str, int]) -> list[Metric]:
        found: list[Metric] = []
        for part in request.resources:
            for scope in part.scopes:
                for metric in scope.items:
                    read = self._metric(metric, (part.resource, scope.scope), refused)
                    if read is not None:
                        found.append(read)
        return found

    def _metric(self, metric: Any, place: tuple[bytes, bytes], refused: dict[str, int]) -> Metric | None:
        kind = metric.WhichOneof("one")
        if kind is None:
            return None
        if kind == "summary":
            refused[NOT_COUNTED] = refused.get(NOT_COUNTED, 0) + 1
            return None
        data = getattr(metric, kind)
        form: Form | None = "gauge"
        if kind != "gauge" and (kind != "sum" or data.monotonic):
            form = _FORMS.get(data.temporality)
        if form is None:
            refused[NO_TEMPORALITY] = refused.get(NO_TEMPORALITY, 0) + len(data.points)
            return None
        name, unit = metric.name, metric.unit
        key = (place, name, unit)
        known = self._abouts.setdefault(key, {})
        points: list[Point] = []
        read = {"histogram": _explicit, "exponential": _exponential}.get(kind, _number)
        for point in data.points:
            pairs = (*point.attributes,)
            about = known.get(pairs) or self._metric_about(known, key, pairs)
            one = NO_VALUE if point.flags & 1 else read(point, about) if point.time else NO_TIME
            if isinstance(one, str):
                refused[one] = refused.get(one, 0) + 1
            else:
                points.append(one)
        return Metric(name=name, unit=unit, form=form, points=points)

    def _metric_about(
        self, known: dict[tuple[Any, ...], About], key: tuple[Any, ...], pairs: tuple[bytes, ...]
    ) -> About:
        (resource, scope), name, unit = key
        attributes, sender = self._attributes.attributes(pairs), self._attributes.resource(resource)
        own: Attributes = {"metric": name, "unit": unit, "scope_name": self._attributes.scope(scope)}
        digest = digest_of(sender, own, attributes)
        self._size += 1
        found = known[pairs] = About(own=own, attributes=attributes, resource=sender, digest=digest)
        return found


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _number(point: Any, about: About) -> Number | str:
    value = point.as_int or point.as_double
    if not value and point.WhichOneof("one") is None:
        return NO_VALUE
    return Number(about, point.start, point.time, value)


def _explicit(point: Any, about: About) -> Explicit | str:
    return explicit(about, point.start, point.time, point.count, (*point.counts,), (*point.bounds,))


def _exponential(point: Any, about: About) -> Exponential | str:
    low = point.zero_count + sum(point.negative.counts)
    positive = point.positive
    return exponential(
        about, point.start, point.time, point.count, low, point.scale, positive.offset, tuple(positive.counts)
    )
