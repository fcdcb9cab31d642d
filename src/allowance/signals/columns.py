"""The columns of an event: raw fields under their own names, and eight names that mean the same in every format.

`time`, `status` (whole number), `duration_ms` (exact decimal), `method`, `path` (without its query), `host`, `bytes`
and `user_agent` are found under the many names that writers give them. A raw field that already has one of these
names and holds what the name says becomes that column; if it holds something else, it stays what it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from allowance.signals.number_forms import (
    COMMA_NUMBER,
    NUMBER,
    SPELLED,
    Unit,
    base_of,
    millis_sql,
    number_sql,
    unit_by_shape,
    unit_of,
    words_of,
)
from allowance.signals.time_forms import TimeForm

Kind = Literal[
    "text", "number", "comma number", "whole", "count", "boolean", "s", "ms", "us", "ns", "spelled duration",
    "plain path", "path of request", "method of request", "native", "native duration",
]  # fmt: skip
"""How a raw value is read. `native` values are typed already; a `count` is a whole number of any size, or NULL."""

Guess = tuple[str, Unit]

TIME, STATUS, DURATION = "time", "status", "duration_ms"


def _whole(raw: str) -> str:
    return f"TRY_CAST({raw} AS INTEGER)"


_REQUEST = "^([A-Za-z_-]+) (.*?)(?: HTTP/[0-9.]+)?$"


def _count(raw: str) -> str:
    exact = f"TRY_CAST({raw} AS DECIMAL(38, 6))"
    return f"CASE WHEN {exact} % 1 = 0 THEN CAST({exact} AS HUGEINT) END"


def _of_request(raw: str, group: int) -> str:
    return f"regexp_extract({raw}, '{_REQUEST}', {group})"


def _path(raw: str) -> str:
    return f"regexp_extract({raw}, '^(?:[A-Za-z][A-Za-z0-9+.-]*://[^/?]*)?([^?]*)', 1)"


READ: dict[Kind, Callable[[str], str]] = {
    "text": lambda raw: raw,
    "number": number_sql,
    "comma number": partial(number_sql, comma=True),
    "whole": _whole,
    "count": _count,
    "boolean": lambda raw: f"TRY_CAST({raw} AS BOOLEAN)",
    "s": lambda raw: millis_sql(raw, "s"),
    "ms": lambda raw: millis_sql(raw, "ms"),
    "us": lambda raw: millis_sql(raw, "us"),
    "ns": lambda raw: millis_sql(raw, "ns"),
    "spelled duration": lambda raw: millis_sql(raw, None),
    "plain path": lambda raw: f"NULLIF({_path(raw)}, '')",
    "path of request": lambda raw: f"NULLIF({_path(_of_request(raw, 2))}, '')",
    "method of request": lambda raw: f"NULLIF({_of_request(raw, 1)}, '')",
    "native": lambda raw: raw,
    "native duration": lambda raw: f"CASE WHEN {raw} >= 0 THEN {raw} END",
}
"""DuckDB's expression for each kind; NULL where a value cannot be read so."""


TEXTS: frozenset[Kind] = frozenset({"text", "plain path", "path of request", "method of request"})
"""Readings that give text; all others make NULL of a text that is not what they read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampled:
    """A raw field with the values of a sample (none for absent ones). `native` where they are not texts.

    `moment` says how a native field writes instants, if it does.
    """

    name: str
    values: tuple[str, ...] = ()
    native: Literal["number", "float", "other"] | None = None
    moment: TimeForm | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A name for predicates, the raw field behind it, and how to read it: the first reading that fits is taken."""

    name: str
    field: str
    readings: tuple[Kind, ...]
    example: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """What a format knows about its fields: further names, durations and their units, and the whole duration."""

    also: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, Unit] = field(default_factory=dict)
    duration: str | None = None


NO_HINTS = Hints()

