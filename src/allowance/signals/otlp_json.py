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
from allowance.signals.otlp_columns import Batch
from allowance.signals.otlp_json_spans import JsonSpanReader
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
    Form,
    Log,
    Metric,
    Number,
    Point,
    digest_of,
    explicit,
    exponential,
)

MOST_KNOWN = 50_000
_FORMS: dict[int, Form] = {1: "delta", 2: "cumulative"}


class JsonReader:
    """Reads requests. It remembers what it has read only to be quicker; answers do not depend on it.

    `wanted` are the attributes that spans are asked for (all, where it is None); others are passed over.
    """

    def __init__(self, wanted: Collection[str] | None = None) -> None:
        self._known: dict[tuple[Any, ...], About] = {}
        self._spans = JsonSpanReader(wanted)

    def read(self, signal: Signal, body: bytes) -> Batch:
        """The points of a request. Errors: `Problem` `otlp` for text that is no such request."""
        if len(self._known) + self._spans.size > MOST_KNOWN:
            self._known.clear()
            self._spans.forget()
        refused: dict[str, int] = {}
        try:
            if signal == "traces":
                spans, failures = self._spans.read(body, refused)
                return Batch(spans=spans, failures=failures, refused=refused)
            request = object_of(orjson.loads(body or b"{}"))
            if signal == "logs":
                return Batch(logs=self._logs(list_of(request, "resourceLogs"), refused), refused=refused)
            return Batch(metrics=self._metrics(list_of(request, "resourceMetrics"), refused), refused=refused)
        except ProblemError:
            raise
        except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
            raise _malformed(signal) from None

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
