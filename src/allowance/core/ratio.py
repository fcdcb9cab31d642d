"""Exact ratios: targets and thresholds are fractions, rounded only when printed."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from fractions import Fraction

from allowance.core.problem import refuse

_PLACES = 30


def parse_decimal(text: str) -> Fraction:
    """A plain decimal number to the exact fraction that it writes. Errors: `Problem` `number`."""
    cleaned = text.strip()
    try:
        value = Decimal(cleaned)
    except InvalidOperation:
        raise refuse("number", f"{text!r} is not a number", hint="write it as 99.9") from None
    if not value.is_finite() or len(cleaned) > 60 or abs(value.adjusted()) > _PLACES:
        raise refuse("number", f"{text!r} is not a usable number", hint="write it as 99.9")
    return Fraction(value)


def parse_target(text: str) -> Fraction:
    """A target as people write it to a fraction inside (0, 1): `99.9`, `99.9%` and `0.999` are the same.

    A bare number above 1 is a percentage, below 1 a fraction; with `%` it is always a percentage.
    Errors: `Problem` `target`: 100 % leaves no budget, and 0 promises nothing.
    """
    cleaned = text.strip()
    percent = cleaned.endswith("%")
    value = parse_decimal(cleaned.removesuffix("%"))
    fraction = value / 100 if percent or value > 1 else value
    if not 0 < fraction < 1:
        raise refuse(
            "target",
            f"a target of {text} is outside 0 to 100 %, both excluded",
            hint="write it as 99.9 or 0.999; 100 % would leave no budget to spend",
        )
    return fraction


def decimal_text(value: Fraction, places: int = 12) -> str:
    """The shortest decimal for a fraction; exact where it ends within `places`, else rounded half to even.

    `Fraction(10049, 1000)` -> `10.049`; `Fraction(1, 3)` -> `0.333333333333`.
    """
    scale = 10**places
    scaled = round(value * scale)
    sign = "-" if scaled < 0 else ""
    whole, rest = divmod(abs(scaled), scale)
    tail = f"{rest:0{places}d}".rstrip("0")
    return f"{sign}{whole}.{tail}" if tail else f"{sign}{whole}"


def percent_text(value: Fraction, places: int = 3) -> str:
    """A fraction as percent with at most `places` decimals: `Fraction(999, 1000)` -> `99.9 %`."""
    return f"{decimal_text(value * 100, places)} %"
