"""The shop's month, written once per test process, and counted without the program's own readers."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Callable, Iterable
from fractions import Fraction
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from allowance.core.buckets import Buckets, from_arrays
from allowance.core.time import parse_instant
from allowance.demo.shop import write_shop
from allowance.demo.story import PROMISES

_LINE = re.compile(r'\[(.{11}):(..:..:..) \+0000\] "\w+ (\S+) [^"]*" (\d{3}) .* (\d+)\.(\d{3})$')

TARGETS: dict[str, Fraction] = {promise.service: promise.target for promise in PROMISES}


@cache
def folder() -> Path:
    """Where the whole month lies; it is removed when the process ends."""
    kept = TemporaryDirectory(prefix="allowance-shop-")
    _KEPT.append(kept)
    write_shop(Path(kept.name))
    return Path(kept.name)


_KEPT: list[TemporaryDirectory[str]] = []


@cache
def counted(service: str) -> Buckets:
    """Good and total of one service per minute: pages and steps without 5xx, payments without 5xx, or counts."""
    if service in ("storefront", "checkout"):
        return _buckets(_requests()[service], lambda status, took: status < 500)
    if service == "payments":
        return _buckets(((at, status, took) for at, status, took, _ in payments()), lambda s, took: s < 500)
    with (folder() / f"{service}.csv").open(newline="") as lines:
        rows = np.array(
            [
                (parse_instant(row["time"]), int(row["good"]), int(row["total"]))
                for row in csv.DictReader(lines)
            ],
            dtype=np.int64,
        )
    return from_arrays(rows[:, 0], rows[:, 1], rows[:, 2])


@cache
def within(service: str, limit_ms: int) -> Buckets:
    """Requests of a service in the access log that took at most so long."""
    return _buckets(_requests()[service], lambda status, took: took <= limit_ms)


@cache
def payments() -> tuple[tuple[int, int, int, str], ...]:
    """(second, status, milliseconds, tenant) of each payment."""
    with gzip.open(folder() / "payments.jsonl.gz", "rt") as lines:
        rows = [json.loads(line) for line in lines]
    return tuple((_second(r["time"]), r["status"], r["duration_ms"], r["tenant"]) for r in rows)


@cache
def _requests() -> dict[str, list[tuple[int, int, int]]]:
    found: dict[str, list[tuple[int, int, int]]] = {"storefront": [], "checkout": []}
    days: dict[str, int] = {}
    with gzip.open(folder() / "access.log.gz", "rt") as lines:
        for line in lines:
            match = _LINE.search(line)
            assert match, line
            day, clock, path, status, whole, thousandths = match.groups()
            if path.startswith("/static/") or path == "/healthz":
                continue
            if day not in days:
                number, name, year = day.split("/")
                assert name == "Oct"
                days[day] = parse_instant(f"{year}-10-{number}")
            second = days[day] + int(clock[:2]) * 3600 + int(clock[3:5]) * 60 + int(clock[6:])
            service = "checkout" if path.startswith("/checkout/") else "storefront"
            found[service].append((second, int(status), int(whole) * 1000 + int(thousandths)))
    return found


def _second(text: str) -> int:
    return parse_instant(text[:19] + "Z")


def _buckets(rows: Iterable[tuple[int, int, int]], good: Callable[[int, int], bool]) -> Buckets:
    table = np.array([(at, good(status, took)) for at, status, took in rows], dtype=np.int64)
    return from_arrays(table[:, 0], table[:, 1], np.ones(len(table), dtype=np.int64))