_NAMES: dict[str, tuple[str, ...]] = {
    STATUS: (
        "status", "statuscode", "httpstatus", "httpstatuscode", "httpcode", "responsecode", "responsestatus",
        "responsestatuscode", "resstatuscode", "resstatus", "httpresponsestatuscode", "downstreamstatus", "scstatus",
    ),
    "method": ("method", "requestmethod", "httpmethod", "httprequestmethod", "reqmethod", "verb", "csmethod"),
    "path": (
        "path", "uri", "requesturi", "requestpath", "urlpath", "httptarget", "url", "requrl", "httpurl",
        "requesturl", "csuristem",
    ),
    "host": (
        "host", "httphost", "requesthost", "vhost", "virtualhost", "servername", "authority", "reqheadershost",
    ),
    "bytes": (
        "bytes", "bodybytessent", "bytessent", "bytesread", "responsesize", "responsebytes", "contentlength", "size",
        "scbytes",
    ),
    "user_agent": ("useragent", "httpuseragent", "requestuseragent", "agent", "csuseragent", "reqheadersuseragent"),
}  # fmt: skip
_REQUEST_LINES = ("request", "requestline")
_DURATIONS = (
    "duration", "requesttime", "responsetime", "latency", "elapsed", "elapsedtime", "took", "timetaken", "totaltime",
    "requestduration", "responseduration", "requestlatency", "responselatency", "processingtime", "",
)  # fmt: skip
_PARTS = frozenset(
    {"upstream", "connect", "header", "dns", "tls", "ttfb", "queue", "origin", "overhead", "retry"}
)
"""Words of durations that are only a part of the whole."""

_REQUEST_LINE = re.compile(r"[A-Za-z_-]+ \S.*")
_BOOLEANS = frozenset({"true", "false"})


def columns_of(
    fields: Sequence[Sampled], time_field: str, hints: Hints = NO_HINTS, *, comma: bool = False
) -> tuple[tuple[Column, ...], Guess | None]:
    """Every column but `time`, the eight known names first; and which field's unit had to be guessed.

    `comma`: numbers may be written with a decimal comma.
    """
    by_name = {sampled.name: sampled for sampled in fields}
    found: dict[str, Column] = {}
    duration, guess = _duration(fields, time_field, hints)
    if duration is not None:
        found[DURATION] = duration
    for name in _NAMES:
        column = _known(name, fields, hints, by_name)
        if column is not None:
            found[name] = column
    taken = {name.casefold() for name in (*found, TIME)}
    for sampled in fields:
        if sampled.name.casefold() in taken and _is_it(sampled, found, time_field):
            continue
        readings: tuple[Kind, ...] = readings_of(sampled, comma=comma)
        if sampled.name in hints.units:
            readings = (_duration_kind(hints.units[sampled.name], sampled), "text")
        found[sampled.name] = _column(sampled.name, sampled, readings)
    for alias, name in hints.also.items():
        if alias not in found and name in by_name:
            found[alias] = _column(alias, by_name[name], readings_of(by_name[name], comma=comma))
    return tuple(found.values()), guess


def _is_it(sampled: Sampled, found: Mapping[str, Column], time_field: str) -> bool:
    """Whether a raw field with a known name is that very column already."""
    known = next(
        (column for name, column in found.items() if name.casefold() == sampled.name.casefold()), None
    )
    return known.field == sampled.name if known is not None else sampled.name == time_field


def _column(name: str, sampled: Sampled, readings: tuple[Kind, ...]) -> Column:
    return Column(
        name=name, field=sampled.name, readings=readings, example=sampled.values[0] if sampled.values else ""
    )


def readings_of(sampled: Sampled, *, comma: bool = False) -> tuple[Kind, ...]:
    """In which ways a raw field may be read, the likeliest first."""
    if sampled.native is not None:
        return ("native",)
    values = _present(sampled.values)
    numbers = sum(1 for value in values if NUMBER.fullmatch(value.strip()))
    if values and all(value.lower() in _BOOLEANS for value in values):
        return ("boolean", "text")
    if values and numbers == len(values):
        return ("number", "text")
    if comma and values and _comma_numbers(values):
        return ("comma number", "text")
    return ("text", "number") if numbers or not values else ("text",)


def _comma_numbers(values: Sequence[str]) -> bool:
    return all(COMMA_NUMBER.fullmatch(value) or NUMBER.fullmatch(value) for value in values)


