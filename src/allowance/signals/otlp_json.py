"""OTLP requests in JSON to the same plain values as protobuf ones.

Names are lowerCamelCase, enumerations numbers, ids hexadecimal, 64-bit numbers texts or numbers; what is not known is
passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import orjson

from allowance.contract.source import Signal
from allowance.core.problem import ProblemError, refuse
from allowance.signals.otlp_failures import ERROR, FailureReader
from allowance.signals.otlp_json_values import (
    enum_of,
    list_of,
    nanos,
    natural,
    object_of,
    pairs_of,
    scalar_of,
    scope_of,
    sender_of,
    whole,
)
from allowance.signals.otlp_points import (
    NO_TEMPORALITY,
    NO_TIME,
    NO_VALUE,
    NOT_COUNTED,
    About,
    Attributes,
    Batch,
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
from allowance.signals.semconv import SPAN_KINDS, STATUS_CODES

MOST_KNOWN = 50_000
_FORMS: dict[int, Form] = {1: "delta", 2: "cumulative"}
_BAD_IDS = b""
_NOTHING: dict[str, Any] = {}


class JsonReader:
    """Reads requests. It remembers what it has read only to be quicker; answers do not depend on it.

    `wanted` are the attributes that spans are asked for (all, where it is None); others are passed over.
    """

    def __init__(self, wanted: Collection[str] | None = None) -> None:
        self._wanted = None if wanted is None else frozenset(wanted)
        self._known: dict[tuple[Any, ...], About] = {}
        self._failures = FailureReader()

    def read(self, signal: Signal, body: bytes) -> Batch:
        """The points of a request. Errors: `Problem` `otlp` for text that is no such request."""
        if len(self._known) > MOST_KNOWN:
            self._known.clear()
        refused: dict[str, int] = {}
        try:
            request = object_of(orjson.loads(body or b"{}"))
            if signal == "traces":
                spans, failures = self._spans(list_of(request, "resourceSpans"))
                return Batch(spans=usable_spans(spans, refused), failures=failures, refused=refused)
            if signal == "logs":
                return Batch(logs=self._logs(list_of(request, "resourceLogs"), refused), refused=refused)
            return Batch(metrics=self._metrics(list_of(request, "resourceMetrics"), refused), refused=refused)
        except ProblemError:
            raise
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
            raise _malformed(signal) from None

    def _spans(self, parts: list[Any]) -> tuple[list[Span], list[Failure]]:
        found: list[Span] = []
        failures: list[Failure] = []
        for part in parts:
            resource = sender_of(part)
            place = digest_of(resource)
            for scope in list_of(part, "scopeSpans"):
                name = scope_of(scope)
                spans = list_of(scope, "spans")
                read = [self._span(span, resource, (place, name)) for span in spans]
                found += read
                failures += [
                    failure
                    for span, one in zip(spans, read, strict=True)
                    if (status := span.get("status"))
                    and status.get("code") == ERROR
                    and (failure := self._failures.json(span, *one)) is not None
                ]
        return found, failures

    def _span(self, span: Any, resource: Attributes, place: tuple[bytes, str]) -> Span:
        get, wanted = span.get, self._wanted
        status, pairs = get("status"), get("attributes") or ()
        code = enum_of(status, "code") if status else 0
        name = get("name") if wanted is None or "name" in wanted else None
        if wanted is None:
            said = tuple([(pair["key"], *pair.get("value", _NOTHING).items()) for pair in pairs])
        else:
            said = tuple(
                [
                    (key, *pair.get("value", _NOTHING).items())
                    for pair in pairs
                    if (key := pair["key"]) in wanted
                ]
            )
        raw: tuple[Any, ...] = (place, name, enum_of(span, "kind"), code, said)
        try:
            about = self._known.get(raw)
        except TypeError:  # A list or a map among the values; it can be no key.
            raw, about = (*raw[:4], orjson.dumps(said)), None
        if about is None:
            about = self._about(raw, pairs_of(pairs, wanted), resource)
        try:
            ids = bytes.fromhex(span["traceId"] + span["spanId"])
        except (ValueError, KeyError, TypeError):
            ids = _BAD_IDS
        return ids, nanos(get("startTimeUnixNano")), nanos(get("endTimeUnixNano")), about

    def _about(
        self, key: tuple[Any, ...], said: tuple[tuple[str, Scalar], ...], resource: Attributes
    ) -> About:
        (_, scope), name, kind, code, _ = key
        own: Attributes = {
            "name": name if isinstance(name, str) else "",
            "kind": _word(SPAN_KINDS, kind),
            "status_code": _word(STATUS_CODES, code),
            "scope_name": scope,
        }
        found = self._known[key] = About(own=own, attributes=dict(said), resource=resource)
        return found

    def _logs(self, parts: list[Any], refused: dict[str, int]) -> list[Log]:
        found: list[Log] = []
        for part in parts:
            resource = sender_of(part)
            for scope in list_of(part, "scopeLogs"):
                scope_name = scope_of(scope)
                for record in list_of(scope, "logRecords"):
                    log = _log(object_of(record), resource, scope_name)
                    if log.at:
                        found.append(log)
                    else:
                        refused[NO_TIME] = refused.get(NO_TIME, 0) + 1
        return found

    def _metrics(self, parts: list[Any], refused: dict[str, int]) -> list[Metric]:
        found: list[Metric] = []
        for part in parts:
            resource = sender_of(part)
            place = digest_of(resource)
            for scope in list_of(part, "scopeMetrics"):
                name = scope_of(scope)
                for metric in list_of(scope, "metrics"):
                    read = self._metric(object_of(metric), resource, (place, name), refused)
                    if read is not None:
                        found.append(read)
        return found

    def _metric(
        self, metric: dict[str, Any], resource: Attributes, place: tuple[bytes, str], refused: dict[str, int]
    ) -> Metric | None:
        if "summary" in metric:
            refused[NOT_COUNTED] = refused.get(NOT_COUNTED, 0) + 1
            return None
        kind = next((one for one in _READERS if metric.get(one) is not None), None)
        if kind is None:
            return None
        data = object_of(metric[kind])
        points = list_of(data, "dataPoints")
        form: Form | None = "gauge"
        if kind != "gauge" and (kind != "sum" or data.get("isMonotonic") is True):
            form = _FORMS.get(enum_of(data, "aggregationTemporality"))
        if form is None:
            refused[NO_TEMPORALITY] = refused.get(NO_TEMPORALITY, 0) + len(points)
            return None
        name, unit = str(metric.get("name") or ""), str(metric.get("unit") or "")
        found: list[Point] = []
        for point in points:
            said = pairs_of(point.get("attributes") or [], None)
            key = (place, name, unit, said)
            about = self._known.get(key) or self._metric_about(key, resource)
            one = _point(kind, point, about)
            if isinstance(one, str):
                refused[one] = refused.get(one, 0) + 1
            else:
                found.append(one)
        return Metric(name=name, unit=unit, form=form, points=found)

    def _metric_about(self, key: tuple[Any, ...], resource: Attributes) -> About:
        (_, scope), name, unit, said = key
        own: Attributes = {"metric": name, "unit": unit, "scope_name": scope}
        attributes = dict(said)
        digest = digest_of(resource, own, attributes)
        found = self._known[key] = About(own=own, attributes=attributes, resource=resource, digest=digest)
        return found


def _log(record: dict[str, Any], resource: Attributes, scope_name: str) -> Log:
    body = scalar_of(record.get("body") or {})
    own: Attributes = {
        "name": record.get("eventName") or None,
        "body": body if isinstance(body, str) else None,
        "severity": enum_of(record, "severityNumber") or None,
        "severity_text": record.get("severityText") or None,
        "scope_name": scope_name,
    }
    attributes = dict(pairs_of(record.get("attributes") or [], None))
    at = nanos(record.get("timeUnixNano")) or nanos(record.get("observedTimeUnixNano"))
    ids = bytes.fromhex((record.get("traceId") or "") + (record.get("spanId") or ""))
    key = digest_of(resource, own, attributes, at, ids)
    return Log(key=key, at=at, about=About(own=own, attributes=attributes, resource=resource))


def _point(kind: str, point: dict[str, Any], about: About) -> Point | str:
    if enum_of(point, "flags") & 1:
        return NO_VALUE
    if not nanos(point.get("timeUnixNano")):
        return NO_TIME
    return _READERS[kind](point, about, nanos(point.get("startTimeUnixNano")), nanos(point["timeUnixNano"]))


def _number(point: dict[str, Any], about: About, start: int, time: int) -> Number | str:
    if point.get("asInt") is not None:
        return Number(about, start, time, whole(point["asInt"]))
    if point.get("asDouble") is not None:
        return Number(about, start, time, float(point["asDouble"]))
    return NO_VALUE


def _explicit(point: dict[str, Any], about: About, start: int, time: int) -> Point | str:
    counts = tuple(natural(one) for one in list_of(point, "bucketCounts"))
    bounds = tuple(float(one) for one in list_of(point, "explicitBounds"))
    return explicit(about, start, time, natural(point.get("count")), counts, bounds)


def _exponential(point: dict[str, Any], about: About, start: int, time: int) -> Point | str:
    positive, negative = object_of(point.get("positive") or {}), object_of(point.get("negative") or {})
    low = natural(point.get("zeroCount")) + sum(natural(one) for one in list_of(negative, "bucketCounts"))
    counts = tuple(natural(one) for one in list_of(positive, "bucketCounts"))
    return exponential(
        about,
        start,
        time,
        natural(point.get("count")),
        low,
        enum_of(point, "scale"),
        enum_of(positive, "offset"),
        counts,
    )


_READERS: dict[str, Callable[[dict[str, Any], About, int, int], Point | str]] = {
    "gauge": _number,
    "sum": _number,
    "histogram": _explicit,
    "exponentialHistogram": _exponential,
}


def _malformed(signal: Signal) -> ProblemError:
    return refuse(
        "otlp",
        f"the body is no OTLP request for {signal} in JSON",
        hint="send what an OpenTelemetry SDK sends, to the path of its signal",
    )


def _word(words: tuple[str, ...], number: int) -> str:
    return words[number] if 0 <= number < len(words) else words[0]
