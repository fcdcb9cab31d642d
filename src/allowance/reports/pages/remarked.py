"""What people wrote beside a promise: remarks on its charts, and corrections of what counts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from allowance.contract.model import Slo
from allowance.core.counts import NO_DATA, NoData
from allowance.core.time import Instant, iso
from allowance.core.window import Span
from allowance.governance.facts import Amendment
from allowance.reports import numbers, tabular
from allowance.reports.pages.lane import LaneEvent
from allowance.reports.pages.view import Link, Num, When

LONGEST_NAME = 90
WORDS = {"exclude": "taken out of the counts", "count-good": "counted good"}


class Noted(Protocol):
    """A remark on a period, as a store keeps it."""

    @property
    def id(self) -> str: ...
    @property
    def begin(self) -> Instant: ...
    @property
    def end(self) -> Instant: ...
    @property
    def slo(self) -> str: ...
    @property
    def text(self) -> str: ...
    @property
    def by(self) -> str: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected:
    """A correction of the promise. `effect` is what it changed when it was made; `revoked` when it was taken back."""

    id: str
    what: str
    begin: When
    end: When
    why: str
    by: str
    effect: str
    entry: Link
    revoked: When | NoData
    revoked_says: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """A correction that somebody thinks of: what it would change, in exact counts; `problem` says why it cannot be."""

    kind: str
    reason: str
    problem: str = ""
    period: str = ""
    counts: str = ""
    before: Num | NoData = NO_DATA
    after: Num | NoData = NO_DATA


def noted(
    notes: Iterable[Noted], amendments: Iterable[Amendment], slo: Slo, span: Span
) -> Iterator[LaneEvent]:
    """Notes of the promise or its whole service, and the corrections that hold, as events of the lane."""
    for one in notes:
        if one.slo in ("", slo.name):
            name = f"{one.text[:LONGEST_NAME]}{'…' if len(one.text) > LONGEST_NAME else ''} ({one.by})"
            yield LaneEvent(kind="note", at=max(one.begin, span.begin), end=one.end, name=name)
    for two in amendments:
        if two.slo == slo.id and two.revoked is None and two.begin < span.end and two.end > span.begin:
            name = f"{WORDS[two.kind]}: {two.why[:LONGEST_NAME]}"
            href = f"/ledger/{two.seq}"
            yield LaneEvent(
                kind="correction", at=max(two.begin, span.begin), end=two.end, name=name, href=href
            )


def corrections_of(amendments: Iterable[Amendment], slo: Slo, paths: frozenset[str]) -> tuple[Corrected, ...]:
    """Every correction of a promise, the newest first."""
    own = sorted((one for one in amendments if one.slo == slo.id), key=lambda one: -one.seq)
    return tuple(
        Corrected(
            id=one.id,
            what=WORDS[one.kind],
            begin=When(at=one.begin),
            end=When(at=one.end),
            why=one.why,
            by=one.by,
            effect=effect_words(one.effect["period_good"], one.effect["period_total"]),
            entry=Link(
                text=f"ledger {iso(one.at)}", href=f"/ledger/{one.seq}" if "/ledger/{n}" in paths else ""
            ),
            revoked=NO_DATA if one.revoked is None else When(at=one.revoked),
            revoked_says=f"{one.revoked_by}: {one.revoked_why}" if one.revoked is not None else "",
        )
        for one in own
    )


def effect_words(good: int, total: int) -> str:
    """`1 240 of 10 049 requests failed in it`."""
    if not total:
        return "nothing was counted in it"
    return f"{numbers.whole(total - good)} of {tabular.requests(total)} failed in it"