def canonical(name: str) -> str:
    """A name without case, marks and unit-free words joined: `http.response.status_code` -> httpresponsestatuscode."""
    return "".join(words_of(name))


def _known(
    name: str, fields: Sequence[Sampled], hints: Hints, by_name: Mapping[str, Sampled]
) -> Column | None:
    if name in hints.also:
        return _column(name, by_name[hints.also[name]], ("text",))
    own = next((sampled for sampled in fields if sampled.name.casefold() == name), None)
    if own is not None and not _readings_as(name, own):
        return None
    for candidate in _NAMES[name]:
        for sampled in fields:
            if canonical(sampled.name) == candidate and (readings := _readings_as(name, sampled)):
                return _column(name, sampled, readings)
    if name in ("path", "method"):
        for sampled in fields:
            if canonical(sampled.name) in _REQUEST_LINES and _mostly(sampled.values, _REQUEST_LINE):
                kind: Kind = "path of request" if name == "path" else "method of request"
                return _column(name, sampled, (kind,))
    return None


def _readings_as(name: str, sampled: Sampled) -> tuple[Kind, ...]:
    """How a field can be read as a known column; empty where it holds something else."""
    if sampled.native is not None:
        fits = (sampled.native in ("number", "float")) == (name in (STATUS, "bytes"))
        return ("native",) if fits else ()
    if name in (STATUS, "bytes"):
        return (("whole" if name == STATUS else "number"), "text") if _mostly(sampled.values, NUMBER) else ()
    return ("plain path", "text") if name == "path" else ("text",)


def _present(values: Sequence[str]) -> Sequence[str]:
    """A dash says that there is no value, also in tables."""
    return [value for value in values if value != "-"]


def _mostly(values: Sequence[str], pattern: re.Pattern[str]) -> bool:
    present = _present(values)
    return 2 * sum(1 for value in present if pattern.fullmatch(value.strip())) > len(present)


def _duration(fields: Sequence[Sampled], time_field: str, hints: Hints) -> tuple[Column | None, Guess | None]:
    by_name = {sampled.name: sampled for sampled in fields}
    if hints.duration is not None:
        sampled = by_name[hints.duration]
        return _column(DURATION, sampled, (_duration_kind(hints.units[hints.duration], sampled),)), None
    candidates = [(rank, sampled) for sampled in fields if (rank := _rank(sampled, time_field)) is not None]
    if not candidates:
        return None, None
    _, sampled = min(candidates, key=lambda pair: pair[0])
    if sampled.native is None and _mostly(sampled.values, SPELLED):
        return _column(DURATION, sampled, ("spelled duration",)), None
    unit = unit_of(sampled.name)
    guess = None
    if unit is None:
        nanos = any(canonical(other.name) == "downstreamstatus" for other in fields)
        unit = "ns" if nanos else unit_by_shape(sampled.name, sampled.values) or "ms"
        guess = (sampled.name, unit) if base_of(sampled.name) != "requesttime" and not nanos else None
    return _column(DURATION, sampled, (_duration_kind(unit, sampled),)), guess


def _duration_kind(unit: Unit, sampled: Sampled) -> Kind:
    return "native duration" if unit == "ms" and sampled.native == "number" else unit


def _rank(sampled: Sampled, time_field: str) -> tuple[int, int] | None:
    """How well a field names the whole duration of an event (low is good), or None if it is none."""
    if sampled.name == time_field or sampled.native == "other":
        return None
    if sampled.native is None and not (_mostly(sampled.values, NUMBER) or _mostly(sampled.values, SPELLED)):
        return None
    words, unit = words_of(sampled.name), unit_of(sampled.name)
    if _PARTS.intersection(words) or (not base_of(sampled.name) and unit == "s"):
        return None
    if unit is not None:
        words = words[:-1]
        if words[-1:] == ["time"] and len(words) == 1:
            return (1, 0)
    for start in range(len(words) or 1):
        joined = "".join(words[start:])
        if joined in _DURATIONS and (joined or unit is not None):
            return (min(start, 1) * 2, _DURATIONS.index(joined))
    return None
