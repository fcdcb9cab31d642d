"""The colours of pages and charts: one light and one dark value per role, checked for contrast by a test.

States always have a shape and a word as well. Charts are drawn with the light values; a page maps each of them to
its role, so that one drawing follows the theme, forced colours and print.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Colour:
    """One role in both themes, as `#RRGGBB`; the light values of chart roles are all different."""

    light: str
    dark: str


TEXT: dict[str, Colour] = {
    "ink": Colour(light="#171A20", dark="#E8EBF0"),
    "muted": Colour(light="#59606B", dark="#A7AEB9"),
    "link": Colour(light="#0B4A95", dark="#6FB0FF"),
    "ok": Colour(light="#0B4A94", dark="#3D8FF0"),
    "watch": Colour(light="#9A5200", dark="#F3CF5B"),
    "broken": Colour(light="#7A0021", dark="#FF5A8A"),
    "no-data": Colour(light="#6B7079", dark="#C4C9D1"),
}
"""Text and glyphs: at least 4.5 to 1 on every background."""

FILL: dict[str, Colour] = {
    "ok-fill": Colour(light="#2B78D0", dark="#3D8FF1"),
    "watch-fill": Colour(light="#C07A00", dark="#F3CF5C"),
    "broken-fill": Colour(light="#7A0022", dark="#FF5A8B"),
    "no-data-fill": Colour(light="#858A92", dark="#C4C9D2"),
}
"""Data in charts: at least 3 to 1 on every background."""

GROUND: dict[str, Colour] = {
    "paper": Colour(light="#FFFFFF", dark="#0E1116"),
    "panel": Colour(light="#F6F7F9", dark="#161B22"),
}

FAINT: dict[str, Colour] = {
    "line": Colour(light="#D9DDE3", dark="#2C333D"),
    "grid": Colour(light="#E7EAEE", dark="#232932"),
}
"""Borders and grid lines, which carry no data."""

EDGE: dict[str, Colour] = {"edge": Colour(light="#828791", dark="#6A7380")}
"""Borders of what one can use: at least 3 to 1 on every background."""

ROLES: dict[str, Colour] = {**EDGE, **TEXT, **FILL, **GROUND, **FAINT}


def light(role: str) -> str:
    """The light value, with which charts are drawn."""
    return ROLES[role].light


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours by WCAG 2: from 1 to 21."""
    high, low = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
