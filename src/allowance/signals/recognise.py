"""What a file is, from its first lines: its format, the column of the time, and every column a predicate may use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from allowance.core.problem import Problem, Where, refuse
from allowance.signals.access_tail import with_tail
from allowance.signals.columns import NO_HINTS, TIME, Column, Hints, Sampled, columns_of
from allowance.signals.counted import Counted, counted
from allowance.signals.delimited import delimited, delimiter_of, sample_rows
from allowance.signals.json_lines import json_lines
from allowance.signals.log_formats import HAPROXY, Row, access_log
from allowance.signals.number_forms import SPOKEN, Unit
from allowance.signals.time_column import TimeColumn, find_time
from allowance.signals.time_forms import has_zone

SAMPLE = 200
"""So many lines are looked at."""

FORMATS = (
    "combined",
    "combined+time",
    "common",
    "common+time",
    "json-lines",
    "haproxy-http",
    "csv",
    "parquet",
)
"""What `format` may say. `+time` may name the unit of the time: `combined+time:ms`."""

_SAME = {
    "apache-combined": "combined", "nginx-combined": "combined", "nginx": "combined", "apache": "combined",
    "apache-common": "common", "json": "json-lines", "jsonl": "json-lines", "ndjson": "json-lines",
    "haproxy": "haproxy-http", "tsv": "csv", "csv-events": "csv", "csv-counts": "csv", "parquet-events": "parquet",
    "parquet-counts": "parquet",
}  # fmt: skip


class Shape(Protocol):
    """How the lines of a format fall into raw fields, in Python for samples and in SQL for all."""

    @property
    def name(self) -> str:
        """The format."""

    @property
    def fields(self) -> tuple[str, ...]:
        """The raw fields."""

    def row(self, line: str) -> Row | None:
        """The fields of a line; None where it is malformed."""

    def reason(self, line: str) -> str | None:
        """Why a line is malformed, or None."""

    def stages(self, fields: Sequence[str]) -> list[tuple[str, str]]:
        """(alias, SQL) of what is computed once per `line`."""

    def raw(self, name: str, fields: Sequence[str], *, bare: bool = False) -> str:
        """The SQL of a raw field, from those stages; `bare` without NULL for the texts that mean nothing."""


@dataclass(frozen=True, kw_only=True)
class Recognised:
    """A file's format. `columns` are all but `time`; `rows` is a sample of raw fields; `shape` is None for Parquet."""

    format: str
    time: TimeColumn
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    notes: tuple[Problem, ...] = ()
    shape: Shape | None = None
    counted: Counted | None = None
    fields: tuple[Sampled, ...] = field(default=(), repr=False)

    @property
    def names(self) -> tuple[str, ...]:
        """Every name that a predicate may use."""
        return (TIME, *(column.name for column in self.columns))

    def column(self, name: str) -> Column:
        """A column by its exact name."""
        return next(column for column in self.columns if column.name == name)


def recognise(
    lines: Sequence[str], *, name: str, wanted: str | None = None, time: str | None = None, zone: str = "UTC"
) -> Recognised:
    """The format of a text file, from its first lines (without line ends).

    `wanted` (a format) and `time` (a column) say what the caller knows; `zone` is that of times that carry none. Errors: `Problem`
    `format`, `header`, `time`.
    """
    kind, unit = _wanted(wanted)
    where = Where(file=name)
    sample = [line for line in lines if line.strip()]
    if kind == "parquet":
        raise refuse(
            "format", "this is not Parquet", hint="leave --format out: it is recognised", where=where
        )
    if not sample:
        raise refuse("empty", "there are no lines", hint="nothing can be measured in it", where=where)
    if kind == "csv":
        return _table(sample, name, delimiter_of(sample) or ",", time, zone)
    shares = _shares(sample)
    best = max(shares, key=lambda log: shares[log])
    if kind is not None:
        best = kind.removesuffix("+time")
    elif shares[best] < 0.5:
        delimiter = delimiter_of(sample)
        if delimiter is not None:
            return _table(sample, name, delimiter, time, zone)
    is_array = kind is None and shares[best] < 0.5 and sample[0].lstrip().startswith("[")
    if shares[best] == 0 or is_array:
        raise _unknown(name, sample, kind)
    return _log(sample, best, unit, name, time, zone)


def _wanted(text: str | None) -> tuple[str | None, Unit | None]:
    if text is None:
        return None, None
    kind, _, unit = text.lower().partition(":")
    kind = _SAME.get(kind, kind)
    units: Mapping[str, Unit] = {"s": "s", "ms": "ms", "us": "us"}
    if kind not in FORMATS or (unit and (unit not in units or not kind.endswith("+time"))):
        raise refuse("format", f"{text!r} is not a format", hint=f"one of {', '.join(FORMATS)}")
    return kind, units.get(unit)


