"""Each format of logs and tables: recognised from its lines, and its columns mean what they mean everywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from allowance.edges import files
from tests.edges.logs import ask, codes, counts, minutes, refused, sli

COMBINED = """\
192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /a/b?x=1 HTTP/1.1" 200 203023 "http://x/" "Mozilla/5.0 (X11)"
192.0.2.2 - ann [17/May/2015:12:05:59 +0200] "POST /a/c HTTP/1.0" 500 - "-" "-"
2001:db8::1 - - [17/May/2015:10:06:00 +0000] "GET /quo\\"te HTTP/2.0" 404 12 "-" "say \\"hi\\" \\\\"
192.0.2.3 - - [17/May/2015:10:06:01 +0000] "-" 408 0 "-" "-"
"""


def test_combined(tmp_path: Path) -> None:
    measured = ask(tmp_path, COMBINED)
    assert minutes(measured) == [("2015-05-17T10:05:00Z", 1, 2), ("2015-05-17T10:06:00Z", 2, 2)]
    assert (measured.facts.format, measured.facts.lines, measured.facts.malformed) == ("combined", 4, 0)
    assert (measured.facts.first, measured.facts.last) == (1431857103, 1431857161)
    assert measured.facts.notes == ()


@pytest.mark.parametrize(
    ("valid", "total"),
    [
        ("path = '/a/b'", 1),
        ("method = 'POST'", 1),
        ("method is null", 1),
        ("host = '2001:db8::1'", 1),
        ("\"user\" = 'ann'", 1),
        ("user_agent is null", 2),
        ("referer = 'http://x/'", 1),
        ("bytes is null", 1),
        ("bytes > 100", 1),
        ("status like '4%'", 2),
        ("status = '200'", 1),
        ("request like '%quo%'", 1),
        ("http_user_agent like 'Mozilla%'", 1),
        ("hour(time) = 10 and minute(time) = 5", 2),
        ("STATUS in (200, 404)", 2),
    ],
)
def test_columns_of_combined(tmp_path: Path, valid: str, total: int) -> None:
    assert counts(ask(tmp_path, COMBINED, valid=valid))[1] == total


def test_common_with_virtual_hosts(tmp_path: Path) -> None:
    text = """\
