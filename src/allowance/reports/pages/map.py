"""The map: who depends on whom, how is each of them, and what can be promised with that?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from html import escape

from allowance.budget.composite import Cannot
from allowance.budget.health import Health
from allowance.budget.promise import Composite, composites
from allowance.contract.model import Contract
from allowance.core.counts import NO_DATA, NoData
from allowance.core.ratio import percent_text
from allowance.reports import tabular
from allowance.reports.glyphs import Svg, css_class
from allowance.reports.page import State
from allowance.reports.pages.facts import Facts, service_name, worst
from allowance.reports.pages.view import Head, Link, Num, head
from allowance.reports.status_report import GLYPHS

WIDE, HIGH, GAP, BETWEEN, EDGE = 172, 50, 18, 84, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One part of the sum: what it takes away, and what it alone would need for the target to hold."""

    link: Link
    state: State
    kind: str
    counted_on: Num
    mitigated: str
    takes: Num
    share: Num
    needs: str
    coverage: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sum:
    """A service with what it depends on, as sentences and as a table."""

    link: Link
    anchor: str
    state: State
    holds: bool
    says: tuple[str, ...]
    target: Num
    reaches: Num
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Map:
    """The page; `layers` are the names from those who depend on others to those who depend on nobody."""

    head: Head
    drawing: Svg | NoData
    layers: tuple[tuple[str, ...], ...]
    sums: tuple[Sum, ...]
    alone: tuple[Link, ...]


def layers(contract: Contract) -> tuple[tuple[str, ...], ...]:
    """Every service that depends or is depended on, by its longest way from a service that nobody needs.

    Of services that depend on each other in a circle each stands where it is met first.
    """
    needs = {one.name: tuple(each.service for each in one.dependencies) for one in contract.services}
    needed = {name for some in needs.values() for name in some}
    names = [name for name in needs if needs[name] or name in needed]
    names += sorted(needed - set(needs))
    depth = dict.fromkeys(names, 0)
    for _ in names:
        moved = False
        for name in names:
            for each in needs.get(name, ()):
                if (
                    depth[each] <= depth[name]
                    and depth[name] + 1 < len(names)
                    and not _leads(needs, each, name)
                ):
                    depth[each], moved = depth[name] + 1, True
        if not moved:
            break
    found: dict[int, list[str]] = {}
    for name in names:
        found.setdefault(depth[name], []).append(name)
    return tuple(tuple(found[level]) for level in sorted(found))


def _leads(needs: Mapping[str, Sequence[str]], begin: str, end: str) -> bool:
    """Whether `begin` depends on `end`, over any number of others."""
    seen, todo = set[str](), [begin]
    while todo:
        name = todo.pop()
        if name == end:
            return True
        if name not in seen:
            seen.add(name)
            todo.extend(needs.get(name, ()))
    return False


def map_page(facts: Facts) -> Map:
    """The map at the newest tick."""
    found = composites(facts.contract)
    levels = layers(facts.contract)
    shown = {name for some in levels for name in some}
    return Map(
        head=head("Map", _answer(found), _health(facts, shown), facts.at),
        drawing=_drawing(facts, levels) if levels else NO_DATA,
        layers=levels,
        sums=tuple(_sum(facts, one) for one in found),
        alone=tuple(_link(facts, one.name) for one in facts.contract.services if one.name not in shown),
    )


def _answer(found: Sequence[Composite]) -> str:
    if not found:
        return "No service names what it depends on"
    cannot = [one.service for one in found if not one.can_hold]
    if not cannot:
        return "Every promise can hold with what it depends on"
    if len(cannot) == 1:
        return f"{cannot[0].capitalize()} cannot hold its promise with what it depends on"
    return f"{len(cannot)} services cannot hold their promises with what they depend on"


def _health(facts: Facts, shown: set[str]) -> Health:
    return worst([one for one in facts.promises if one.slo.service in shown])


def _link(facts: Facts, name: str) -> Link:
    known = facts.contract.service(name)
    return Link(
        text=name if known is None else service_name(known), href=f"/services/{name}" if known else ""
    )


def _state(facts: Facts, name: str) -> State:
    return State(health=worst(facts.by_service.get(name, ())))


def _sum(facts: Facts, one: Composite) -> Sum:
    service = facts.contract.service(one.service)
    assert service is not None
    mitigated = {
        each.service: ", ".join(f"{m.kind} covers {percent_text(m.coverage)}" for m in each.mitigations)
        for each in service.dependencies
    }
    return Sum(
        link=_link(facts, one.service),
        anchor=f"sum-{one.service}",
        state=_state(facts, one.service),
        holds=one.can_hold,
        says=tuple(_says(one, service_name(service))),
        target=Num(text=tabular.target_percent(one.own), value=one.own),
        reaches=Num(text=tabular.sli_percent(one.why.availability, one.own), value=one.why.availability),
        parts=tuple(_parts(facts, one, mitigated)),
    )


