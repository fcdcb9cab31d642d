"""Files as they come: packed, cut off, damaged, piped, rotated, huge lines, wrong bytes. Nothing is lost without a word."""

from __future__ import annotations

import gzip
import io
import os
import random
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

from allowance.core.problem import ProblemError
from allowance.edges import files
from tests.edges.logs import ask, codes, counts, minutes, refused, sli
from tests.peers import need

LINE = '192.0.2.1 - - [17/May/2015:10:{n:02d}:03 +0000] "GET /{n} HTTP/1.1" 200 5 "-" "x"\n'
LOG = "".join(LINE.format(n=n) for n in range(60))


def test_gzip_by_its_bytes_and_in_several_members(tmp_path: Path) -> None:
    packed = gzip.compress(LOG[:2000].encode()) + gzip.compress(LOG[2000:].encode())
    measured = ask(tmp_path, packed + b"\0" * 7, name="access.log")
    assert (counts(measured), measured.facts.notes) == ((60, 60), ())


def test_gzip_that_was_cut_off(tmp_path: Path) -> None:
    random.seed(1)
    text = "".join(
        LINE.format(n=random.randrange(60)).replace("x", random.randbytes(8).hex()) for _ in range(2000)
    )
    measured = ask(tmp_path, gzip.compress(text.encode())[:-5000])
    assert codes(measured.facts.notes) == ["cut"]
    assert measured.facts.malformed <= 1
    assert 1000 < counts(measured)[1] < 2000


@pytest.mark.parametrize("tail", [b"rubbish", b"\x1f\x8brubbish"])
def test_gzip_with_rubbish_behind(tmp_path: Path, tail: bytes) -> None:
    measured = ask(tmp_path, gzip.compress(LOG.encode()) + tail)
    assert (counts(measured), codes(measured.facts.notes)) == ((60, 60), ["cut"])


def _zstd(data: bytes) -> bytes:
    return subprocess.run(
        [need("zstd", "zstd"), "-q", "-c"], input=data, capture_output=True, check=True
    ).stdout


def test_zstd(tmp_path: Path) -> None:
    packed = _zstd(LOG[:2000].encode()) + _zstd(LOG[2000:].encode())
    measured = ask(tmp_path, packed)
    assert (counts(measured), measured.facts.notes) == ((60, 60), ())


def test_zstd_that_was_cut_off(tmp_path: Path) -> None:
    random.seed(1)
    text = "".join(
        LINE.format(n=random.randrange(60)).replace("x", random.randbytes(99).hex()) for _ in range(9000)
    )
    measured = ask(tmp_path, _zstd(text.encode())[:-100_000])
    assert "cut" in codes(measured.facts.notes)
    assert 1000 < counts(measured)[1] < 9000


def test_zstd_with_bytes_that_are_not_utf8(tmp_path: Path) -> None:
    data = LOG.encode().replace(b'"x"', b'"\xff\xfe"', 7).replace(b"/9 ", b"/\0 ")
    assert counts(ask(tmp_path, _zstd(data))) == (60, 60)


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b"BZh91AY&SY", "bzip2"),
        (b"\xfd7zXZ\0", "xz"),
        (b"PK\x03\x04....", "zip"),
        ("time,status\n".encode("utf-16"), "UTF-16"),
        (b"SQLite format 3\0", "SQLite"),
    ],
)
def test_packings_that_are_not_read(tmp_path: Path, data: bytes, says: str) -> None:
    problem = refused(tmp_path, data)
    assert problem.code == "file"
    assert says in problem.message
    assert problem.hint


def test_bytes_that_are_not_utf8_spoil_no_line(tmp_path: Path) -> None:
    measured = ask(tmp_path, LOG.encode().replace(b'"x"', b'"\xff\xe9\0"', 3), valid="user_agent <> 'x'")
    assert counts(measured) == (3, 3)
    assert codes(measured.facts.notes) == ["bytes"]


