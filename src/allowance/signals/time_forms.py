"""How logs and tables write instants: recognised from samples, read by DuckDB as microseconds since 1970."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median
from typing import Literal

from allowance.core.time import Instant
from allowance.signals.dialects import text_literal
from allowance.signals.number_forms import NUMBER, unit_of

TimeForm = Literal[
    "clf", "clf-local", "iso", "seconds", "millis", "micros", "nanos", "timestamp", "timestamptz"
]
"""`clf` is 17/Nov/2013:06:31:30 -0500, `clf-local` the same without zone, `iso` any ISO 8601; the next four are
numbers since 1970, and the last two are timestamps already, without and with a zone."""

EARLIEST: Instant = 0
LATEST: Instant = 7_258_118_400
"""Events lie in the years 1970 to 2199; any other time is a mistake of the writer."""

_CLF = r"[0-9]{1,2}/[A-Za-z]{3}/[0-9]{4}:[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.][0-9]{1,6})?"
_ISO = (
    r"([0-9]{4}[-/][0-9]{1,2}[-/][0-9]{1,2})"
    r"(?:[T ]([0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]*)?)?)(?: ?(Z|z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?))?)?"
)
_TEXTS: tuple[tuple[TimeForm, re.Pattern[str]], ...] = (
    ("iso", re.compile(_ISO)),
    ("clf", re.compile(_CLF + r" ?[+-][0-9]{2}:?[0-9]{2}")),
    ("clf-local", re.compile(_CLF)),
)
_UNITS: dict[str, TimeForm] = {"s": "seconds", "ms": "millis", "us": "micros", "ns": "nanos"}
_PER_SECOND: dict[TimeForm, int] = {"seconds": 1, "millis": 10**3, "micros": 10**6, "nanos": 10**9}
_PLAUSIBLE = 100_000_000
"""Seconds: a number below (1973) is rather a duration or a count than an instant."""


def time_form(name: str, values: Sequence[str], *, sure: bool = False) -> TimeForm | None:
    """The form in which at least half of the values are instants. `name` may carry a unit: `start_us`, `t_ms`.

    Numbers that would lie before 1973 are taken for something else. A caller who is `sure` that these are instants
    gets the form of any value that can be one.
    """
    readable = {form: _hits(values, pattern) for form, pattern in _TEXTS}
    numbers = [float(text) for text in values if NUMBER.fullmatch(text.strip())]
    best = max(readable, key=lambda form: readable[form])
    hits = max(readable[best], len(numbers))
    if not hits or (2 * hits < len(values) and not sure):
        return None
    if readable[best] == hits:
        return best
    found = _UNITS.get(unit_of(name) or "") or _by_size(median(numbers))
    if not sure and median(numbers) / _PER_SECOND[found] < _PLAUSIBLE:
        return None
    return found


def _hits(values: Sequence[str], pattern: re.Pattern[str]) -> int:
    return sum(1 for text in values if pattern.fullmatch(text.strip()))


def _by_size(value: float) -> TimeForm:
    """Seconds until the year 5138, milliseconds from 1973 to 5138, and so on."""
    if value < 1e11:
        return "seconds"
    if value < 1e14:
        return "millis"
    return "micros" if value < 1e17 else "nanos"


def micros_sql(raw: str, form: TimeForm, zone: str) -> str:
    """DuckDB's expression for a text (or number) as BIGINT microseconds; NULL for what cannot be read.

    `zone` is the IANA zone of times that carry none. The session's TimeZone must be UTC.
    """
    if form in ("clf", "clf-local"):
        zone_mark = " %z" if form == "clf" else ""
        # A list of formats is slower than the first alone; the second is tried for what the first cannot read.
        usual, exact = (f"try_strptime({raw}, '%d/%b/%Y:%H:%M:%S{part}{zone_mark}')" for part in ("", ".%f"))
        place = "UTC" if form == "clf" else zone
        return f"COALESCE({_wall(usual, place)}, {_wall(exact, place)})"
    if form == "iso":
        return _iso_sql(raw, zone)
    if form == "timestamp":
        return _wall(f"CAST({raw} AS TIMESTAMP)", zone)
    if form == "timestamptz":
        return f"epoch_us({raw})"
    if form in ("seconds", "millis"):
        places, factor = (6, 10**6) if form == "seconds" else (3, 10**3)
        # Whole part and rest by themselves: the product of the whole would need slow 128-bit numbers.
        number = f"TRY_CAST({raw} AS DECIMAL(18, {places}))"
        return f"CAST(floor({number}) AS BIGINT) * {factor} + CAST(({number} % 1) * {factor} AS BIGINT)"
    return f"TRY_CAST({raw} AS BIGINT)" if form == "micros" else f"TRY_CAST({raw} AS BIGINT) // 1000"


def has_zone(text: str, form: TimeForm) -> bool:
    """Whether a sample of a form says its zone (numbers always mean UTC)."""
    if form == "iso":
        found = _TEXTS[0][1].fullmatch(text.strip())
        return found is None or found.group(3) is not None
    return form not in ("clf-local", "timestamp")


def _wall(timestamp: str, zone: str) -> str:
    return f"epoch_us({timestamp})" if zone == "UTC" else f"epoch_us({in_zone_sql(timestamp, zone)})"


def in_zone_sql(timestamp: str, zone: str) -> str:
    """A timestamp without zone, read on the wall clock of a zone."""
    return f"timezone({text_literal(zone, 'duckdb')}, {timestamp})"


def _iso_sql(raw: str, zone: str) -> str:
    parts = f"regexp_extract({raw}, {text_literal(f'^ *{_ISO} *$', 'duckdb')}, ['d', 't', 'z'])"
    moment = "m.d || ' ' || CASE WHEN m.t = '' THEN '00:00' ELSE replace(m.t, ',', '.') END"
    offset = "CASE WHEN m.z IN ('', 'Z', 'z', 'UTC', 'GMT') THEN '' ELSE m.z END"
    aware = f"epoch_us(TRY_CAST({moment} || {offset} AS TIMESTAMPTZ))"
    if zone != "UTC":
        naive = _wall(f"TRY_CAST({moment} AS TIMESTAMP)", zone)
        aware = f"CASE WHEN m.z = '' THEN {naive} ELSE {aware} END"
    return f"list_transform([{parts}], lambda m: {aware})[1]"
