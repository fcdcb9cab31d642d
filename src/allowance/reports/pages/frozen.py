"""A freeze as pages show it: what it stops, why, and how far it is from its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from allowance.contract.budget_policy import FreezeModel
from allowance.core.counts import NO_DATA, NoData
from allowance.core.time import Instant
from allowance.governance.facts import Freeze, Standing
from allowance.reports import tabular
from allowance.reports.glyphs import Svg
from allowance.reports.pages.drawings import named
from allowance.reports.pages.facts import Facts, service_name
from allowance.reports.pages.rows import about
from allowance.reports.pages.view import Link, Num, When

STOPS: dict[FreezeModel, str] = {
    "soft": "soft: features, configuration and experiments wait for a look",
    "hard": "hard: only fixes, security and rollbacks go",
    "governance": "governance: only an executive's override lets a change through",
}
WIDTH, HEIGHT, EDGE = 320, 26, 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Progressing:
    """How far a freeze is on the way to its end, as it was worked out for this page."""

    text: str
    earliest: Instant | None
    remaining: Fraction | NoData = NO_DATA
    need: Fraction | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    """One freeze. Where the policy only advises it, `binding` is false; `ends` is in words, `by_hand` who may end it."""

    id: str
    service: Link
    binding: bool
    by_hand: bool
    model: FreezeModel
    stops: str
    begin: When
    end: When | NoData
    by: str
    why: str
    ends: str
    left: Num
    need: Num
    earliest: When | NoData
    way: str
    bar: Svg | NoData
    entry: Link


def frozen(facts: Facts, one: Freeze, way: Progressing, *, binding: bool, now: Instant) -> Frozen:
    """A freeze at `now`."""
    service = facts.contract.service(one.service)
    earliest = way.earliest if one.end is None else None
    return Frozen(
        id=one.id,
        service=Link(
            text=one.service if service is None else service_name(service),
            href="" if service is None else f"/services/{one.service}",
        ),
        binding=binding,
        by_hand=one.clause == 0,
        model=one.model,
        stops=STOPS[one.model],
        begin=When(at=one.begin, ago=about(now - one.begin)),
        end=NO_DATA if one.end is None else When(at=one.end, ago=about(now - one.end)),
        by=f"policy {one.policy}, clause {one.clause}" if one.clause else one.by,
        why=one.why,
        ends=_ends(one),
        left=Num(text=tabular.percent(way.remaining), value=way.remaining),
        need=Num(
            text="" if way.need is None else tabular.percent(way.need),
            value=NO_DATA if way.need is None else way.need,
        ),
        earliest=NO_DATA if earliest is None else When(at=earliest),
        way=way.text,
        bar=NO_DATA if one.end is not None else bar(way.remaining, way.need),
        entry=Link(text=f"#{one.seq}", href=f"/ledger/{one.seq}"),
    )


def _ends(one: Freeze) -> str:
    if one.clause:
        return f"ends when {one.ends_when}"
    if one.until is not None:
        return f"ends on {tabular.when(one.until)} UTC"
    return "ends when a person ends it"


def bar(remaining: Fraction | NoData, need: Fraction | None) -> Svg | NoData:
    """Where the budget is between its worst edge and the line that ends the freeze; nothing where there is no line."""
    if isinstance(remaining, NoData) or need is None:
        return NO_DATA
    low = min(remaining, Fraction(0)) - Fraction(1, 20)
    high = max(need, remaining) + Fraction(1, 20)

    def place(value: Fraction) -> int:
        return EDGE + round((WIDTH - 2 * EDGE) * (value - low) / (high - low))

    here, line = place(remaining), place(need)
    inside = (
        f'<path class="track" d="M{EDGE} 13H{WIDTH - EDGE}"/>'
        f'<path class="gone" d="M{EDGE} 13H{here}"/>'
        f'<path class="line" d="M{line} 3V23"/><circle class="here" cx="{here}" cy="13" r="5.5"/>'
    )
    title = f"{tabular.percent(remaining)} is left, more than {tabular.percent(need)} ends the freeze"
    return named("way", WIDTH, HEIGHT, inside, title)


def every_freeze(
    facts: Facts, ways: Mapping[str, Progressing], standing: Standing, *, now: Instant
) -> tuple[Frozen, ...]:
    """All of them, those that have not ended first, then the newest; advice of unsigned policies included."""
    found = [(True, one) for one in standing.freezes.values()]
    found += [(False, one) for one in standing.advised.values()]
    found.sort(key=lambda pair: (pair[1].end is not None, not pair[0], -pair[1].begin, pair[1].id))
    none = Progressing(text="", earliest=None)
    return tuple(
        frozen(facts, one, ways.get(one.id, none), binding=binding, now=now) for binding, one in found
    )
