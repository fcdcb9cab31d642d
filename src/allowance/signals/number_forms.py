"""How logs and tables write numbers and durations: recognised from samples, read by DuckDB as exact decimals."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median
from typing import Literal

Unit = Literal["s", "ms", "us", "ns"]
SPOKEN: dict[Unit, str] = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}

NUMBER = re.compile(r"[-+]?(?:[0-9]+(?:[.][0-9]*)?|[.][0-9]+)(?:[eE][-+]?[0-9]{1,3})?")
COMMA_NUMBER = re.compile(r"[-+]?[0-9]+,[0-9]+")
SPELLED = re.compile(r"[0-9]+(?:[.][0-9]+)? ?(?:ns|us|µs|μs|ms|s)")

_SUFFIXES: dict[str, Unit] = {
    "s": "s", "sec": "s", "secs": "s", "second": "s", "seconds": "s",
    "ms": "ms", "msec": "ms", "msecs": "ms", "millis": "ms", "millisecond": "ms", "milliseconds": "ms",
    "us": "us", "usec": "us", "usecs": "us", "micros": "us", "microsecond": "us", "microseconds": "us",
    "ns": "ns", "nsec": "ns", "nano": "ns", "nanos": "ns", "nanosecond": "ns", "nanoseconds": "ns",
}  # fmt: skip
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+|[µμ]s")


def words_of(name: str) -> list[str]:
    """A column's name as lower-case words: `http.responseTimeMs` -> http, response, time, ms."""
    return [word.lower() for word in _WORDS.findall(name)]


def unit_of(name: str) -> Unit | None:
    """The unit that the last word of a name says, if it says one."""
    words = words_of(name)
    return _SUFFIXES.get(words[-1]) if words else None


def base_of(name: str) -> str:
    """The words of a name without its unit, as one word: `response_time_ms` -> responsetime."""
    words = words_of(name)
    return "".join(words[:-1] if words and words[-1] in _SUFFIXES else words)


def unit_by_shape(name: str, values: Sequence[str]) -> Unit | None:
    """The unit of bare numbers, guessed: whole numbers around 1,000 and above after a log line are microseconds.

    Numbers with decimals are seconds while the middle one is below 5, else milliseconds; whole numbers are
    milliseconds unless a log line ends in them (`name` is empty then), where single digits are seconds.
    None where there is no number.
    """
    numbers = [text for text in values if NUMBER.fullmatch(text)]
    if not numbers:
        return None
    middle = median(abs(float(text)) for text in numbers)
    if any("." in text or "e" in text.lower() for text in numbers):
        return "s" if middle < 5 or base_of(name) == "requesttime" else "ms"
    if name:
        return "s" if base_of(name) == "requesttime" and middle < 60 else "ms"
    if middle >= 1000:
        return "us"
    return "ms" if max(float(text) for text in numbers) >= 10 else "s"


def number_sql(raw: str, *, comma: bool = False) -> str:
    """A number, exact to twelve decimals, NULL for what is none."""
    text = f"replace({raw}, ',', '.')" if comma else raw
    return f"TRY_CAST({text} AS DECIMAL(38, 12))"


_WIDE_SECONDS = "TRY_CAST(CAST(TRY_CAST({raw} AS DECIMAL(18, 9)) AS DECIMAL(38, 9)) * 1000 AS DECIMAL(18, 6))"
_MILLIS: dict[Unit, str] = {
    # Below 11 days the product fits into 64 bits, which is ten times faster; the wide form is computed for the rest.
    "s": "COALESCE(CAST(CAST(TRY_CAST({raw} AS DECIMAL(15, 9)) AS DECIMAL(18, 9)) * 1000 AS DECIMAL(18, 6)), "
    + _WIDE_SECONDS
    + ")",
    "ms": "TRY_CAST({raw} AS DECIMAL(18, 6))",
    "us": "TRY_CAST(TRY_CAST({raw} AS DECIMAL(18, 3)) * 0.001 AS DECIMAL(18, 6))",
    "ns": "TRY_CAST(TRY_CAST({raw} AS DECIMAL(18, 0)) * 0.000001 AS DECIMAL(18, 6))",
}


def millis_sql(raw: str, unit: Unit | None) -> str:
    """A duration in milliseconds as DECIMAL(18, 6); NULL where it is negative or none. No unit: `12.5ms`."""
    if unit is None:
        return _spelled_sql(raw)
    return _measured(_MILLIS[unit].format(raw=raw))


_SPELLED: tuple[tuple[str, Unit], ...] = (
    ("ns", "ns"), ("us", "us"), ("µs", "us"), ("μs", "us"), ("ms", "ms"), ("s", "s"),
)  # fmt: skip


def _measured(millis: str) -> str:
    """NULL for whatever is below zero. GREATEST passes over NULL, so the value is computed once."""
    return f"NULLIF(GREATEST({millis}, -0.000001), -0.000001)"


def _spelled_sql(raw: str) -> str:
    number = f"regexp_extract({raw}, '^([0-9]+(?:[.][0-9]+)?) ?(?:ns|us|µs|μs|ms|s)$', 1)"
    branches = " ".join(
        f"WHEN ends_with({raw}, '{suffix}') THEN {_measured(_MILLIS[unit].format(raw=number))}"
        for suffix, unit in _SPELLED
    )
    return f"CASE {branches} END"
