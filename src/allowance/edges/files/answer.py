"""From the engine's tables to what was measured: groups folded, buckets made, durations in order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from allowance.core.buckets import Buckets, Ints, from_arrays
from allowance.core.problem import Problem, refuse
from allowance.core.time import iso
from allowance.edges.files.counting import Counting
from allowance.edges.files.engine import Connection
from allowance.signals.measured import Durations

MOST_GROUPS = 1000
OTHER = "(other)"
"""The group of all groups beyond the limit, the smallest ones."""

MOST_BUCKETS = 10_000_000
"""Nineteen years of minutes: beyond it, a time is wrong rather than a history long."""

MOST_CELLS = 32_000_000
"""Buckets x groups x SLIs that are held at once; each takes 32 bytes."""

MOST_PAIRS = 2_000_000
"""Distinct durations over all groups."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Counts and durations by (SLI, group), and what a careful reader would say about them."""

    series: dict[tuple[str, str], Buckets]
    durations: dict[tuple[str, str], Durations]
    notes: tuple[Problem, ...]


def answer(cursor: Connection, counting: Counting, *, grouped: bool) -> Answer:
    """Fold the tables of `counting` up. Errors: `Problem` `span` for a history that is far too long."""
    notes: list[Problem] = []
    _check_span(cursor, counting)
    names = [""]
    if grouped:
        names, found = _fold_groups(cursor, counting)
        notes += found
    else:
        cursor.execute("CREATE TABLE groups AS SELECT '' AS grp, 0 AS place")
    series = _series(cursor, counting, names)
    durations = _durations(cursor, counting, names)
    if counting.coarse:
        message = f"there were so many different durations that {counting.coarse} digits of each are kept"
        notes.append(Problem(code="durations", message=message, severity="info"))
    return Answer(series=series, durations=durations, notes=tuple(notes))


def _check_span(cursor: Connection, counting: Counting) -> None:
    first, last = cursor.execute("SELECT min(bucket), max(bucket) FROM counts").fetchone() or (None, None)
    if first is None:
        return
    width = (last - first) // counting.step + 1
    reach = f"the events reach from {iso(first)} to {iso(last)}"
    if width > MOST_BUCKETS:
        raise refuse(
            "span",
            f"{reach}, too far apart for {counting.step} s buckets",
            hint="look for a wrong time at one of these ends, or choose a larger step",
        )
    if width * len(counting.names) > MOST_CELLS:
        raise refuse(
            "span",
            f"{reach}, too long for {len(counting.names)} SLIs at once in {counting.step} s buckets",
            hint="ask for fewer SLIs at once, or choose a larger step",
        )


def _fold_groups(cursor: Connection, counting: Counting) -> tuple[list[str], list[Problem]]:
    """Keep the largest groups, as many as fit; all others become one. The table `groups` numbers them."""
    spans = cursor.execute(
        f"SELECT grp, (max(bucket) - min(bucket)) // {counting.step} + 1, SUM(total_0) AS total "
        "FROM counts GROUP BY grp ORDER BY total DESC, grp"
    ).fetchall()
    room = MOST_CELLS // max(1, len(counting.names))
    kept, used = 0, 0
    for _, width, _ in spans[:MOST_GROUPS]:
        if used + width > room:
            break
        kept, used = kept + 1, used + width
    if kept < len(spans):
        kept = max(kept - 1, 0)
    names = [row[0] for row in spans]
    cursor.execute(
        "CREATE TABLE groups AS SELECT unnest($1::VARCHAR[]) AS grp, "
        "least(generate_subscripts($1::VARCHAR[], 1) - 1, $2::BIGINT) AS place",
        [names, kept],
    )
    if kept == len(spans):
        return names, []
    message = (
        f"there are {len(spans)} groups; the smallest {len(spans) - kept} are counted together as {OTHER}"
    )
    hint = "group by a column with fewer values"
    return [*names[:kept], OTHER], [Problem(code="groups", message=message, hint=hint, severity="warning")]


def _series(cursor: Connection, counting: Counting, groups: Sequence[str]) -> dict[tuple[str, str], Buckets]:
    """Buckets of every SLI and group; a group without a valid event is left out, the whole is not."""
    sums = ", ".join(f"SUM(good_{n})::BIGINT, SUM(total_{n})::BIGINT" for n in range(len(counting.names)))
    query = f"SELECT place, bucket, {sums} FROM counts JOIN groups USING (grp) GROUP BY ALL ORDER BY place"
    places, starts, *columns = _integers(cursor, query)
    found: dict[tuple[str, str], Buckets] = {}
    for place, group in enumerate(groups):
        rows = slice(*np.searchsorted(places, [place, place + 1]))
        for n, name in enumerate(counting.names):
            good, total = columns[2 * n][rows], columns[2 * n + 1][rows]
            filled = total > 0
            if filled.any() or group == "":
                found[name, group] = from_arrays(
                    starts[rows][filled], good[filled], total[filled], counting.step
                )
    return found


def _integers(cursor: Connection, query: str) -> list[Ints]:
    return [np.asarray(column, dtype=np.int64) for column in cursor.execute(query).fetchnumpy().values()]


def _durations(
    cursor: Connection, counting: Counting, groups: Sequence[str]
) -> dict[tuple[str, str], Durations]:
    """Durations of every SLI and group that has some."""
    if not counting.duration_columns:
        return {}
    counting.regroup_durations()
    digits = 4
    while digits > 1 and _pairs(cursor) > MOST_PAIRS:
        counting.coarsen(digits)
        digits -= 1
    values, places, *columns = cursor.execute(counting.durations_query).fetchnumpy().values()
    found: dict[tuple[str, str], Durations] = {}
    for place, group in enumerate(groups):
        rows = slice(*np.searchsorted(places, [place, place + 1]))
        for name, column in zip(counting.names, counting.duration_columns, strict=True):
            counts = np.asarray(columns[column][rows])
            there = counts > 0
            if there.any():
                millis = np.asarray(values[rows])[there]
                found[name, group] = Durations(
                    values_ms=tuple(millis.tolist()), counts=tuple(counts[there].tolist())
                )
    return found


def _pairs(cursor: Connection) -> int:
    (count,) = cursor.execute("SELECT count(*) FROM durs").fetchone() or (0,)
    return int(count)