def test_a_line_of_ten_megabytes(tmp_path: Path) -> None:
    long = (
        '192.0.2.1 - - [17/May/2015:10:00:03 +0000] "GET /' + "x" * 10_000_000 + ' HTTP/1.1" 200 5 "-" "x"\n'
    )
    measured = ask(tmp_path, LOG + long + LOG + long.rstrip("\n"))
    assert (counts(measured), measured.facts.lines, measured.facts.malformed) == ((120, 120), 122, 2)
    assert [problem.where.line for problem in measured.facts.samples] == [61, 122]
    assert all("longer than 4 MiB" in p.message and len(p.message) < 300 for p in measured.facts.samples)


def test_a_line_of_one_megabyte_is_a_line(tmp_path: Path) -> None:
    long = (
        '192.0.2.1 - - [17/May/2015:10:00:03 +0000] "GET /' + "x" * 1_000_000 + ' HTTP/1.1" 200 5 "-" "x"\n'
    )
    measured = ask(tmp_path, (LOG + long) * 9)
    assert (counts(measured), measured.facts.malformed) == ((549, 549), 0)


def test_malformed_lines_are_counted_and_shown(tmp_path: Path) -> None:
    bad = [
        LINE.format(n=1).replace('"x"', '"x'),
        LINE.format(n=2).replace("] ", " "),
        LINE.format(n=3).replace(" 200 ", " abc "),
        LINE.format(n=4)[:50] + "\n",
        "\x1b[31mred\x07\n",
        LINE.format(n=5).replace("17/May", "31/Feb"),
        LINE.format(n=6).replace("2015", "9999"),
    ]
    measured = ask(tmp_path, LOG + "\n   \n" + "".join(bad) + LOG)
    assert (counts(measured), measured.facts.lines, measured.facts.malformed) == ((120, 120), 127, 7)
    assert [
        (problem.where.line, problem.message.partition(": ")[0]) for problem in measured.facts.samples
    ] == [
        (63, "the closing quote of the user agent is missing"),
        (64, "no time in brackets at character 15"),
        (65, "no status of three digits at character 62"),
        (66, "the closing quote of the request is missing"),
        (67, "no address of the client at character 1"),
    ]
    assert "\x1b" not in measured.facts.samples[4].message
    assert measured.facts.first == 1431856803
    assert measured.facts.last == 1431860343


def test_times_that_cannot_be(tmp_path: Path) -> None:
    bad = LINE.format(n=5).replace("17/May", "31/Feb") + LINE.format(n=6).replace("2015", "9999")
    samples = ask(tmp_path, LOG + bad).facts.samples
    assert [p.where.line for p in samples] == [61, 62]
    assert all("cannot be read, or lies outside the years 1970 to 2199" in p.message for p in samples)


def test_mostly_malformed(tmp_path: Path) -> None:
    measured = ask(tmp_path, LOG + "what is this\n" * 61)
    assert (counts(measured), codes(measured.facts.notes)) == ((60, 60), ["malformed"])


def test_a_wrong_clock_is_named_before_memory_is_gone(tmp_path: Path) -> None:
    text = LOG + LINE.format(n=1).replace("2015", "1970")
    problem = refused(tmp_path, text)
    assert problem.code == "span"
    assert "1970-05-17" in problem.message
    assert "2015-05-17" in problem.message


def test_several_files_wildcards_and_the_same_twice(tmp_path: Path) -> None:
    (tmp_path / "access.log").write_text(LOG)
    (tmp_path / "access.log.1.gz").write_bytes(gzip.compress(LOG.encode()))
    (tmp_path / "access.log.0").write_text("")
    (tmp_path / "app.jsonl").write_text('{"time":"2015-05-17T10:00:00Z","status":500}\n')
    wild = str(tmp_path / "a*")
    measured = files.measure([wild, str(tmp_path / "access.log")], [sli()])
    assert counts(measured) == (120, 121)
    assert measured.facts.format == "combined, json-lines"
    assert sorted(codes(measured.facts.notes)) == ["empty", "twice"]
    assert "status" in measured.facts.columns
    assert "referer" not in measured.facts.columns


