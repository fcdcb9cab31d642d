"""What the engine parses is what a slow, plain parser parses, and no bytes whatever bring the reader down."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from allowance.core.problem import ProblemError
from allowance.edges import files
from allowance.signals.counters import CounterColumns
from tests.edges.logs import sli

few = settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])

MOMENTS = st.datetimes(datetime.fromisoformat("1990-01-01"), datetime.fromisoformat("2100-01-01"))
OFFSETS = st.integers(-12 * 4, 14 * 4).map(lambda quarters: timezone(timedelta(minutes=15 * quarters)))
WORDS = st.text(st.sampled_from('ab/?=&%"\\ [](){}é-0'), max_size=12)
STATUS = st.sampled_from([200, 204, 301, 404, 499, 500, 503])
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

CLF = re.compile(
    r'(\S+) \S+ [^\[]+\[(\d\d)/(\w{3})/(\d{4}):(\d\d):(\d\d):(\d\d) ([+-]\d\d)(\d\d)\] "((?:[^"\\]|\\.)*)" (\d{3}) (\d+|-)'
    r' "((?:[^"\\]|\\.)*)" "((?:[^"\\]|\\.)*)" (\d+[.]\d+)'
)


def _clf_time(moment: datetime, zone: timezone) -> str:
    local = moment.replace(tzinfo=UTC).astimezone(zone)
    return f"{local.day:02d}/{MONTHS[local.month - 1]}/{local.year}:{local:%H:%M:%S %z}"


@st.composite
def access_lines(draw: st.DrawFn) -> str:
    """A line of the combined format with the request time; its texts are quoted well, or not at all."""
    quoted = draw(st.booleans())
    texts = [draw(WORDS) for _ in range(3)]
    if quoted:
        texts = [text.replace("\\", "\\\\").replace('"', '\\"') for text in texts]
    time = _clf_time(draw(MOMENTS), draw(OFFSETS))
    took = draw(st.integers(0, 10**7))
    return (
        f'192.0.2.1 - - [{time}] "GET {texts[0]} HTTP/1.1" {draw(STATUS)} 5 "{texts[1]}" "{texts[2]}" '
        f"{took // 1000}.{took % 1000:03d}"
    )


def _parsed_clf(line: str) -> tuple[int, int, Decimal] | None:
    """Minute, status and milliseconds, by plain means."""
    found = CLF.fullmatch(line)
    if found is None:
        return None
    day, month, year, hour, minute, second = (found.group(n) for n in range(2, 8))
    offset = timedelta(hours=int(found.group(8)), minutes=int(found.group(8)[0] + found.group(9)))
    local = datetime(
        int(year), MONTHS.index(month) + 1, int(day), int(hour), int(minute), int(second), tzinfo=UTC
    )
    return int((local - offset).timestamp()) // 60 * 60, int(found.group(11)), Decimal(found.group(15)) * 1000


@few
@given(lines=st.lists(access_lines(), min_size=1, max_size=30))
def test_access_logs(tmp_path: Path, lines: list[str]) -> None:
    parsed = [_parsed_clf(line) for line in lines]
    # The format shows in the first lines: one well-formed line says what it is.
    first = '192.0.2.1 - - [01/Jan/2000:00:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "-" 0.001'
    path = tmp_path / "log"
    path.write_text("\n".join([first, *lines]))
    measured = files.measure(
        [str(path)], [sli("status < 500", ms=1000)], format="combined+time:s", step=86400
    )
    events = [event for event in [_parsed_clf(first), *parsed] if event is not None]
    assert (measured.facts.lines, measured.facts.malformed) == (len(lines) + 1, parsed.count(None))
    days = Counter(minute // 86400 * 86400 for minute, _, _ in events)
    good = Counter(minute // 86400 * 86400 for minute, status, ms in events if status < 500 and ms <= 1000)
    buckets = measured.series["a", ""]
    seen = {buckets.start + at * 86400: at for at in buckets.total.nonzero()[0].tolist()}
    assert {day: int(buckets.total[at]) for day, at in seen.items()} == dict(days)
    assert {day: int(buckets.good[at]) for day, at in seen.items() if buckets.good[at]} == dict(good)
    durations = measured.durations["a", ""]
    assert dict(zip(durations.values_ms, durations.counts, strict=True)) == Counter(
        float(e[2]) for e in events
    )


@st.composite
def iso_times(draw: st.DrawFn) -> tuple[str, int]:
    """An instant as text, and as seconds."""
    moment, zone = draw(MOMENTS), draw(st.one_of(st.none(), OFFSETS))
    local = moment.replace(tzinfo=UTC).astimezone(zone) if zone else moment.replace(tzinfo=UTC)
    mark = draw(st.sampled_from(["Z", "", "z", "+00:00", "+00", " UTC"])) if zone is None else f"{local:%z}"
    text = f"{local.year}-{local:%m-%d}{draw(st.sampled_from(['T', ' ']))}{local:%H:%M:%S}"
    fraction = draw(st.sampled_from(["", ".5", ",123", ".999999999"]))
    return f"{text}{fraction}{mark}", int(moment.replace(tzinfo=UTC, microsecond=0).timestamp())


@few
@given(rows=st.lists(st.tuples(iso_times(), STATUS, WORDS), min_size=1, max_size=30))
def test_times_in_json_lines_and_csv(tmp_path: Path, rows: list[tuple[tuple[str, int], int, str]]) -> None:
    expected = Counter(seconds // 86400 * 86400 for (_, seconds), _, _ in rows)
    objects = "\n".join(json.dumps({"time": text, "status": s, "note": note}) for (text, _), s, note in rows)
    table = io.StringIO()
    writer = csv.writer(table)
    writer.writerows([("time", "status", "note"), *((text, s, note) for (text, _), s, note in rows)])
    for name, content in (("a.jsonl", objects), ("a.csv", table.getvalue())):
        (tmp_path / name).write_text(content, newline="")
        measured = files.measure([str(tmp_path / name)], [sli()], step=86400)
        buckets = measured.series["a", ""]
        assert measured.facts.malformed == 0
        assert {
            buckets.start + at * 86400: int(buckets.total[at]) for at in buckets.total.nonzero()[0].tolist()
        } == dict(expected)


CELLS = st.text(st.sampled_from('a,"\n\r;\t |\x1e\x1f'), max_size=6)


@few
@given(rows=st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=20))
@example(rows=[("\n", '"'), ("\x1e", "\x1f")])
def test_quoted_fields(tmp_path: Path, rows: list[tuple[str, str]]) -> None:
    table = io.StringIO()
    writer = csv.writer(table, quoting=csv.QUOTE_ALL)
    writer.writerow(("time", "x", "y"))
    writer.writerows(("2026-01-01T00:00:00Z", *row) for row in rows)
    path = tmp_path / "a.csv"
    path.write_text(table.getvalue(), newline="")
    measured = files.measure([str(path)], [sli("x is null")])
    assert (measured.facts.lines, measured.facts.malformed) == (len(rows), 0)
    assert measured.series["a", ""].all().good == sum(not x for x, _ in rows)


@st.composite
def snapshots(draw: st.DrawFn) -> list[tuple[int, str, int, int]]:
    """(second, series, ok, failed) in any order, with restarts and exact duplicates."""
    rows = []
    for series in "ab":
        seconds = sorted(draw(st.sets(st.integers(0, 300), max_size=12)))
        for second in seconds:
            row = (second, series, draw(st.integers(0, 50)), draw(st.integers(0, 3)))
            rows += [row] * draw(st.integers(1, 2))
    return draw(st.permutations(rows))


def _increments(rows: list[tuple[int, str, int, int]]) -> Counter[tuple[int, str]]:
    grown: Counter[tuple[int, str]] = Counter()
    for series in "ab":
        before: tuple[int, int] | None = None
        for second, _, *values in sorted({row for row in rows if row[1] == series}):
            if before is not None:
                for name, old, new in zip(("ok", "failed"), before, values, strict=True):
                    grown[second // 60 * 60, name] += new if new < old else new - old
            before = (values[0], values[1])
    return +grown


@few
@given(rows=snapshots().filter(bool))
def test_increments_of_counters(tmp_path: Path, rows: list[tuple[int, str, int, int]]) -> None:
    path = tmp_path / "a.csv"
    path.write_text("t,series,ok,failed\n" + "".join(f"{t},{s},{a},{b}\n" for t, s, a, b in rows))
    measured = files.measure([str(path)], [], counters=CounterColumns(total="ok + failed", bad="failed"))
    buckets = measured.series["sli", ""]
    seen: Counter[tuple[int, str]] = Counter()
    for at in range(len(buckets)):
        start = buckets.start + 60 * at
        seen[start, "ok"] += int(buckets.good[at])
        seen[start, "failed"] += int(buckets.total[at] - buckets.good[at])
    assert +seen == _increments(rows)


PIECES = st.sampled_from(
    [
        b'192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET / HTTP/1.1" 200 5 "-" "x" 0.1\n',
        b'{"time":"2026-01-01T00:00:00Z","status":200,"duration_ms":1e5}\n',
        b"time,status,zone,good,total\n",
        b"2026-01-01T00:00:00Z,200,a,1,2\n",
        b'10.0.1.2:1 [06/Feb/2009:12:14:14.655] f b/s 1/0/3/6/9 200 2 - - ---- 1/1/1/1/0 0/0 "GET /"\n',
        b'"', b"\0", b"\xff", b"\n", b"\r\n", b",", b"9999-12-31", b"1e999", b"-", b"[", b"{", b"\xef\xbb\xbf", b"PAR1",
        b"\x1f\x8b", b"\x28\xb5\x2f\xfd",
    ]
)  # fmt: skip


@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.lists(st.one_of(PIECES, PIECES, st.binary(max_size=6)), max_size=12).map(b"".join),
    packed=st.sampled_from(["no", "no", "gzip", "cut"]),
    by=st.sampled_from([None, "status"]),
    counted=st.booleans(),
)
def test_any_bytes_give_an_answer_or_a_problem(
    tmp_path: Path, data: bytes, packed: str, by: str | None, counted: bool
) -> None:
    if packed != "no":
        data = gzip.compress(data, mtime=0)[: None if packed == "gzip" else -9]
    path = tmp_path / "file"
    path.write_bytes(data)
    counters = CounterColumns(total="good + total", bad="good") if counted else None
    try:
        measured = files.measure([str(path)], [sli()], by=by, counters=counters)
    except ProblemError:
        return
    facts = measured.facts
    assert 0 <= facts.malformed <= facts.lines
    assert len(facts.samples) == min(facts.malformed, 5)
