"""Plain scalars to values, by the core schema of YAML 1.2."""

from __future__ import annotations

import re
from decimal import Decimal

from allowance.core.problem import Where, refuse

Scalar = None | bool | int | Decimal | str

MOST_DIGITS = 60
"""The longest number, in characters."""

_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_TRUE = frozenset({"true", "True", "TRUE"})
_FALSE = frozenset({"false", "False", "FALSE"})
_INT = re.compile(r"[-+]?[0-9]+")
_BASED = {"0o": (re.compile(r"0o[0-7]+"), 8), "0x": (re.compile(r"0x[0-9a-fA-F]+"), 16)}
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE]([-+]?[0-9]+))?")
_LARGEST_EXPONENT = 300


def resolve(text: str, where: Where) -> Scalar:
    """What an untagged plain scalar means. Errors: `Problem` `yaml-number` for a number of absurd size."""
    first = text[:1]
    if text in _NULL:
        return None
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    if not first.isascii() or not (first.isdigit() or first in "-+."):
        return text
    number = _number(text, where)
    return text if number is None else number


def honour(tag: str, text: str, where: Where) -> Scalar:
    """What a scalar with a tag of the core schema (`str`, `int`, `float`, `bool`, `null`) means.

    Errors: `Problem` `yaml-tag` where text and tag do not agree.
    """
    if tag == "str":
        return text
    value = resolve(text, where)
    if tag == "null" and value is None:
        return None
    if tag == "bool" and isinstance(value, bool):
        return value
    if tag == "int" and isinstance(value, int) and not isinstance(value, bool):
        return value
    if tag == "float" and isinstance(value, int | Decimal) and not isinstance(value, bool):
        return Decimal(value)
    raise refuse(
        "yaml-tag", f"{text[:40]!r} is not a !!{tag}", hint="correct it, or remove the tag", where=where
    )


def _number(text: str, where: Where) -> int | Decimal | None:
    for prefix, (shape, radix) in _BASED.items():
        if text.startswith(prefix) and shape.fullmatch(text):
            return int(_short(text, where), radix)
    if _INT.fullmatch(text):
        return int(_short(text, where))
    real = _FLOAT.fullmatch(text)
    if real is None:
        return None
    exponent = real.group(1) or "0"
    if abs(int(_short(exponent, where))) > _LARGEST_EXPONENT:
        raise _absurd(text, where)
    return Decimal(_short(text, where))


def _short(text: str, where: Where) -> str:
    if len(text) > MOST_DIGITS:
        raise _absurd(text, where)
    return text


def _absurd(text: str, where: Where) -> Exception:
    return refuse(
        "yaml-number",
        f"the number {text[:24]}{'...' if len(text) > 24 else ''} is too large or too precise",
        hint="put quotes around it if it is text",
        where=where,
    )