def test_every_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    paths = [str(tmp_path / name) for name in ("missing", "folder", "no*", "bad\0name")] + [os.devnull]
    with pytest.raises(ProblemError) as caught:
        files.measure(paths, [sli()])
    assert codes(caught.value.problems) == ["file"] * 5
    assert all(problem.hint and problem.where.file for problem in caught.value.problems)


def test_a_file_without_rights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(path: str) -> os.stat_result:
        raise PermissionError(13, "Permission denied", path)

    monkeypatch.setattr("allowance.edges.files.found.os.stat", forbidden)
    problem = refused(tmp_path, LOG)
    assert (problem.code, "Permission denied" in problem.message) == ("file", True)


@pytest.mark.parametrize("text", ["", "\n\n", "  \n"])
def test_an_empty_file(tmp_path: Path, text: str) -> None:
    problem = refused(tmp_path, text)
    assert problem.code == "empty"
    assert "no lines" in problem.message


def test_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    piped = io.TextIOWrapper(io.BytesIO(gzip.compress(LOG.encode())))
    monkeypatch.setattr(sys, "stdin", piped)
    measured = files.measure(["-"], [sli("path <> '/3'")])
    assert counts(measured) == (59, 60)


def test_a_named_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=lambda: pipe.write_text(LOG))
    writer.start()
    assert counts(files.measure([str(pipe)], [sli()])) == (60, 60)
    writer.join()


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ('[\n  {"time": "2026-01-01T00:00:00Z"},\n  {"time": "2026-01-01T00:00:00Z"}\n]\n', "jq -c"),
        ("once upon a time\nthere was a log\n", "combined"),
    ],
)
def test_what_is_not_recognised(tmp_path: Path, text: str, hint: str) -> None:
    problem = refused(tmp_path, text)
    assert problem.code == "format"
    assert hint in problem.hint


def test_duplicates_and_disorder_are_events_like_others(tmp_path: Path) -> None:
    lines = LOG.splitlines(keepends=True)
    random.seed(2)
    random.shuffle(lines)
    assert minutes(ask(tmp_path, "".join(lines * 2)))[0] == ("2015-05-17T10:00:00Z", 2, 2)


def test_windows_line_ends(tmp_path: Path) -> None:
    assert counts(ask(tmp_path, LOG.replace("\n", "\r\n"), valid="user_agent = 'x'")) == (60, 60)


def test_progress_is_told_and_ends_at_the_whole(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    text = LOG * 3000
    ask(tmp_path, text, progress=lambda done, whole: told.append((done, whole)))
    assert len(told) > 2
    assert told == sorted(told)
    assert told[-1] == (len(text), len(text))


def test_no_temporary_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import tempfile

    private = tmp_path / "private"
    private.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(private))
    ask(tmp_path, LOG)
    refused(tmp_path, "rubbish")
    assert list(private.iterdir()) == []


def test_ctrl_c_stops_at_once_and_leaves_nothing(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(LOG)
    private = tmp_path / "private"
    private.mkdir()
    program = """
        import sys, threading, _thread
        from allowance.edges import files
        from allowance.contract.indicator import Events
        from allowance.signals.event_sql import event_sli
        moved = lambda done, whole: _thread.interrupt_main() if done < whole else None
        try:
            files.measure([sys.argv[1]] , [event_sli("a", Events())], progress=moved)
        except KeyboardInterrupt:
            print("stopped")
    """
    log.write_text(LOG * 5000)
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), str(log)],
        env={**os.environ, "TMPDIR": str(private)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert (done.stdout, done.stderr) == ("stopped\n", "")
    assert list(private.iterdir()) == []
