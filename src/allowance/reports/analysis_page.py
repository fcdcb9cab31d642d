"""The report on one analysis, as `allowance analyze --html` writes it: the answer, then everything behind it."""

from __future__ import annotations

from collections.abc import Mapping

from allowance.budget.analysis import Analysis, WindowAnswer
from allowance.core.counts import NoData
from allowance.core.time import Instant
from allowance.reports import numbers, tabular
from allowance.reports.analysis_ahead import ahead_section
from allowance.reports.analysis_alerts import alerts_section, burn_section
from allowance.reports.analysis_budget import spend_section, windows_section
from allowance.reports.analysis_json import Wording
from allowance.reports.analysis_source import (
    groups_section,
    latency_section,
    remarks_section,
    source_section,
    targets_section,
)
from allowance.reports.analysis_sums import sums_section
from allowance.reports.analysis_view import SectionOf, View
from allowance.reports.glyphs import budget_bar, spark
from allowance.reports.health import health_of
from allowance.reports.page import Page, State, Tile
from allowance.reports.slots import Slots, slots_of
from allowance.reports.tabular import percent
from allowance.reports.words import SEVERITY_NOUNS, headline, messages, outage_left, sentences
from allowance.signals.measured import Durations, SourceFacts

SECTIONS: tuple[SectionOf, ...] = (
    remarks_section,
    spend_section,
    burn_section,
    alerts_section,
    ahead_section,
    groups_section,
    windows_section,
    latency_section,
    targets_section,
    source_section,
    sums_section,
)
"""The blocks of the page in their order; each is left out where it has nothing to say."""


def analysis_page(
    *,
    facts: SourceFacts,
    wording: Wording,
    whole: Analysis,
    durations: Durations,
    groups: Mapping[str, tuple[Analysis, Durations]],
    made_at: Instant,
) -> Page:
    """The page as values: every number stands in it as it is printed."""
    view = View(
        facts=facts,
        wording=wording,
        whole=whole,
        durations=durations,
        groups=groups,
        made_at=made_at,
        slots=slots_of(whole),
    )
    answer = whole.headline
    made = (section_of(view) for section_of in SECTIONS)
    return Page(
        title=headline(whole, wording),
        state=State(health=health_of(whole)),
        headline=headline(whole, wording),
        sentences=sentences(whole, facts, wording),
        as_of=None if answer is None else answer.at,
        over="" if answer is None else tabular.window(answer.window),
        made_at=made_at,
        tiles=_tiles(view, answer) if answer is not None else (),
        sections=tuple(section for section in made if section is not None),
    )


def _tiles(view: View, answer: WindowAnswer) -> tuple[Tile, ...]:
    tiles = (_measured(answer, view.slots), _left(view, answer))
    return (*tiles, _sent(view.whole)) if view.whole.detections and view.slots else tiles


def _measured(answer: WindowAnswer, slots: Slots | None) -> Tile:
    counts, target = answer.budget.counts, answer.budget.target
    notes = [f"promised {tabular.target_percent(target)}"]
    traffic, drawn = None, ""
    if counts.total:
        notes.append(f"{numbers.whole(counts.bad)} of {tabular.requests(counts.total)} failed")
    if slots is not None and len(slots.bars) > 1:
        per_bar = [float(bar.counts.total) for bar in slots.bars]
        most = numbers.whole(max(bar.counts.total for bar in slots.bars))
        drawn = f"requests per {slots.each}"
        traffic = spark(per_bar, f"{drawn}, at most {most}")
    return Tile(
        label="Measured",
        value=tabular.sli_percent(counts.sli, target),
        notes=tuple(notes),
        svg=traffic,
        drawn=drawn,
    )


def _left(view: View, answer: WindowAnswer) -> Tile:
    budget = answer.budget
    remaining = budget.remaining
    if isinstance(remaining, NoData):
        return Tile(label="Budget left", value=numbers.NO_DATA_WORD, notes=("no request in this window",))
    outage = outage_left(view.whole, answer)
    many = tabular.amount(abs(budget.left))
    if budget.left < 0:
        notes = (f"{many} failures too many", f"{tabular.span(-outage)} of full outage too much")
    else:
        notes = (f"{many} more failures", f"or {tabular.span(outage)} of full outage")
    bar = budget_bar(remaining, health_of(view.whole), f"{percent(remaining)} of the budget is left")
    return Tile(label="Budget left", value=percent(remaining), notes=notes, svg=bar)


def _sent(whole: Analysis) -> Tile:
    (first, found), *others = whole.detections.items()
    notes = [messages(severity, len(rest)) for severity, rest in others]
    costliest = whole.share_of_budget(max((one.spent.bad for one in found), default=0))
    if found:
        notes.append(f"the costliest {SEVERITY_NOUNS[first]} spent {percent(costliest)} of the budget")
    return Tile(label="Would have been sent", value=messages(first, len(found)), notes=tuple(notes))
