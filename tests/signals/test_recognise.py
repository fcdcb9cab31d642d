"""Formats, times, units and columns, recognised from a few lines."""

from __future__ import annotations

import re

import pytest

from allowance.core.problem import ProblemError
from allowance.signals.columns import Sampled, columns_of
from allowance.signals.counted import counted
from allowance.signals.log_formats import GROUPS, HAPROXY, access_log
from allowance.signals.number_forms import base_of, unit_by_shape, unit_of, words_of
from allowance.signals.recognise import Recognised, recognise
from allowance.signals.time_column import find_time
from allowance.signals.time_forms import TimeForm, time_form

COMBINED = '192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5 "-" "x"'
COMMON = '192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5'
HAPROXY_LINE = '10.0.1.2:1 [06/Feb/2009:12:14:14.655] f b/s 1/0/3/6/9 200 2 - - ---- 1/1/1/1/0 0/0 "GET /"'
JSON = '{"time": "2026-01-01T00:00:00Z", "status": 200}'


def look(*lines: str, wanted: str | None = None, time: str | None = None, zone: str = "UTC") -> Recognised:
    return recognise(lines, name="file", wanted=wanted, time=time, zone=zone)


@pytest.mark.parametrize(
    ("lines", "name"),
    [
        ([COMBINED], "combined"),
        ([COMMON], "common"),
        ([COMBINED + " 0.1"], "combined+time"),
        ([COMMON + " 0.1"], "common+time"),
        ([COMBINED, COMBINED, COMMON], "combined"),
        ([COMBINED, COMMON, COMMON], "common"),
        ([JSON], "json-lines"),
        ([HAPROXY_LINE], "haproxy-http"),
        (["Feb  6 12:14:14 lb haproxy[1]: " + HAPROXY_LINE], "haproxy-http"),
        (["time,status", "2026-01-01,200"], "csv-events"),
        (["time\tgood\ttotal", "2026-01-01\t1\t2"], "csv-counts"),
        (["rubbish"] * 9 + [COMBINED], "combined"),
        (["\x00\x01", "", COMMON], "common"),
    ],
)
def test_formats(lines: list[str], name: str) -> None:
    assert look(*lines).format == name


@pytest.mark.parametrize(
    ("said", "lines", "name"),
    [
        ("nginx", [COMBINED], "combined"),
        ("apache-common", [COMMON], "common"),
        ("jsonl", [JSON, COMBINED, COMBINED], "json-lines"),
        ("tsv", ["time\tx", "2026-01-01\t1"], "csv-events"),
        ("combined+time:us", [COMBINED + " 5"], "combined+time"),
    ],
)
def test_formats_that_are_said(said: str, lines: list[str], name: str) -> None:
    assert look(*lines, wanted=said).format == name


@pytest.mark.parametrize(
    "said", ["jsonl", "haproxy", "combined", "parquet", "xml", "combined:ms", "combined+time:d"]
)
def test_formats_that_are_not_so(said: str) -> None:
    with pytest.raises(ProblemError) as caught:
        look("a,b", "1,2", wanted=said)
    assert caught.value.problems[0].code == "format"
    assert caught.value.problems[0].hint


@pytest.mark.parametrize(
    ("name", "values", "form"),
    [
        ("t", ["17/Nov/2013:06:31:30 -0500"], "clf"),
        ("t", ["06/Feb/2009:12:14:14.655"], "clf-local"),
        ("t", ["2026-11-21T14:00:00.123Z"], "iso"),
        ("t", ["2026-11-21"], "iso"),
        ("t", ["2026-11-21 14:00:00,123 +0100"], "iso"),
        ("t", ["1461648000"], "seconds"),
        ("t", ["1461648000.5"], "seconds"),
        ("t", ["1461648000000"], "millis"),
        ("t", ["1461648000000000"], "micros"),
        ("t", ["1461648000000000000"], "nanos"),
        ("t_ms", ["146164800000000"], "millis"),
        ("t", ["12"], None),
        ("t", ["12", "x", "2026-11-21"], None),
        ("t", ["2026-11-21", "x"], "iso"),
        ("t", [], None),
        ("t", ["26-11-21"], None),
    ],
)
def test_forms_of_times(name: str, values: list[str], form: TimeForm | None) -> None:
    assert time_form(name, values) == form


def test_small_numbers_are_instants_only_for_the_sure() -> None:
    assert time_form("t", ["0", "60"], sure=True) == "seconds"
    assert time_form("t_ms", ["0", "60"], sure=True) == "millis"


@pytest.mark.parametrize(
    ("columns", "chosen"),
    [
        ({"status": "200", "ts": "1461648000"}, "ts"),
        ({"TimeStamp": "2026-01-01", "Value": "1"}, "TimeStamp"),
        ({"@timestamp": "2026-01-01", "time": "0.25"}, "@timestamp"),
        ({"start_us": "1661140374351773", "duration_us": "11209"}, "start_us"),
        ({"t_ms": "1446249499322", "2xx": "1"}, "t_ms"),
        ({"startTimeUnixNano": "1661140374351773000"}, "startTimeUnixNano"),
        ({"attributes.timestamp": "2026-01-01"}, "attributes.timestamp"),
        ({"committed_epoch_s": "1461648000"}, "committed_epoch_s"),
        ({"x": "1", "happened": "2026-01-01T00:00:00Z"}, "happened"),
        ({"t": "60", "ok": "1"}, "t"),
    ],
)
def test_the_column_of_the_time(columns: dict[str, str], chosen: str) -> None:
    fields = [Sampled(name=name, values=(value,)) for name, value in columns.items()]
    assert find_time(fields, name="file").field == chosen