def _says(one: Composite, name: str) -> Iterator[str]:
    target, reached = (
        tabular.target_percent(one.why.target),
        tabular.sli_percent(one.why.availability, one.own),
    )
    yield f"{name} promises {target}. If it is itself just as good as that, it comes to {reached} with what it depends on."
    if isinstance(one.itself, Cannot):
        best = tabular.sli_percent(one.itself.best, one.own)
        yield f"However good it is itself, it comes to {best} at best: the promise cannot hold."
    elif one.why.shortfall > 0:
        yield f"To hold the promise it must itself be at least {tabular.sli_percent(one.itself, one.own)}."
    else:
        yield "The promise holds as it is."
    soft = [each.name for each in one.dependencies if each.kind == "soft"]
    if soft:
        yield f"What it needs softly takes nothing away: {', '.join(soft)}."


def _parts(facts: Facts, one: Composite, mitigated: Mapping[str, str]) -> Iterator[Part]:
    needs = {each.name: each for each in one.needs}
    known = {each.name: each for each in one.dependencies}
    for each in one.why.contributions:
        need, itself = needs[each.name], each.name == one.service
        counted = one.own if itself else known[each.name].availability
        yield Part(
            link=_link(facts, each.name),
            state=_state(facts, each.name),
            kind="itself" if itself else known[each.name].kind,
            counted_on=Num(text=tabular.target_percent(counted), value=counted),
            mitigated="" if itself else mitigated.get(each.name, ""),
            takes=Num(text=tabular.percent(each.loss, 3), value=each.loss),
            share=Num(text=tabular.percent(each.share), value=each.share),
            needs=_needs(need.availability, one.own),
            coverage="" if itself else _needs(need.coverage, Fraction(1, 2)),
        )


def _needs(value: Fraction | Cannot, target: Fraction) -> str:
    return "cannot help alone" if isinstance(value, Cannot) else tabular.sli_percent(value, target)


def _drawing(facts: Facts, levels: Sequence[Sequence[str]]) -> Svg:
    """Columns from left to right; an arrow leads from who needs to what is needed."""
    place = {
        name: (EDGE + column * (WIDE + BETWEEN), EDGE + row * (HIGH + GAP))
        for column, names in enumerate(levels)
        for row, name in enumerate(names)
    }
    width = 2 * EDGE + len(levels) * WIDE + (len(levels) - 1) * BETWEEN
    height = 2 * EDGE + max(map(len, levels)) * (HIGH + GAP) - GAP
    edges = "".join(
        _edge(place[one.name], place[each.service], soft=each.kind == "soft")
        for one in facts.contract.services
        for each in one.dependencies
    )
    nodes = "".join(_node(facts, name, *spot) for name, spot in place.items())
    return Svg(
        f'<svg class="map" role="group" aria-label="Services and what they depend on" '
        f'viewBox="0 0 {width} {height}" width="{width}" height="{height}">{edges}{nodes}</svg>'
    )


def _edge(begin: tuple[int, int], end: tuple[int, int], *, soft: bool) -> str:
    (x1, y1), (x2, y2) = (begin[0] + WIDE, begin[1] + HIGH // 2), (end[0] - 7, end[1] + HIGH // 2)
    bend = BETWEEN // 2
    kind = " soft" if soft else ""
    return (
        f'<path class="edge{kind}" d="M{x1} {y1}C{x1 + bend} {y1} {x2 - bend} {y2} {x2} {y2}"/>'
        f'<path class="tip" d="M{x2 + 7} {y2}l-8 -4v8z"/>'
    )


def _node(facts: Facts, name: str, x: int, y: int) -> str:
    link, state = _link(facts, name), _state(facts, name)
    title, known = escape(link.text[:22]), bool(link.href)
    word = f"{GLYPHS[state.health]} {state.word}" if known else "not in the contract"
    inside = (
        f'<rect x="{x}" y="{y}" width="{WIDE}" height="{HIGH}" rx="7"/>'
        f'<text class="name" x="{x + 12}" y="{y + 21}">{title}</text>'
        f'<text class="small" x="{x + 12}" y="{y + 39}">{escape(word)}</text>'
    )
    if not known:
        return f'<g class="unknown">{inside}</g>'
    label = escape(f"{link.text}: {state.word}", quote=True)
    return f'<a class="{css_class(state.health)}" href="{escape(link.href, quote=True)}" aria-label="{label}">{inside}</a>'