def _shares(lines: Sequence[str]) -> dict[str, float]:
    """Which share of the lines each log format reads; the earlier wins where two read the same."""
    objects = json_lines(lines)
    shapes: dict[str, Shape] = {
        "json-lines": objects,
        "haproxy-http": HAPROXY,
        "combined": access_log(combined=True),
        "common": access_log(combined=False),
    }
    shares = {
        kind: sum(shape.row(line) is not None for line in lines) / len(lines)
        for kind, shape in shapes.items()
    }
    if not objects.fields:
        shares["json-lines"] = 0
    # Every combined line reads as a common line with two more texts.
    if shares["combined"] >= 0.5 * shares["common"]:
        shares["common"] = 0
    return shares


def _unknown(name: str, lines: Sequence[str], wanted: str | None) -> Exception:
    first = lines[0].lstrip("\ufeff").strip()
    if first.startswith(("[", "{")) and wanted in (None, "json-lines"):
        hint = "JSON is read as one object per line: jq -c '.[]' file.json > file.jsonl"
    else:
        hint = f"say --format; recognised are {', '.join(FORMATS)}"
    what = f"this is not {wanted}" if wanted else "the file is in no format that is recognised"
    shown = first if len(first) <= 60 else f"{first[:57]}..."
    return refuse("format", f"{what}; it begins {shown!r}", hint=hint, where=Where(file=name, line=1))


def _log(
    lines: Sequence[str], kind: str, unit: Unit | None, name: str, time: str | None, zone: str
) -> Recognised:
    notes: list[Problem] = []
    hints = NO_HINTS
    shape: Shape
    if kind == "json-lines":
        shape = json_lines(lines)
    elif kind == "haproxy-http":
        shape = HAPROXY
        hints = Hints(units=dict.fromkeys(("TR", "Tw", "Tc", "Tr", "Ta"), "ms"), duration="Ta")
    else:
        shape, hints, notes = with_tail(lines, combined=kind == "combined", unit=unit, name=name)
    rows = [row for line in lines if (row := shape.row(line)) is not None]
    default = {"haproxy-http": "accept_date", "json-lines": None}.get(kind, "time_local")
    found = _finish(rows, shape, name, time or default, zone, hints)
    return replace(found, notes=(*notes, *found.notes))


def _table(lines: Sequence[str], name: str, delimiter: str, time: str | None, zone: str) -> Recognised:
    shape = delimited(lines, delimiter, name=name)
    rows = sample_rows(lines, shape)
    if not rows:
        raise refuse(
            "empty",
            "there is a header and no lines",
            hint="nothing can be measured in it",
            where=Where(file=name),
        )
    return _finish(rows, shape, name, time, zone, comma=delimiter != ",")


def _finish(
    rows: Sequence[Row],
    shape: Shape,
    name: str,
    time: str | None,
    zone: str,
    hints: Hints = NO_HINTS,
    *,
    comma: bool = False,
) -> Recognised:
    values = {field: tuple(v for row in rows if (v := row[field]) is not None) for field in shape.fields}
    fields = tuple(Sampled(name=field, values=texts) for field, texts in values.items())
    return from_fields(
        fields, name=name, kind=shape.name, time=time, zone=zone, hints=hints, comma=comma, rows=tuple(rows), shape=shape
    )  # fmt: skip


def from_fields(
    fields: Sequence[Sampled],
    *,
    name: str,
    kind: str,
    time: str | None,
    zone: str,
    hints: Hints = NO_HINTS,
    comma: bool = False,
    rows: tuple[Row, ...] = (),
    shape: Shape | None = None,
) -> Recognised:
    """What sampled fields amount to: the time, the columns, and whether the rows are counts already."""
    moment = find_time(fields, name=name, wanted=time)
    columns, guess = columns_of(fields, moment.field, hints, comma=comma)
    notes = []
    times = next(sampled.values for sampled in fields if sampled.name == moment.field)
    if times and not has_zone(times[0], moment.form):
        notes.append(
            Problem(
                code="zone",
                message=f"the times of {moment.field} carry no zone and are read as {zone}",
                where=Where(file=name),
                severity="info",
            )
        )
    if guess:
        notes.append(
            Problem(
                code="unit",
                message=f"{guess[0]} names no unit and is read as {SPOKEN[guess[1]]}",
                where=Where(file=name),
                hint="rename the column, for example to duration_ms, if that is wrong",
                severity="info",
            )
        )
    counts = counted(fields, moment.field)
    return Recognised(
        format=kind if counts is None else kind.replace("-events", "-counts"),
        time=moment,
        columns=columns,
        rows=rows,
        notes=tuple(notes),
        shape=shape,
        counted=counts,
        fields=tuple(fields),
    )


_SPOKEN = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}
