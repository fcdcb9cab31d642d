"""What every part of the report on one analysis looks at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from allowance.budget.analysis import Analysis
from allowance.core.time import Instant
from allowance.core.window import Span
from allowance.reports.analysis_json import Wording
from allowance.reports.page import Section
from allowance.reports.slots import Slots
from allowance.signals.measured import Durations, SourceFacts


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The analysis with its source and wording; `slots` is there when the headline window holds events.

    `before` is the window before, to be drawn under this one; `excluded` are periods that were taken out of the
    counts; with `left` what is left is drawn for rolling windows too.
    """

    facts: SourceFacts
    wording: Wording
    whole: Analysis
    durations: Durations
    groups: Mapping[str, tuple[Analysis, Durations]]
    made_at: Instant
    slots: Slots | None
    before: Slots | None = None
    excluded: tuple[Span, ...] = ()
    left: bool = False


SectionOf = Callable[[View], Section | None]
"""A part of the page; nothing where it has nothing to say."""

WIDE, NARROW = 936, 262
"""Widths of plotting areas for readers without scripts: a desk and a phone."""
