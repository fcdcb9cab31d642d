"""What the values of pages are made of: numbers with their words, instants, addresses; and all of it as plain JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from fractions import Fraction
from typing import Any

from allowance.budget.health import Health
from allowance.core.counts import NoData
from allowance.core.time import Instant, iso
from allowance.reports.glyphs import Svg
from allowance.reports.numbers import machine
from allowance.reports.page import State
from allowance.reports.tabular import when


@dataclass(frozen=True, slots=True, kw_only=True)
class Num:
    """A number as people read it, and as machines do (nothing where there is no data)."""

    text: str
    value: Fraction | int | NoData

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class When:
    """An instant: pages write it in UTC or local time, `ago` says how long that is before the page's own instant."""

    at: Instant
    ago: str = ""

    def __str__(self) -> str:
        return f"{when(self.at)} UTC"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A word that leads somewhere on this server; without an address it is only the word."""

    text: str
    href: str = ""

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What every page begins with: `h1` is its question answered, `state` the worst that stands on it.

    `as_of` is the tick that its numbers are from (nothing before the first).
    """

    title: str
    h1: str
    state: State
    as_of: When | NoData
    window: str = ""


def head(title: str, h1: str, health: Health, as_of: Instant | NoData, *, window: str = "") -> Head:
    """The head of a page."""
    at = as_of if isinstance(as_of, NoData) else When(at=as_of)
    return Head(title=title, h1=h1, state=State(health=health), as_of=at, window=window)


def plain(value: Any) -> Any:
    """A view as JSON: fields by name, drawings left out, numbers beside their words, instants in ISO 8601, no NaN."""
    match value:
        case NoData() | None:
            return None
        case Num():
            return {"text": value.text, "value": _machine(value.value)}
        case When():
            return iso(value.at)
        case State():
            return value.health
        case Fraction():
            return machine(value)
        case str() | int():
            return value
        case Mapping():
            return {str(key): plain(inside) for key, inside in value.items()}
        case Sequence():
            return [plain(inside) for inside in value if not isinstance(inside, Svg)]
    if is_dataclass(value):
        found = {field.name: getattr(value, field.name) for field in fields(value)}
        return {name: plain(inside) for name, inside in found.items() if not isinstance(inside, Svg)}
    raise TypeError(f"a page cannot show {type(value).__name__}")


def _machine(value: Fraction | int | NoData) -> float | int | None:
    return value if isinstance(value, int) else machine(value)


def query_text(**values: str) -> str:
    """`?q=...&sort=...`, percent-encoded, what is empty left out; `""` where all is."""
    parts = [f"{name}={_encoded(value)}" for name, value in values.items() if value]
    return f"?{'&'.join(parts)}" if parts else ""


def _encoded(text: str) -> str:
    kept = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
    return "".join(chr(byte) if byte in kept else f"%{byte:02X}" for byte in text.encode("utf-8", "replace"))
