"""OTLP requests in protobuf to plain values; what repeats is read once and then looked up."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from google.protobuf.message import DecodeError

from allowance.contract.source import Signal
from allowance.core.problem import refuse
from allowance.signals.otlp_failures import ERROR, FailureReader
from allowance.signals.otlp_points import (
    NO_TEMPORALITY,
    NO_TIME,
    NO_VALUE,
    NOT_COUNTED,
    About,
    Attributes,
    Batch,
    Explicit,
    Exponential,
    Failure,
    Form,
    Log,
    Metric,
    Number,
    Point,
    Scalar,
    Span,
    digest_of,
    explicit,
    exponential,
    usable_spans,
)
from allowance.signals.otlp_wire import MESSAGES
from allowance.signals.semconv import SPAN_KINDS, STATUS_CODES

MOST_KNOWN = 50_000
"""How many different texts and attributes are kept read; beyond it, all are forgotten and read again."""

_REQUESTS = {"traces": "TracesRequest", "logs": "LogsRequest", "metrics": "MetricsRequest"}
_FORMS: dict[int, Form] = {1: "delta", 2: "cumulative"}
_KEY_VALUE, _ANY_VALUE = MESSAGES["KeyValue"], MESSAGES["AnyValue"]


class ProtobufReader:
    """Reads requests. It remembers what it has read only to be quicker; answers do not depend on it.

    `wanted` are the attributes that spans and logs are asked for (all, where it is None); others are passed over.
    """

    def __init__(self, wanted: Collection[str] | None = None) -> None:
        self._wanted = None if wanted is None else frozenset(name.encode() for name in wanted)
        self._pairs: dict[bytes, tuple[str, Scalar]] = {}
        self._abouts: dict[object, dict[tuple[Any, ...], About]] = {}
        self._same: dict[tuple[Any, ...], About] = {}
        self._resources: dict[bytes, Attributes] = {}
        self._size = 0
        self._failed: set[About] = set()
        self._failures = FailureReader()

    def read(self, signal: Signal, body: bytes) -> Batch:
        """The points of a request. Errors: `Problem` `otlp` for bytes that are no such request."""
        if self._size > MOST_KNOWN:
            self._forget()
        try:
            request = MESSAGES[_REQUESTS[signal]].FromString(body)
            refused: dict[str, int] = {}
            if signal == "traces":
                spans, failures = self._spans(request)
                return Batch(spans=usable_spans(spans, refused), failures=failures, refused=refused)
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
        for known in (self._pairs, self._abouts, self._same, self._resources, self._failed):
            known.clear()
        self._size = 0

    def _spans(self, request: Any) -> tuple[list[Span], list[Failure]]:
        found: list[Span] = []
        failures: list[Failure] = []
        for part in request.resources:
            for scope in part.scopes:
                place = (part.resource, scope.scope)
                known = self._abouts.setdefault(place, {})
                get, about = known.get, self._span_about
                read: list[Span] = [
                    (
                        span.trace_id + span.span_id,
                        span.start,
                        span.end,
                        get(key := (span.name, span.kind, span.status, *span.attributes))
                        or about(known, place, key),
                    )
                    for span in scope.items
                ]
                found += read
                failures += self._failures_of(scope, read)
        return found, failures

    def _failures_of(self, scope: Any, read: list[Span]) -> list[Failure]:
        failed = self._failed
        if failed.isdisjoint([span[3] for span in read]):
            return []
        both = [(span, one[3]) for span, one in zip(scope.items, read, strict=True) if one[3] in failed]
        found = (self._failures.protobuf(span, about) for span, about in both)
        return [one for one in found if one is not None]

    def _span_about(
        self, known: dict[tuple[Any, ...], About], place: tuple[bytes, bytes], key: tuple[Any, ...]
    ) -> About:
        name, kind, status, *pairs = key
        kept = tuple(pair for pair in pairs if self._is_wanted(pair))
        named = name if self._wanted is None or b"name" in self._wanted else b""
        same = (place, named, kind, status, *kept)
        found = self._same.get(same)
        if found is None:
            code = MESSAGES["Status"].FromString(status).code
            own: Attributes = {
                "name": _text(named),
                "kind": _word(SPAN_KINDS, kind),
                "status_code": _word(STATUS_CODES, code),
                "scope_name": MESSAGES["Scope"].FromString(place[1]).name,
            }
            found = About(own=own, attributes=self._attributes(kept), resource=self._resource(place[0]))
            self._same[same] = found
            if code == ERROR:
                self._failed.add(found)
        known[key] = found
        self._size += 1
        return found

    def _is_wanted(self, pair: bytes) -> bool:
        """Whether an attribute is asked for, seen from its first bytes (the key comes first, if it is short)."""
        if self._wanted is None or pair[:1] != b"\n" or len(pair) < 2 or pair[1] > 127:
            return True
        return pair[2 : 2 + pair[1]] in self._wanted

    def _attributes(self, pairs: Iterable[bytes]) -> dict[str, Scalar]:
        return dict(self._pairs.get(pair) or self._pair(pair) for pair in pairs)

    def _pair(self, pair: bytes) -> tuple[str, Scalar]:
        read = _KEY_VALUE.FromString(pair)
        found = self._pairs[pair] = (read.key, _scalar(read.value))
        self._size += 1
        return found

    def _resource(self, raw: bytes) -> Attributes:
        found = self._resources.get(raw)
        if found is None:
            found = self._resources[raw] = self._attributes(MESSAGES["Resource"].FromString(raw).attributes)
            self._size += 1
        return found

    def _logs(self, request: Any, refused: dict[str, int]) -> list[Log]:
        found: list[Log] = []
        for part in request.resources:
            resource = self._resource(part.resource)
            for scope in part.scopes:
                scope_name = MESSAGES["Scope"].FromString(scope.scope).name
                for record in scope.items:
                    log = self._log(record, resource, scope_name)
                    if log.at:
                        found.append(log)
                    else:
                        refused[NO_TIME] = refused.get(NO_TIME, 0) + 1
        return found

    def _log(self, record: Any, resource: Attributes, scope_name: str) -> Log:
        body = _scalar(_ANY_VALUE.FromString(record.body))
        own: Attributes = {
            "name": _text(record.event_name) or None,
            "body": body if isinstance(body, str) else None,
            "severity": record.severity_number or None,
            "severity_text": _text(record.severity_text) or None,
            "scope_name": scope_name,
        }
        attributes = self._attributes(record.attributes)
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
        attributes, sender = self._attributes(pairs), self._resource(resource)
        scope_name = MESSAGES["Scope"].FromString(scope).name
        own: Attributes = {"metric": name, "unit": unit, "scope_name": scope_name}
        digest = digest_of(sender, own, attributes)
        self._size += 1
        found = known[pairs] = About(own=own, attributes=attributes, resource=sender, digest=digest)
        return found


def _scalar(value: Any) -> Scalar:
    kind = value.WhichOneof("one")
    return (
        getattr(value, kind) if kind in ("string_value", "bool_value", "int_value", "double_value") else None
    )


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _word(words: tuple[str, ...], number: int) -> str:
    return words[number] if 0 <= number < len(words) else words[0]


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
