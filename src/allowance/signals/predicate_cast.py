"""Values read as another type, as SQL's TRY_CAST does: what cannot be read is None."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from allowance.signals.dialects import PlainType

_NUMBER = re.compile(r"\s*[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d{1,3})?\s*", re.ASCII)
_TRUE, _FALSE = frozenset({"true", "t", "1", "yes", "y"}), frozenset({"false", "f", "0", "no", "n"})
_LONGEST_NUMBER = 60
_BIGINT = 2**63


def number(value: Any) -> int | float | Decimal | None:
    """A number as it is, a text that writes one as that number; None for everything else."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float | Decimal):
        return value
    if isinstance(value, str) and len(value) <= _LONGEST_NUMBER and _NUMBER.fullmatch(value):
        cleaned = value.strip()
        return int(cleaned) if cleaned.lstrip("+-").isdecimal() else Decimal(cleaned)
    return None


def text(value: Any) -> str | None:
    """A text as it is, a whole number or a truth as it is printed; None for everything else."""
    if isinstance(value, str) or value is None:
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, Decimal):
        return f"{value:f}"
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)


def cast_of(kind: PlainType, *sizes: int) -> Callable[[Any], Any]:
    """The function that reads a value as a plain type."""
    if kind == "decimal":
        return lambda value: _decimal(value, *sizes)
    return _CASTS[kind]


def _integer(value: Any) -> int | None:
    if isinstance(value, bool):
        return int(value)
    found = number(value)
    if found is None or (isinstance(found, float) and not math.isfinite(found)):
        return None
    rounding = ROUND_HALF_EVEN if isinstance(found, float) else ROUND_HALF_UP
    whole = found if isinstance(found, int) else int(Decimal(found).to_integral_value(rounding))
    return whole if -_BIGINT <= whole < _BIGINT else None


def _decimal(value: Any, precision: int = 18, scale: int = 3) -> Decimal | None:
    found = int(value) if isinstance(value, bool) else number(value)
    if found is None or (isinstance(found, float) and not math.isfinite(found)):
        return None
    try:
        fixed = Decimal(found).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
    except InvalidOperation:
        return None
    return fixed if abs(fixed) < Decimal(10) ** (precision - scale) else None


def _double(value: Any) -> float | None:
    found = int(value) if isinstance(value, bool) else number(value)
    try:
        return None if found is None else float(found)
    except OverflowError:
        return None


def _boolean(value: Any) -> bool | None:
    if isinstance(value, str):
        lowered = value.strip().lower()
        return True if lowered in _TRUE else False if lowered in _FALSE else None
    if isinstance(value, bool):
        return value
    found = number(value)
    return None if found is None else bool(found)


def _timestamp(value: Any) -> datetime | None:
    if isinstance(value, date) and not isinstance(value, datetime):
        return datetime(value.year, value.month, value.day)  # noqa: DTZ001 (SQL's timestamp has no zone; all are UTC)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value.strip())
        except ValueError:
            return None
    if not isinstance(value, datetime):
        return None
    return value.astimezone(UTC).replace(tzinfo=None) if value.tzinfo is not None else value


def _date(value: Any) -> date | None:
    found = _timestamp(value)
    return None if found is None else found.date()


_CASTS: dict[PlainType, Callable[[Any], Any]] = {
    "integer": _integer,
    "double": _double,
    "text": text,
    "boolean": _boolean,
    "timestamp": _timestamp,
    "date": _date,
}
