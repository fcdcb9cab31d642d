"""Blocks of a page that are made of charts and tables: the same values as in a report, the charts under addresses."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from allowance.core.counts import NO_DATA, NoData
from allowance.core.window import Span
from allowance.reports.chart_frame import Chart
from allowance.reports.page import Figure, Key, Section, Table


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A chart that stands under an address of its own (`<page>/charts/<chart>.svg`), in words and with its numbers.

    `span` is what its axis of time spans.
    """

    chart: str
    question: str
    says: str
    keys: tuple[Key, ...]
    numbers: Table
    span: Span | NoData


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One question of a page, answered by charts and tables."""

    name: str
    title: str
    lead: tuple[str, ...]
    charts: tuple[Shown, ...]
    tables: tuple[Table, ...]


def block_of(section: Section | None) -> Block | None:
    """A section of a report as a block of a page; none of none."""
    if section is None:
        return None
    figures = [one for one in section.blocks if isinstance(one, Figure)]
    return Block(
        name=section.name,
        title=section.title,
        lead=section.lead,
        charts=tuple(
            Shown(
                chart=chart_name(one),
                question=one.question,
                says=one.says,
                keys=one.keys,
                numbers=one.numbers,
                span=NO_DATA if one.span is None else one.span,
            )
            for one in figures
        ),
        tables=tuple(one for one in section.blocks if isinstance(one, Table)),
    )


def charts_of(sections: Iterable[Section | None]) -> dict[str, Chart]:
    """The charts of some sections by the names under which they stand."""
    return {
        chart_name(one): one.chart
        for section in sections
        if section is not None
        for one in section.blocks
        if isinstance(one, Figure)
    }


def chart_name(figure: Figure) -> str:
    """`spend` for the figure `spend-chart`."""
    return figure.name.removesuffix("-chart")
