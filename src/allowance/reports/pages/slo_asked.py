"""What is asked of the page of a promise: a window, its end, a comparison, an instant; all of it stands in the address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from allowance.contract.model import Slo
from allowance.core.counts import NO_DATA, NoData
from allowance.core.problem import ProblemError
from allowance.core.time import Instant, iso, parse_instant
from allowance.core.window import CalendarWindow, RollingWindow, Span, Window, parse_window
from allowance.reports.pages.lane import PLURALS
from allowance.reports.pages.view import query_text

BURN_DOWN = "burn-down"
LONGEST = 100
"""Characters of a value that are read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SloAsked:
    """What the address asks for. Nothing said: the promise's own window, up to the newest tick.

    `show` names the kinds of events of the lane (empty: all); with `left` what is left is drawn for a rolling window
    too; `chosen` is a period to look at. `remarks` say what the address asks for and what cannot be answered.
    """

    window: Window | None = None
    end: Instant | NoData = NO_DATA
    compare: bool = False
    at: Instant | NoData = NO_DATA
    by: str = ""
    show: tuple[str, ...] = ()
    left: bool = False
    chosen: Span | None = None
    remarks: tuple[str, ...] = ()

    @property
    def query(self) -> str:
        """Its query with `?` in front; defaults are left out."""
        return query_text(**self._values)

    @property
    def fields(self) -> tuple[tuple[str, str], ...]:
        """The same without the period, for a form that asks for something more."""
        values = replace(self, chosen=None)._values
        return tuple((name, value) for name, value in values.items() if value)

    @property
    def _values(self) -> dict[str, str]:
        found = {
            "w": "" if self.window is None else window_text(self.window),
            "end": "" if isinstance(self.end, NoData) else iso(self.end),
            "cmp": "prev" if self.compare else "",
            "by": self.by,
            "show": ",".join(self.show),
            "chart": BURN_DOWN if self.left else "",
            "at": "" if isinstance(self.at, NoData) else iso(self.at),
        }
        if self.chosen is not None:
            found |= {"from": iso(self.chosen.begin), "to": iso(self.chosen.end)}
        return found

    def showing(self, kinds: tuple[str, ...]) -> SloAsked:
        """The same with other kinds of events."""
        return replace(self, show=kinds)

    def ending(self, end: Instant | NoData) -> SloAsked:
        """The same up to another instant."""
        return replace(self, end=end)


def slo_asked(query: Mapping[str, str], slo: Slo, *, newest: Instant | NoData) -> SloAsked:
    """The address read; what cannot be read or answered becomes a remark, and the default stands."""
    remarks: list[str] = []
    window = _window(query.get("w", "")[:LONGEST], remarks)
    end = _instant("end", query.get("end", "")[:LONGEST], remarks)
    if not isinstance(end, NoData) and not isinstance(newest, NoData) and end > newest:
        remarks.append(f"end={iso(end)} has not come yet; shown up to the newest tick")
        end = NO_DATA
    by = query.get("by", "")[:LONGEST]
    if by and by not in slo.group_by:
        remarks.append(f"by={by} is not what this promise is grouped by")
        by = ""
    return SloAsked(
        window=None if window == slo.window else window,
        end=end,
        compare=query.get("cmp") == "prev",
        at=_instant("at", query.get("at", "")[:LONGEST], remarks),
        by=by,
        show=tuple(one for one in PLURALS.values() if one in query.get("show", "")[:LONGEST].split(",")),
        left=query.get("chart") == BURN_DOWN,
        chosen=_period(query, remarks),
        remarks=tuple(remarks),
    )


def _period(query: Mapping[str, str], remarks: list[str]) -> Span | None:
    begin, end = (_instant(name, query.get(name, "")[:LONGEST].strip(), remarks) for name in ("from", "to"))
    if isinstance(begin, NoData) or isinstance(end, NoData):
        return None
    if begin >= end:
        remarks.append(f"from={iso(begin)} is not before to={iso(end)}")
        return None
    return Span(begin=begin, end=end)


def window_text(window: Window) -> str:
    """`28d`, `month`, `month Europe/Berlin`: as it stands in an address."""
    if isinstance(window, RollingWindow):
        return str(window)
    return window.unit if window.zone.key == "UTC" else f"{window.unit} {window.zone.key}"


def previous_end(window: Window, end: Instant) -> Instant:
    """Where the window before the one that ends at `end` ends."""
    return window.at(end).begin


def next_end(window: Window, end: Instant) -> Instant:
    """Where the window after the one that ends at `end` ends."""
    if isinstance(window, CalendarWindow):
        return window.whole(window.whole(end).end + 1).end
    return end + window.seconds


def _window(text: str, remarks: list[str]) -> Window | None:
    if not text:
        return None
    try:
        window = parse_window(text)
    except ProblemError as error:
        remarks.append(f"w={text}: {error.problems[0].message}; the promise's own window is shown")
        return None
    if isinstance(window, RollingWindow) and window.seconds <= 0:
        remarks.append(f"w={text} has no length; the promise's own window is shown")
        return None
    return window


def _instant(name: str, text: str, remarks: list[str]) -> Instant | NoData:
    if not text:
        return NO_DATA
    try:
        return parse_instant(text)
    except ProblemError as error:
        remarks.append(f"{name}={text}: {error.problems[0].message}")
        return NO_DATA
