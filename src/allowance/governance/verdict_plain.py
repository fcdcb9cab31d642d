"""Values as plain, exact JSON and back: fractions, windows and dates as text, no floating-point number anywhere."""

from __future__ import annotations

import types
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from fractions import Fraction
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from allowance.core.counts import NO_DATA, NoData
from allowance.core.window import CalendarWindow, RollingWindow, parse_window

Value = TypeVar("Value")
"""A dataclass."""

NO_DATA_TEXT = "no data"
WINDOWS = (RollingWindow, CalendarWindow)


def plain(value: object) -> Any:
    """A value as JSON. Fields that take no part in comparisons (where a document stood) are left out.

    Errors: `TypeError` for what has no exact form.
    """
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, NoData):
        return NO_DATA_TEXT
    if isinstance(value, WINDOWS):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): plain(part) for key, part in value.items()}
    if isinstance(value, tuple | list):
        return [plain(part) for part in value]
    if is_dataclass(value):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value) if one.compare}
    raise TypeError(f"{type(value).__name__} has no exact form")


def valued(kind: type[Value], document: Any) -> Value:
    """The dataclass that `plain` wrote. What a later version of the program added gets its default."""
    hints = _hints(kind)
    given = {name: _value(hints[name], part) for name, part in document.items() if name in hints}
    return kind(**given)


def _value(hint: Any, document: Any) -> Any:
    origin, inside = get_origin(hint), get_args(hint)
    if origin is Union or origin is types.UnionType:
        return _one_of(inside, document)
    if origin is tuple:
        return tuple(_value(inside[0], part) for part in document)
    if origin is not None and _is_mapping(origin):
        return {_value(inside[0], key): _value(inside[1], part) for key, part in document.items()}
    if hint is int and isinstance(document, str):
        return int(document)
    if origin is Literal or hint is Any:
        return document
    if hint is Fraction:
        return Fraction(document)
    if hint is date:
        return date.fromisoformat(document)
    if hint in WINDOWS:
        return parse_window(document)
    return valued(hint, document) if isinstance(hint, type) and is_dataclass(hint) else document


def _one_of(kinds: tuple[Any, ...], document: Any) -> Any:
    if document is None:
        return None
    if document == NO_DATA_TEXT and NoData in kinds:
        return NO_DATA
    return _value(next(kind for kind in kinds if kind not in (type(None), NoData)), document)


def _is_mapping(origin: Any) -> bool:
    """Whether the origin of a type hint is a mapping."""
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _hints(kind: Any) -> dict[str, Any]:
    if kind not in _KNOWN:
        _KNOWN[kind] = get_type_hints(kind)
    return _KNOWN[kind]


_KNOWN: dict[Any, dict[str, Any]] = {}