a.example:443 192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5
b.example:443 192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 502 5
"""
    measured = ask(tmp_path, text, by="host")
    assert measured.facts.format == "common"
    assert counts(measured, "a.example:443") == (1, 1)
    assert counts(measured, "b.example:443") == (0, 1)
    assert counts(ask(tmp_path, text, valid="client = '192.0.2.1'"))[1] == 2


LINE = '192.0.2.1 - - [17/May/2015:10:05:0{n} +0000] "GET / HTTP/1.1" 200 5 "-" "x"'


@pytest.mark.parametrize(
    ("tails", "within", "form", "noted"),
    [
        (["0.100", "0.101", "-"], 1, "combined+time", False),
        (["100000", "100001", "250000"], 1, "combined+time", True),
        (["100", "101", "90"], 2, "combined+time", True),
        (["0", "0", "1"], 2, "combined+time", True),
        (['"203.0.113.9" 0.100', '"-" 0.2', '"-" 0.05'], 2, "combined+time", False),
        (['rt=0.100 uct="0.000" urt="0.1"', 'rt=0.2 uct="-" urt="-"', 'rt=0.05 uct="-" urt="-"'], 2, "combined+time", False),
        (["0.100 0.001, 0.002", "0.2 -", "0.3 0.3"], 1, "combined+time", False),
    ],
)  # fmt: skip
def test_the_request_time_behind_a_line(
    tmp_path: Path, tails: list[str], within: int, form: str, noted: bool
) -> None:
    text = "".join(f"{LINE.format(n=n)} {tail}\n" for n, tail in enumerate(tails))
    measured = ask(tmp_path, text, "status < 500", ms=100)
    assert (measured.facts.format, measured.facts.malformed) == (form, 0)
    assert counts(measured)[0] == within
    assert ("unit" in codes(measured.facts.notes)) is noted


def test_the_unit_can_be_said(tmp_path: Path) -> None:
    text = "".join(f"{LINE.format(n=n)} {n}\n" for n in range(5))
    assert counts(ask(tmp_path, text, ms=3)) == (1, 5)
    assert counts(ask(tmp_path, text, ms=3, format="combined+time:ms")) == (4, 5)
    assert refused(tmp_path, text, format="combined+time:h").code == "format"


def test_bytes_received_and_sent_are_not_a_time(tmp_path: Path) -> None:
    measured = ask(tmp_path, "".join(f"{LINE.format(n=n)} 35{n} 81{n}\n" for n in range(5)))
    assert measured.facts.format == "combined"
    assert "duration_ms" not in measured.facts.columns
    assert codes(measured.facts.notes) == ["unit"]


def test_an_extra_column_has_a_name(tmp_path: Path) -> None:
    text = "".join(f'{LINE.format(n=n)} "203.0.113.{n}" tls=1.{n}\n' for n in range(3))
    assert counts(ask(tmp_path, text, valid="extra_1 = '203.0.113.2' and tls = 1.2"))[1] == 1


HAPROXY = """\
Feb  6 12:14:14 localhost haproxy[14389]: 10.0.1.2:33317 [06/Feb/2009:12:14:14.655] http-in static/srv1 10/0/30/69/109 200 2750 - - ---- 1/1/1/1/0 0/0 {1wt.eu} {} "GET /index.html HTTP/1.1"
10.0.1.3:33318 [06/Feb/2009:12:14:59.999] http-in~ app/<NOSRV> 0/-1/-1/-1/+5000 503 +212 - - sQ-- 4/4/2/0/+3 0/1 "POST /x?y=1 HTTP/1.1"
10.0.1.4:33319 [06/Feb/2009:12:15:00.000] http-in app/s2 0/0/1/-1/30001 -1 0 - - CH-- 4/4/2/0/0 0/0 "GET /cut-off-because-it-is-too-lo
10.0.1.5:1 [06/Feb/2009:12:15:00.000] fe fe/<NOSRV> -1/-1/-1/-1/7 400 0 - - PR-- 4/4/0/0/0 0/0 "<BADREQ>"
<134>Feb  6 12:15:01 lb haproxy[1]: Server app/s1 is DOWN, reason: Layer4 timeout.
"""


def test_haproxy(tmp_path: Path) -> None:
    measured = ask(tmp_path, HAPROXY, "status between 100 and 499", by="backend")
    assert (measured.facts.format, measured.facts.lines, measured.facts.malformed) == ("haproxy-http", 5, 1)
    assert {group: counts(measured, group) for _, group in measured.series} == {
        "static": (1, 1),
        "app": (0, 2),
        "fe": (1, 1),
    }
    assert minutes(measured, "app") == [("2009-02-06T12:14:00Z", 0, 1), ("2009-02-06T12:15:00Z", 0, 1)]
    assert sorted(codes(measured.facts.notes)) == ["unanswered", "zone"]


@pytest.mark.parametrize(
    ("valid", "total"),
    [
        ("duration_ms = 5000", 1),
        ("duration_ms > 1000", 2),
        ("Tw is null", 2),
        ("TR is null", 1),
        ("\"Tr\" = 69 and \"TR\" = 10", 1),
        ("termination_state = 'sQ--'", 1),
        ("server = '<NOSRV>'", 2),
        ("path = '/x'", 1),
        ("retries = 3", 1),
        ("status = -1", 1),
        ("frontend = 'http-in~'", 1),
    ],
)  # fmt: skip
def test_columns_of_haproxy(tmp_path: Path, valid: str, total: int) -> None:
    assert counts(ask(tmp_path, HAPROXY, valid=valid))[1] == total


def test_haproxy_times_are_local(tmp_path: Path) -> None:
    assert minutes(ask(tmp_path, HAPROXY, zone="Europe/Paris"))[0][0] == "2009-02-06T11:14:00Z"


JSON = """\
{"ts": 1461648000.25, "level": "info", "response": {"status": 200}, "req": {"url": "/a?b"}, "duration_ms": 12.5, "ok": true}
{"ts": 1461648061, "level": "error", "response": {"status": "503"}, "req": {"url": "/b"}, "duration_ms": null, "ok": false, "a.b": 1}
{"level": "info", "response": {"status": 200}}
{"ts": 1461648000.25, "level":
[1, 2]
"""


def test_json_lines(tmp_path: Path) -> None:
    measured = ask(tmp_path, JSON)
    assert (measured.facts.format, measured.facts.lines, measured.facts.malformed) == ("json-lines", 5, 3)
    assert minutes(measured) == [("2016-04-26T05:20:00Z", 1, 1), ("2016-04-26T05:21:00Z", 0, 1)]
    assert [
        (problem.where.line, problem.message.partition(":")[0]) for problem in measured.facts.samples
    ] == [
        (3, "no time in ts"),
        (4, "not JSON"),
        (5, "JSON, but not an object"),
    ]


@pytest.mark.parametrize(
    ("valid", "total"),
    [
        ('"response.status" = 503', 1),
        ("level = 'error'", 1),
        ("path = '/a'", 1),
        ("ok", 1),
        ("not ok", 1),
        ("duration_ms <= 12.5", 1),
        ("duration_ms is null", 1),
        ('"a.b" = 1', 1),
    ],
)
def test_columns_of_json_lines(tmp_path: Path, valid: str, total: int) -> None:
    assert counts(ask(tmp_path, JSON, valid=valid))[1] == total


def test_a_key_that_comes_late_is_found(tmp_path: Path) -> None:
    usual = '{"time":"2026-01-01T00:00:00Z","status":200}\n' * 300
    late = usual + '{"time":"2026-01-01T00:00:00Z","status":200,"fault":"disk"}\n'
    assert counts(ask(tmp_path, late, "fault is null")) == (300, 301)
    (tmp_path / "other").write_text(usual)
    both = [str(tmp_path / "other"), str(tmp_path / "file")]
    assert counts(files.measure(both, [sli("fault is null")])) == (600, 601)
    assert refused(tmp_path, usual, "fault is null").code == "column"


@pytest.mark.parametrize(
    ("line", "ms"),
    [
        ('{"time":"2026-01-01T00:00:00Z","status":200,"request_time":"0.100"}', "100"),
        ('{"time":"2026-01-01T00:00:00Z","status":200,"responseTime":100}', "100"),
        ('{"time":"2026-01-01T00:00:00Z","status":200,"latency_ns":100000000}', "100"),
        ('{"time":"2026-01-01T00:00:00Z","status":200,"elapsed_us":100000}', "100"),
        ('{"time":"2026-01-01T00:00:00Z","status":200,"duration":0.1}', "100"),
        ('{"time":"2026-01-01T00:00:00Z","status":200,"took":"100ms"}', "100"),
        ('{"time":"2026-01-01T00:00:00Z","status":200,"httpRequest":{"latency":"0.1s"}}', "100"),
        ('{"StartUTC":"2026-01-01T00:00:00Z","DownstreamStatus":200,"Duration":100000000}', "100"),
        (
            '{"@timestamp":"2026-01-01T00:00:00Z","http":{"response":{"status_code":200}},"duration_ms":100}',
            "100",
        ),
    ],
)
def test_durations_under_many_names(tmp_path: Path, line: str, ms: str) -> None:
    assert counts(ask(tmp_path, line, "status < 500", ms=ms)) == (1, 1)
    assert counts(ask(tmp_path, line, "status < 500", ms="99.999999")) == (0, 1)


@pytest.mark.parametrize(
    "time",
    [
        '"2026-11-21T14:00:30Z"',
        '"2026-11-21T15:00:30.5+01:00"',
        '"2026-11-21 09:00:30,123-0500"',
        '"2026/11/21 14:00:30"',
        '"21/Nov/2026:19:30:30 +0530"',
        "1795269630",
        "1795269630.999",
        '"1795269630"',
        "1795269630123",
        "1795269630123456",
        "1795269630123456789",
    ],
)
def test_times_in_many_forms(tmp_path: Path, time: str) -> None:
    assert minutes(ask(tmp_path, f'{{"t": {time}, "status": 200}}')) == [("2026-11-21T14:00:00Z", 1, 1)]


def test_the_column_of_the_time_can_be_said(tmp_path: Path) -> None:
    text = "begin,end,status\n2026-01-01T00:00:00Z,2026-01-01T00:05:00Z,200\n"
    assert minutes(ask(tmp_path, text, time="end"))[0][0] == "2026-01-01T00:05:00Z"
    assert refused(tmp_path, text, time="stauts").hint.startswith("did you mean status?")
    assert refused(tmp_path, "a,status\nx,200\n", time="a").code == "time"
    assert refused(tmp_path, "a,status\nx,200\n").code == "time"


def test_recognise_file_shows_columns_and_a_sample(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(COMBINED)
    found = files.recognise_file(str(path))
    assert (found.format, found.time.field) == ("combined", "time_local")
    assert {"time", "status", "method", "path", "host", "bytes", "user_agent"} <= set(found.names)
    assert found.rows[0]["status"] == "200"
    assert found.rows[1]["bytes"] is None
