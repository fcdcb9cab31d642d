"""Counts per bucket in a file that `analyze` reads back: `time,good,total`, with a group column where grouped."""

from __future__ import annotations

import csv
import os
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from allowance.core.buckets import Buckets
from allowance.core.problem import refuse
from allowance.core.time import iso

Row = tuple[str, int, int] | tuple[str, int, int, str]


def write_counts(path: str, counts: Buckets | Mapping[str, Buckets], *, by: str = "group") -> None:
    """Write buckets with data to a .csv or .parquet file, whole or not at all.

    Errors: `Problem` `counts` for another ending, `write` where the file cannot be written.
    """
    target = Path(path)
    if target.suffix not in (".csv", ".parquet"):
        raise refuse("counts", f"{path} is neither .csv nor .parquet", hint="name it counts.csv")
    header = ["time", "good", "total", *([by] if isinstance(counts, Mapping) else [])]
    try:
        with tempfile.TemporaryDirectory(prefix=".allowance-", dir=target.parent) as folder:
            draft = Path(folder) / "counts.csv"
            with draft.open("w", newline="") as out:
                writer = csv.writer(out, lineterminator="\n")
                writer.writerow(header)
                writer.writerows(_rows(counts))
            if target.suffix == ".parquet":
                draft = _to_parquet(draft)
            os.replace(draft, target)
    except OSError as error:
        raise refuse(
            "write", f"{path} cannot be written: {error.strerror}", hint="check the folder and its rights"
        ) from None


def _rows(counts: Buckets | Mapping[str, Buckets]) -> Iterator[Row]:
    if isinstance(counts, Mapping):
        for group, buckets in counts.items():
            for at, good, total in _filled(buckets):
                yield iso(at), good, total, group
    else:
        for at, good, total in _filled(counts):
            yield iso(at), good, total


def _filled(buckets: Buckets) -> Iterator[tuple[int, int, int]]:
    for i in buckets.total.nonzero()[0].tolist():
        yield buckets.start + i * buckets.step, int(buckets.good[i]), int(buckets.total[i])


def _to_parquet(draft: Path) -> Path:
    import duckdb

    result = draft.with_suffix(".parquet")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        source = connection.read_csv(str(draft))
        source.write_parquet(str(result), compression="zstd")
    return result