@pytest.mark.parametrize(
    ("name", "unit", "base"),
    [
        ("response_time_ms", "ms", "responsetime"),
        ("http.responseTimeMs", "ms", "httpresponsetime"),
        ("durationMillis", "ms", "duration"),
        ("timeUnixNano", "ns", "timeunix"),
        ("elapsed", None, "elapsed"),
        ("ms", "ms", ""),
        ("HTTPStatus", None, "httpstatus"),
        ("", None, ""),
    ],
)
def test_words_and_units_of_names(name: str, unit: str | None, base: str) -> None:
    assert (unit_of(name), base_of(name)) == (unit, base)
    assert words_of("http.responseTimeMs") == ["http", "response", "time", "ms"]


@pytest.mark.parametrize(
    ("name", "values", "unit"),
    [
        ("", ["0.001", "1.5"], "s"),
        ("", ["1500", "90000", "12"], "us"),
        ("", ["15", "90", "1200"], "ms"),
        ("", ["0", "1", "0"], "s"),
        ("duration", ["0.001"], "s"),
        ("duration", ["12.5", "80.1"], "ms"),
        ("duration", ["12", "80"], "ms"),
        ("request_time", ["12.5", "80.1"], "s"),
        ("duration", ["-"], None),
    ],
)
def test_units_that_no_name_says(name: str, values: list[str], unit: str | None) -> None:
    assert unit_by_shape(name, values) == unit


def _names(**columns: str) -> dict[str, tuple[str, str]]:
    fields = [Sampled(name=name, values=tuple(value.split("|"))) for name, value in columns.items()]
    found, _ = columns_of(fields, "time")
    return {column.name: (column.field, column.readings[0]) for column in found}


def test_a_raw_column_with_a_known_name_is_the_known_column_where_it_fits() -> None:
    found = _names(time="2026-01-01", Status="200|-", duration_ms="1.5", PATH="/a?b")
    assert found == {
        "status": ("Status", "whole"),
        "duration_ms": ("duration_ms", "ms"),
        "path": ("PATH", "plain path"),
    }


def test_a_raw_column_with_a_known_name_stays_itself_where_it_does_not_fit() -> None:
    found = _names(time="2026-01-01", status="up|down", http_code="200")
    assert found == {"status": ("status", "text"), "http_code": ("http_code", "number")}


def test_parts_of_a_duration_are_not_the_duration() -> None:
    found = _names(time="x", upstream_response_time="0.1", request_time="0.2")
    assert found["duration_ms"] == ("request_time", "s")
    assert "duration_ms" not in _names(time="x", upstream_response_time="0.1")
    assert "duration_ms" not in _names(time="x", s="5", attempts="3")


def test_columns_that_may_be_read_in_two_ways() -> None:
    fields = [
        Sampled(name="a", values=("1", "x")),
        Sampled(name="b"),
        Sampled(name="c", values=("true", "FALSE")),
    ]
    found, _ = columns_of(fields, "time")
    assert [column.readings for column in found] == [
        ("text", "number"),
        ("text", "number"),
        ("boolean", "text"),
    ]


@pytest.mark.parametrize(
    ("columns", "pair"),
    [
        ({"good": "1", "total": "2"}, ("good", "total")),
        ({"bad": "1", "total": "2", "good": "1"}, ("good", "total")),
        ({"good_events": "1", "bad_events": "2"}, ("good_events", "bad_events")),
        ({"good": "3", "total": "2"}, None),
        ({"good": "0.5", "total": "2"}, None),
        ({"good": "true", "total": "2"}, None),
        ({"total": "2"}, None),
    ],
)
def test_tables_of_counts(columns: dict[str, str], pair: tuple[str, str] | None) -> None:
    found = counted([Sampled(name=name, values=(value,)) for name, value in columns.items()], "time")
    assert (found.fields if found else None) == pair


def test_times_without_zone_are_said() -> None:
    assert [n.code for n in look("time,x", "2026-01-01 00:00:00,1").notes] == ["zone"]
    assert look("time,x", "2026-01-01 00:00:00Z,1").notes == ()
    assert "Europe/Berlin" in look("time,x", "2026-01-01,1", zone="Europe/Berlin").notes[0].message


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (COMBINED.replace('"x"', '"x'), "the closing quote of the user agent is missing"),
        (COMBINED.replace('"GET', "GET"), "no request at character 44"),
        (COMBINED.replace("200", "20"), "no status of three digits at character 61"),
        (COMBINED.replace(" 5 ", " five "), "no size at character 65"),
        (COMBINED[:66], "the line ends before the referer"),
        (COMBINED + ' "open', "what follows character 73 does not belong to a combined line"),
        ("", "the line ends before the address of the client"),
    ],
)
def test_reasons(line: str, reason: str) -> None:
    assert access_log(combined=True).reason(line) == reason


def test_haproxy_reasons() -> None:
    assert HAPROXY.reason(HAPROXY_LINE) is None
    assert HAPROXY.reason("Server app/s1 is DOWN") == "no client's address and port at character 1"


def test_no_pattern_captures_more_than_the_fast_engine_bears() -> None:
    shape = access_log(combined=True)
    stages = shape.stages(shape.fields)
    assert len(stages) == -(-len(shape.fields) // GROUPS)
    assert all(re.compile(shape.pattern(shape.fields[:n])).groups == n for n in range(len(shape.fields)))
