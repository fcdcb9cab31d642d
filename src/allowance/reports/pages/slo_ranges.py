"""Which windows lead from the page of a promise: its own, those of the calendar, the one before and the one after."""

from __future__ import annotations

from dataclasses import dataclass, replace

from allowance.contract.model import Slo
from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import DAY
from allowance.core.time import Instant, iso
from allowance.core.window import CalendarUnit, CalendarWindow, RollingWindow, Window
from allowance.reports import tabular
from allowance.reports.pages.facts import UTC
from allowance.reports.pages.slo_asked import SloAsked, next_end, previous_end, window_text
from allowance.reports.pages.slo_detail import Detail
from allowance.reports.pages.view import Link


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranges:
    """Addresses of other windows (`""`: there is none), and what the form for any window begins with.

    `fields` are the rest of what is asked, for forms.
    """

    presets: tuple[Link, ...]
    earlier: str
    later: str
    compare: Link
    left: Link
    frozen: str
    window: str
    end: str
    fields: tuple[tuple[str, str], ...]


def ranges(asked: SloAsked, known: Detail | None, slo: Slo, base: str) -> Ranges:
    """From the window that is asked for; before the first measurement only the presets."""
    window = asked.window or slo.window
    at: Instant | None = None if known is None else known.evaluation.at
    calendar = isinstance(window, CalendarWindow)
    return Ranges(
        presets=_presets(asked, slo, base, at),
        earlier="" if at is None else base + _moved(asked, previous_end(window, at)).query,
        later="" if known is None else _later(base, asked, known),
        compare=Link(
            text="without comparison" if asked.compare else "compare",
            href=base + replace(asked, compare=not asked.compare).query,
        ),
        left=Link(
            text="spend per day only" if asked.left else "burn-down",
            href="" if calendar else base + replace(asked, left=not asked.left).query + "#spend",
        ),
        frozen="" if at is None else base + asked.ending(at).query,
        window=window_text(window),
        end="" if at is None else iso(at)[:16],
        fields=asked.fields,
    )


def _presets(asked: SloAsked, slo: Slo, base: str, at: Instant | None) -> tuple[Link, ...]:
    zone = slo.window.zone if isinstance(slo.window, CalendarWindow) else UTC
    choices: list[tuple[str, Window | None, Instant | NoData]] = [
        (tabular.window(slo.window), None, NO_DATA),
        (f"7{tabular.NBSP}d", RollingWindow(seconds=7 * DAY), NO_DATA),
    ]
    units: tuple[CalendarUnit, ...] = ("month", "quarter")
    for unit in units:
        window = CalendarWindow(unit=unit, zone=zone)
        choices.append((f"this {unit}", window, NO_DATA))
        if at is not None:
            choices.append((f"last {unit}", window, window.at(at).begin))
    return tuple(
        Link(text=text, href="" if _is_here(asked, window, end) else base + _asking(asked, window, end).query)
        for text, window, end in choices
        if window != slo.window or not isinstance(end, NoData)
    )


def _is_here(asked: SloAsked, window: Window | None, end: Instant | NoData) -> bool:
    return window == asked.window and end == asked.end


def _asking(asked: SloAsked, window: Window | None, end: Instant | NoData) -> SloAsked:
    return replace(asked, window=window, end=end, at=NO_DATA, chosen=None)


def _moved(asked: SloAsked, end: Instant) -> SloAsked:
    return replace(asked, end=end, at=NO_DATA, chosen=None)


def _later(base: str, asked: SloAsked, known: Detail) -> str:
    if isinstance(asked.end, NoData) or known.promise.evaluation is None:
        return ""
    end, newest = next_end(known.window, known.evaluation.at), known.promise.evaluation.at
    later = _moved(asked, end) if end < newest else replace(asked, end=NO_DATA, at=NO_DATA, chosen=None)
    return base + later.query
