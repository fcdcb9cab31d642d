"""The facts for all pages: worked out once per tick and per change of the ledger, and kept until the next."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from functools import partial

from starlette.requests import Request

from allowance.alerting.alert import Mute, labels_of
from allowance.alerting.mute import in_force, maintenance_of, names
from allowance.alerting.plan import context_of
from allowance.app.law import Asked as LedgerAsked
from allowance.app.tick import Tick
from allowance.budget.budget import Windowed
from allowance.budget.evaluate import by_method
from allowance.contract.model import Slo
from allowance.core.buckets import Buckets, add
from allowance.core.counts import NO_DATA, NoData
from allowance.core.time import Instant, parse_instant
from allowance.governance.amendments import corrections
from allowance.governance.facts import Freeze
from allowance.governance.fold import fold
from allowance.reports.pages.facts import Facts, Known, Promise
from allowance.reports.pages.past import as_of
from allowance.signals.corrections import corrected
from allowance.web.alerts import every_alert, opened_at
from allowance.web.asked import House
from allowance.web.pages.page import Page
from allowance.web.sources import SourceState, by_slo
from allowance.web.state import LiveState

MOST_PASTS = 4


class Gathered:
    """The newest facts of a house; several threads may ask."""

    def __init__(self, pages: frozenset[str]) -> None:
        self._pages, self._lock = pages, threading.Lock()
        self._known: tuple[object, Facts] | None = None
        self._past: dict[tuple[object, Instant], Facts] = {}

    def facts(self, house: House) -> Facts:
        """Those of the newest tick."""
        state = house.state
        tick, standing = state.now, state.law.standing()
        key = (tick, id(state.contract), standing.head)
        with self._lock:
            if self._known is None or self._known[0] != key:
                self._known = key, _facts(house, tick, self._pages)
            return self._known[1]

    def then(self, house: House, at: Instant) -> Facts:
        """Those of an earlier instant, from what is counted by now; the last few that were asked for are kept."""
        facts = self.facts(house)
        key = (id(facts), at)
        if key not in self._past:
            standing = fold(house.state.law.ledger.find(LedgerAsked(until=at + 1)))
            groups = partial(_groups, house.state, facts)
            self._past[key] = as_of(facts, standing, groups, now=at)
        found = self._past[key]
        for oldest in list(self._past)[:-MOST_PASTS]:
            self._past.pop(oldest, None)
        return found


def _groups(state: LiveState, facts: Facts, slo: str) -> dict[str, Windowed]:
    return dict(groups_of(state, facts.by_id[slo].slo))


def groups_of(state: LiveState, slo: Slo) -> Iterator[tuple[str, Windowed]]:
    """What the budgets of the groups of an SLO count, by their names."""
    histories, own = state.histories, corrections(state.law.known).get(slo.id, ())
    for key in histories:
        if key[0] == slo.id and key[1]:
            yield key[1], by_method(slo, corrected(histories[key], own))


def facts_of(request: Request, house: House) -> Facts:
    """The newest facts, for routes beside the pages."""
    gathered: Gathered = request.app.state.gathered
    return gathered.facts(house)


def facts_asked(request: Request, house: House, page: Page) -> Facts:
    """Those of the instant that the address of a page asks for with `end`; what has not come yet is now.

    Errors: `ProblemError` `instant`.
    """
    gathered: Gathered = request.app.state.gathered
    facts, text = gathered.facts(house), request.query_params.get("end", "")
    if page.past != "facts" or not text or isinstance(facts.at, NoData):
        return facts
    at = parse_instant(text[:40])
    return facts if at >= facts.at else gathered.then(house, at)


def _facts(house: House, tick: Tick | None, pages: frozenset[str]) -> Facts:
    state, now = house.state, house.clock()
    standing, contract = state.law.standing(), state.contract
    where = by_slo(state, house.settings, now=now)
    services = {service.name: service for service in contract.services}
    freezes: dict[str, list[Freeze]] = {}
    for one in standing.freezes.values():
        if one.end is None:
            freezes.setdefault(one.service, []).append(one)
    mutes = in_force([*state.mutes(now=now), *maintenance_of(contract)], now=now)
    about, opened, silent = context_of(contract).services, _opened(tick), _silent(tick)
    newest = {} if tick is None else {slo: at for feed in tick.feeds for slo, at in feed.newest.items()}
    promises = [
        Promise(
            slo=slo,
            service=services[slo.service],
            evaluation=None if tick is None else tick.whole(slo.id),
            known=_known(where[slo.id], newest.get(slo.id, NO_DATA)),
            counted=state.counted,
            history=lambda slo: _history(state, slo),
            groups=tick.groups(slo.id) if tick is not None and slo.group_by else {},
            problem=where[slo.id].problem,
            opened=opened.get(slo.id, NO_DATA),
            freezes=tuple(freezes.get(slo.service, ())),
            silent=silent.get(slo.id, NO_DATA),
            muted=any(_hits(mute, slo, about.get(slo.service, {})) for mute in mutes),
        )
        for slo in contract.slos
    ]
    return Facts(
        at=NO_DATA if tick is None else tick.at,
        step=house.settings.step,
        contract=contract,
        promises=tuple(promises),
        alerts=every_alert(tick),
        standing=standing,
        pages=pages,
    )


def _known(found: SourceState, newest: Instant | NoData) -> Known:
    return Known(source=found.name, word=found.word, reason=found.reason, newest=newest)


def _opened(tick: Tick | None) -> Mapping[str, Instant | NoData]:
    found: dict[str, Instant | NoData] = {}
    for alert in () if tick is None else tick.plan.alerts:
        begun = opened_at(alert)
        if begun is not None and alert.severity != "log" and not alert.group:
            before = found.get(alert.evaluation.slo.id, begun)
            found[alert.evaluation.slo.id] = begun if isinstance(before, NoData) else min(begun, before)
    return found


def _silent(tick: Tick | None) -> Mapping[str, Instant | NoData]:
    """By SLO since when nothing is counted, where somebody was to be told of that."""
    found = () if tick is None else tick.plan.telemetry
    return {one.slo.id: one.since for one in found if one.slo is not None and one.life.is_open}


def _hits(mute: Mute, slo: Slo, about: Mapping[str, str]) -> bool:
    return names(mute, labels_of(slo, "page", "", about))


def _history(state: LiveState, slo: Slo) -> Buckets:
    histories = state.histories
    own = [histories[key] for key in histories if key[0] == slo.id]
    return by_method(slo, corrected(add(own), corrections(state.law.known).get(slo.id, ())))
