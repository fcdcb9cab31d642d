"""Reading on, minute after minute: all counters of a server in one sweep, and what else there is one by one."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import numpy as np

from allowance.contract.indicator import PromHistogram
from allowance.core.buckets import Buckets, Ints
from allowance.core.duration import MINUTE
from allowance.core.minute import Minute
from allowance.core.time import Instant
from allowance.core.window import Span
from allowance.edges.prometheus.client import Client
from allowance.edges.prometheus.fetch import Fetcher
from allowance.edges.prometheus.memory import Key, Memory
from allowance.edges.prometheus.reading import Advanced, go_on, plans_of
from allowance.edges.prometheus.undisturbed import undisturbed
from allowance.signals.prom_sheet import Layout, Sheet, sheet_of, taken_over
from allowance.signals.prom_sli import PromIndicator, Ratio
from allowance.signals.prom_state import remembered
from allowance.signals.prom_sweep import forgotten, swept

LAPSED = 5 * MINUTE
"""A counter of a histogram that was seen so lately and is not any more may write its bound in another way now."""


def read_on(client: Client, memory: Memory, *, end: Instant) -> tuple[Mapping[Key, Buckets], Memory]:
    """Counts from where the memory stands to `end`. Errors: those of `reading.advance`."""
    at, step = memory.counters.at, memory.counters.step
    fetcher = Fetcher(client=client)
    others = go_on(fetcher, memory.others, memory.rest, end=end) if memory.others else None
    rest = replace(memory.rest, at=end) if others is None else others.state
    more = {} if others is None else others.measured.series
    begun = _sheet(fetcher, memory, end) if end - at == step and memory.plain else None
    if begun is None:
        counters = memory.counters
        state = counters.state() if isinstance(counters, Sheet) else counters
        found = go_on(fetcher, memory.plain, state, end=end)
        return {**found.measured.series, **more}, memory.after(found.state, rest)
    sheet, good, total = _minute(fetcher, begun, memory.plain, end=end)
    names = (*sheet.layout.cells, *more)
    names = memory.names if memory.names == names else names
    good = np.concatenate([good, *(one.good for one in more.values())])
    total = np.concatenate([total, *(one.total for one in more.values())])
    minute = Minute(names, start=at, step=step, good=good, total=total)
    return minute, memory.after(sheet, rest, names)


def _sheet(fetcher: Fetcher, memory: Memory, end: Instant) -> Sheet | None:
    """The sheet to go on with; none where a counter is not known yet, and has to be looked up."""
    if isinstance(memory.counters, Sheet):
        return memory.counters
    state = memory.counters
    plans = plans_of(fetcher, memory.plain, Span(begin=state.at, end=end), state.step)
    ratios = {name: one for name, one in plans.items() if isinstance(one, Ratio)}
    known = all(term.key in state.last for one in ratios.values() for term in one.terms)
    return sheet_of(ratios, state) if known else None


def _minute(
    fetcher: Fetcher, sheet: Sheet, indicators: Mapping[str, PromIndicator], *, end: Instant
) -> tuple[Sheet, Ints, Ints]:
    """The sheet a step later, with good and total of each of its cells."""
    span = Span(begin=sheet.at, end=end)
    answers = [fetcher.flat(question, span) for question in sheet.layout.questions]
    with undisturbed():
        found = swept(sheet, answers, end=end)
        odd = {*found.odd, *_lapsed(sheet, found.sheet, indicators)}
    after, good, total = found.sheet, found.good, found.total
    if odd:
        names = [name for name in sheet.layout.plans if name in odd]
        some = {name: indicators[name] for name in names}
        slow = go_on(fetcher, some, sheet.state(names), end=end)
        after = _with(after, names, slow)
        good, total = (_moved(values, sheet.layout, after.layout) for values in (good, total))
        for cell, buckets in slow.measured.series.items():
            if cell in after.layout.place:  # else there is no series yet, and nothing to count
                place = after.layout.place[cell]
                good[place], total[place] = buckets.good.item(), buckets.total.item()
    if forgotten(after):
        state = after.state()
        last = {key: remembered(series, now=end) for key, series in state.last.items()}
        shorter = sheet_of(after.layout.plans, replace(state, last=last))
        good, total = (_moved(values, after.layout, shorter.layout) for values in (good, total))
        after = shorter
    return after, good, total


def _lapsed(sheet: Sheet, after: Sheet, indicators: Mapping[str, PromIndicator]) -> Collection[str]:
    """The histograms of which a counter has fallen silent: whether its bound has another text now, the server knows."""
    layout = sheet.layout
    silent = (after.seen == sheet.seen) & (sheet.seen > sheet.at - LAPSED)
    families = np.unique(layout.slot_family[silent])
    return {
        name
        for number in families
        if any(isinstance(indicators[name], PromHistogram) for name in layout.families[number])
        for name in layout.families[number]
    }


def _with(sheet: Sheet, names: Sequence[str], slow: Advanced) -> Sheet:
    """The sheet with some SLIs as they were read one by one; a histogram may have got other bounds there."""
    plans = {name: one for name, one in slow.plans.items() if isinstance(one, Ratio)}
    if all(sheet.layout.plans[name] == one for name, one in plans.items()):
        return taken_over(sheet, names, slow.state)
    whole = sheet.state()
    merged = replace(
        slow.state, last={**whole.last, **slow.state.last}, owed={**whole.owed, **slow.state.owed}
    )
    return sheet_of({**sheet.layout.plans, **plans}, merged)


def _moved(values: Ints, old: Layout, new: Layout) -> Ints:
    """By the cells of one layout what is by those of another; what is new there is 0."""
    if new is old:
        return values
    places = np.array([old.place.get(cell, len(values)) for cell in new.cells], dtype=np.intp)
    found: Ints = np.append(values, 0)[places]
    return found
