"""Writes the shop's month to a folder: an access log, JSON lines, tables of counts, deployments, a contract."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import numpy as np

from allowance.core.time import iso
from allowance.demo import access_log, payments, traffic
from allowance.demo.promise import NAME, contract_text
from allowance.demo.story import DAYS, DEPLOYMENTS, event
from allowance.demo.traffic import Ints

Progress = Callable[[str, int, int], None]
"""Called with the name of a file, and how many of how many parts of it are written."""


def silent(name: str, done: int, of: int) -> None:
    """Progress that nobody watches."""


def write_shop(folder: Path, *, divide: int = 1, progress: Progress = silent) -> tuple[Path, ...]:
    """The month as files in `folder` (made if absent); the same text on every run and every machine.

    `divide` makes the traffic of the access log and of payments so many times smaller, for quick tests.
    """
    folder.mkdir(parents=True, exist_ok=True)
    files: tuple[tuple[str, int, Iterable[bytes]], ...] = (
        ("access.log.gz", DAYS, access_log.lines_by_day(divide)),
        ("payments.jsonl.gz", DAYS, payments.lines_by_day(divide)),
        ("search.csv", 1, _search()),
        ("backoffice.csv", 1, _backoffice()),
        ("deployments.csv", 1, _deployments()),
        ("maintenance.csv", 1, _maintenance()),
        (NAME, 1, (contract_text(folder).encode(),)),
    )
    for name, parts, pieces in files:
        _write(folder / name, pieces, partial(progress, name), parts)
    return tuple(folder / name for name, _, _ in files)


def _write(path: Path, pieces: Iterable[bytes], progress: Callable[[int, int], None], parts: int) -> None:
    with path.open("wb") as plain:
        if path.suffix != ".gz":
            plain.writelines(pieces)
            return progress(parts, parts)
        # Without a name and a time in its header, a gzip file of the same text is the same file.
        with gzip.GzipFile(filename="", mode="wb", compresslevel=4, fileobj=plain, mtime=0) as packed:
            for done, piece in enumerate(pieces, start=1):
                packed.write(piece)
                progress(done, parts)


def _search() -> Iterator[bytes]:
    rng = traffic.generator("search")
    total = traffic.per_minute(rng, 1_500_000, traffic.SHOPPERS_BY_HOUR, traffic.SHOPPERS_BY_DAY)
    leak = event("leak")
    leaking = traffic.during(traffic.minutes() * 1000, leak.begin, leak.end)
    per_hundred_thousand = np.where(leaking, 200, 15)
    bad = (total * per_hundred_thousand + rng.integers(0, 100_000, len(total))) // 100_000
    yield _table("time,good,total", zip(_times(), (total - bad).tolist(), total.tolist(), strict=True))


def _backoffice() -> Iterator[bytes]:
    rng = traffic.generator("backoffice")
    total: list[int] = traffic.per_minute(rng, 6_000, traffic.OFFICE_BY_HOUR, traffic.OFFICE_BY_DAY).tolist()
    yield _table("time,good,total", zip(_times(), total, total, strict=True))


def _deployments() -> Iterator[bytes]:
    yield _table(
        "time,service,version", ((iso(at), service, version) for at, service, version in DEPLOYMENTS)
    )


def _maintenance() -> Iterator[bytes]:
    works = event("maintenance")
    row = (iso(works.begin), iso(works.end), works.service, "upgrade of the orders database")
    yield _table("begin,end,service,reason", [row])


def _times() -> Iterator[str]:
    minutes: Ints = traffic.minutes()
    return map(iso, minutes.tolist())


def _table(header: str, rows: Iterable[tuple[object, ...]]) -> bytes:
    return "\n".join((header, *(",".join(map(str, row)) for row in rows), "")).encode()
