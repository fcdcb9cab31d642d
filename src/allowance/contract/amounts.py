"""Amounts as people write them in documents: shares, latencies, money, names, dates."""

from __future__ import annotations

import re
from datetime import date
from fractions import Fraction

from allowance.contract.model import Money
from allowance.core.problem import refuse
from allowance.core.ratio import decimal_text, parse_decimal

_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_MILLISECONDS = {"us": Fraction(1, 1000), "ms": Fraction(1), "s": Fraction(1000), "m": Fraction(60_000)}
_LATENCY = re.compile(r"([0-9.]+)\s*(us|ms|s|m)")
_MONEY = re.compile(r"([0-9.]+)\s*([A-Z]{3})")


def parse_name(text: str) -> str:
    """A name as in Kubernetes (RFC 1123 label): a-z, 0-9 and `-`, at most 63. Errors: `Problem` `name`."""
    if _NAME.fullmatch(text):
        return text
    raise refuse(
        "name",
        f"{text[:80]!r} is not a name: use a-z, 0-9 and '-', at most 63 characters",
        hint=f"for example {as_name(text)}; words for people go into displayName",
    )


def parse_object_name(text: str) -> str:
    """A name of a Kubernetes object (RFC 1123 subdomain): names joined by dots. Errors: `Problem` `name`."""
    if len(text) <= 253 and all(_NAME.fullmatch(part) for part in text.split(".")):
        return text
    return parse_name(text)


def as_name(text: str) -> str:
    """Any text as a name: `API Availability` -> `api-availability`; `x` where nothing is left; a name stays."""
    if _NAME.fullmatch(text):
        return text
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:63].strip("-") or "x"


def parse_share(text: str) -> Fraction:
    """`2%`, `0.02` or `1/50` to a fraction; may be negative or above 1 with a `%`. Errors: `Problem` `share`."""
    cleaned = text.strip()
    if cleaned.endswith("%"):
        return parse_decimal(cleaned.removesuffix("%")) / 100
    value = parse_number(cleaned)
    if value > 1 and "/" not in cleaned:
        raise refuse("share", f"{text} is not a share of a whole", hint=f"did you mean {cleaned}%?")
    return value


def parse_part(text: str) -> Fraction:
    """A share above 0 and at most 1. Errors: `Problem` `share`."""
    value = parse_share(text)
    if 0 < value <= 1:
        return value
    raise refuse("share", f"{text} is outside 0 to 100 %", hint="write it as 95%")


def parse_number(text: str) -> Fraction:
    """A decimal number or a fraction `7/3`, of any sign. Errors: `Problem` `number`."""
    above, slash, below = text.partition("/")
    value, divisor = parse_decimal(above), parse_decimal(below) if slash else Fraction(1)
    if divisor <= 0:
        raise refuse("number", f"{text[:40]!r} divides by zero or less", hint="write it as 14.4")
    return value / divisor


def parse_positive(text: str) -> Fraction:
    """A number above zero. Errors: `Problem` `number`."""
    value = parse_number(text)
    if value > 0:
        return value
    raise refuse("number", f"{text} is not above zero", hint="for example 14.4")


def parse_count(text: str) -> int:
    """A whole number, zero or more. Errors: `Problem` `number`."""
    if text.isascii() and text.isdigit() and len(text) <= 15:
        return int(text)
    raise refuse("number", f"{text[:40]!r} is not a whole number of zero or more", hint="for example 100")


def parse_latency(text: str) -> Fraction:
    """`300ms`, `1.5s` to milliseconds. Errors: `Problem` `latency`."""
    match = _LATENCY.fullmatch(text.strip())
    value = parse_decimal(match.group(1)) if match else Fraction(0)
    if match is None or value <= 0:
        raise refuse(
            "latency", f"{text[:40]!r} is not a latency", hint="write it with its unit, as 300ms or 1.5s"
        )
    return value * _MILLISECONDS[match.group(2)]


def latency_text(milliseconds: Fraction) -> str:
    """Milliseconds as `300ms`."""
    return f"{decimal_text(milliseconds)}ms"


def parse_money(text: str) -> Money:
    """`120 EUR`. Errors: `Problem` `money`."""
    match = _MONEY.fullmatch(text.strip())
    if match is None:
        raise refuse("money", f"{text[:40]!r} is not an amount of money", hint="write it as 120 EUR")
    return Money(amount=parse_decimal(match.group(1)), currency=match.group(2))


def parse_date(text: str) -> date:
    """`2027-02-01`. Errors: `Problem` `date`."""
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise refuse("date", f"{text[:40]!r} is not a date", hint="write it as 2027-02-01") from None


def number_text(value: Fraction) -> str:
    """A number so that `parse_number` gives the same: `14.4`, or `7/3` where no decimal ends."""
    text = decimal_text(value, 40)
    return text if Fraction(text) == value else f"{value.numerator}/{value.denominator}"


def share_text(share: Fraction) -> str:
    """A share so that `parse_share` gives the same: `2%`, or `1/48` where no decimal ends."""
    percent = number_text(share * 100)
    return f"{share.numerator}/{share.denominator}" if "/" in percent else f"{percent}%"
