"""What a page is made of: plain values that a template shows and that hold every number as it is printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from allowance.budget.health import Health
from allowance.core.problem import Problem
from allowance.core.time import Instant
from allowance.core.window import Span
from allowance.reports.chart_frame import Chart
from allowance.reports.glyphs import Svg, Swatch, state_glyph, state_icon, swatch
from allowance.reports.health import WORDS


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """A state as it is always shown: shape and word together."""

    health: Health

    @property
    def word(self) -> str:
        """`BROKEN`."""
        return WORDS[self.health]

    @property
    def glyph(self) -> Svg:
        """Its shape."""
        return state_glyph(self.health)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One cell: text, or an instant that the page writes in UTC or local time; a drawing may stand beside it."""

    text: str = ""
    instant: Instant | None = None
    state: State | None = None
    svg: Svg | None = None
    anchor: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column: numbers are right-aligned, and instants stand under the zone that the reader chose."""

    title: str
    number: bool = False
    instant: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """Rows of cells under columns. The first cell of a row names it.

    `rest` says what was left out; with `fold` the table is opened by the reader, and these words say what it holds.
    """

    kind: ClassVar[str] = "table"
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    foot: tuple[Cell, ...] = ()
    rest: str = ""
    fold: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """What a mark of a chart means; without a swatch it is a remark on how to read it."""

    means: str
    swatch: Swatch | None = None

    @property
    def svg(self) -> Svg | None:
        """The mark, small."""
        return None if self.swatch is None else swatch(self.swatch)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A chart with its question, one sentence that says what it shows, how to read it, and its numbers.

    `span` is what its axis of time spans, where it has one.
    """

    kind: ClassVar[str] = "figure"
    name: str
    question: str
    says: str
    keys: tuple[Key, ...]
    chart: Chart
    numbers: Table
    span: Span | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remarks:
    """Problems as a list: what, where, what next."""

    kind: ClassVar[str] = "remarks"
    problems: tuple[Problem, ...]
    title: str = ""


Block = Table | Figure | Remarks


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One question of the page, answered.

    A folded one is opened by the reader, and on paper. A half one shares a row with its neighbour where there is room.
    """

    name: str
    short: str
    title: str
    lead: tuple[str, ...] = ()
    blocks: tuple[Block, ...] = ()
    folded: bool = False
    half: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """One of the three numbers, with a small drawing and what that shows."""

    label: str
    value: str
    notes: tuple[str, ...] = ()
    svg: Svg | None = None
    drawn: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A report: the answer, then everything behind it."""

    title: str
    state: State
    headline: str
    sentences: tuple[str, ...]
    as_of: Instant | None
    over: str
    made_at: Instant
    tiles: tuple[Tile, ...]
    sections: tuple[Section, ...]

    @property
    def has_charts(self) -> bool:
        """Whether any section shows a chart."""
        return any(block.kind == "figure" for section in self.sections for block in section.blocks)

    @property
    def icon(self) -> Svg:
        """The state's shape, for the tab of a browser."""
        return state_icon(self.state.health)
