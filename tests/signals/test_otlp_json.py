"""OTLP's JSON where it differs from protobuf's own: ids, enumerations, long numbers, names."""

from __future__ import annotations

import json
from typing import Any

import pytest

from allowance.core.problem import ProblemError
from allowance.signals.otlp_json import JsonReader
from allowance.signals.otlp_points import Exponential, Number

SPAN = {
    "traceId": "5B8EFFF798038103D269B633813FC60C",
    "spanId": "eee19b7ec3c1b174",
    "startTimeUnixNano": "1",
    "kind": 2,
}


def traces(span: dict[str, Any], **more: Any) -> bytes:
    return json.dumps(
        {"resourceSpans": [{"scopeSpans": [{"spans": [SPAN | span], **more}]}], **more}
    ).encode()


def one_span(**span: Any) -> Any:
    (found,) = JsonReader().read("traces", traces(span)).spans
    return found


def test_ids_are_hexadecimal_in_either_case() -> None:
    assert one_span()[0].hex() == "5b8efff798038103d269b633813fc60ceee19b7ec3c1b174"
    batch = JsonReader().read("traces", traces({"traceId": "W47/95gDgQPSabYzgT/GDA=="}))
    assert (len(batch.spans), sum(batch.refused.values())) == (0, 1)


@pytest.mark.parametrize("written", ["1718000000000000001", 1718000000000000001])
def test_long_numbers_as_text_or_number(written: object) -> None:
    value = {"key": "n", "value": {"intValue": written}}
    start, end, about = one_span(startTimeUnixNano=written, attributes=[value])[1:]
    assert (start, end, about.column("n")) == (1718000000000000001, 0, 1718000000000000001)


@pytest.mark.parametrize("span", [{"kind": "SPAN_KIND_SERVER"}, {"status": {"code": "STATUS_CODE_ERROR"}}])
def test_an_enumeration_as_a_word_is_refused(span: dict[str, Any]) -> None:
    with pytest.raises(ProblemError, match="must be a number"):
        one_span(**span)


def test_what_is_unknown_or_in_snake_case_is_passed_over() -> None:
    body = traces({"start_time_unix_nano": "9", "future": {"field": [1]}}, alsoUnknown=1)
    ((_, start, _, about),) = JsonReader().read("traces", body).spans
    assert (start, about.own["kind"]) == (1, "server")
    assert len(JsonReader().read("traces", b'{"resource_spans": [{"scope_spans": []}]}')) == 0


def test_lists_and_maps_among_attributes_are_no_values() -> None:
    attributes = [
        {"key": "list", "value": {"arrayValue": {"values": [{"stringValue": "a"}]}}},
        {"key": "map", "value": {"kvlistValue": {"values": []}}},
        {"key": "none", "value": {}},
        {"key": "yes", "value": {"boolValue": True}},
        {"key": "half", "value": {"doubleValue": 0.5}},
    ]
    about = one_span(attributes=attributes)[3]
    assert [about.column(name) for name in ("list", "map", "none", "yes", "half")] == [
        None,
        None,
        None,
        True,
        0.5,
    ]


def test_only_wanted_attributes_are_kept() -> None:
    attributes = [{"key": name, "value": {"stringValue": name}} for name in ("a", "b")]
    ((*_, about),) = JsonReader({"a"}).read("traces", traces({"attributes": attributes})).spans
    assert (about.column("a"), about.column("b")) == ("a", None)


def points(metric: dict[str, Any]) -> Any:
    body = {"resourceMetrics": [{"scopeMetrics": [{"metrics": [{"name": "m", **metric}]}]}]}
    return JsonReader().read("metrics", json.dumps(body).encode())


def test_points_of_every_kind() -> None:
    at = {"timeUnixNano": "5", "startTimeUnixNano": 1}
    delta = {"aggregationTemporality": 1, "isMonotonic": True}
    (metric,) = points(
        {"sum": {**delta, "dataPoints": [{**at, "asInt": "7"}, {**at, "asDouble": 2.5}]}}
    ).metrics
    assert [(point.start, point.time, point.value) for point in metric.points] == [(1, 5, 7), (1, 5, 2.5)]
    (metric,) = points({"gauge": {"dataPoints": [{**at, "asInt": 0}]}}).metrics
    assert (metric.form, isinstance(metric.points[0], Number)) == ("gauge", True)
    buckets = {"positive": {"offset": -3, "bucketCounts": ["1", 2]}, "scale": 2, "count": "4", "zeroCount": 1}
    (metric,) = points({"exponentialHistogram": {**delta, "dataPoints": [at | buckets]}}).metrics
    (point,) = metric.points
    assert isinstance(point, Exponential)
    assert (point.events, point.low, point.offset, point.counts) == (4, 1, -3, (1, 2))


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        ({"summary": {"dataPoints": [{}]}}, "summaries"),
        ({"sum": {"isMonotonic": True, "dataPoints": [{}]}}, "neither delta nor cumulative"),
        ({"gauge": {"dataPoints": [{"timeUnixNano": "5", "flags": 1, "asInt": 1}]}}, "no value"),
        ({"gauge": {"dataPoints": [{"asInt": 1}]}}, "no instant"),
        (
            {"histogram": {"aggregationTemporality": 1, "dataPoints": [{"timeUnixNano": 5, "count": 2, "bucketCounts": [1, 2, 3], "explicitBounds": [1]}]}},
            "do not fit",
        ),
    ],
)  # fmt: skip
def test_points_that_cannot_be_used_are_counted_with_their_reason(
    metric: dict[str, Any], reason: str
) -> None:
    ((said, count),) = points(metric).refused.items()
    assert (count, reason in said) == (1, True)
