"""`/slo/{service}/{name}`: everything about one promise, and its charts under addresses of their own."""

from __future__ import annotations

from dataclasses import replace
from http import HTTPStatus

from allowance.app.attributed import unseen
from allowance.app.exceptions import attributed
from allowance.app.gate import policy_of
from allowance.app.law import Asked as LedgerAsked
from allowance.contract.model import Slo
from allowance.contract.source import Otlp
from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import DAY
from allowance.core.window import Span
from allowance.governance.amendments import corrections
from allowance.governance.bankruptcies import epochs
from allowance.reports.pages.facts import Facts, Promise
from allowance.reports.pages.lane import LaneEvent, lane_events
from allowance.reports.pages.remarked import noted
from allowance.reports.pages.slo import SloPage, slo_page
from allowance.reports.pages.slo_asked import SloAsked, slo_asked
from allowance.reports.pages.slo_causes import Causes, causes
from allowance.reports.pages.slo_detail import Detail, detail
from allowance.reports.pages.slo_spec import spec_of
from allowance.reports.pages.slo_traces import Traces, traces
from allowance.reports.pages.what_if import WhatIf, changed, what_if
from allowance.web.contract_files import KIND
from allowance.web.pages.gathered import groups_of
from allowance.web.pages.page import Page, Wanted
from allowance.web.pages.period import proposed
from allowance.web.problems import Refusal
from allowance.web.samples import errors_json, latency_json
from allowance.web.state import LiveState

DETAILS, MOST_DETAILS = "details", 12
"""A page, its charts and its live forms ask for the same windows: the newest few are kept until the next tick."""

MOST_CHANGES = 200
"""So many changes of the contract are looked through for those of one promise."""


def _view(wanted: Wanted) -> SloPage:
    facts, state = wanted.facts, wanted.house.state
    promise = promise_of(facts, wanted.path["service"], wanted.path["name"])
    asked = slo_asked(wanted.query, promise.slo, newest=facts.at)
    found = detail_of(facts, state, promise, asked)
    changes = state.law.ledger.find(LedgerAsked(kind=KIND, most=MOST_CHANGES, newest=True))
    spec = spec_of(facts.contract, promise.service, promise.slo, reversed(changes), paths=facts.pages)
    tried: WhatIf | NoData = NO_DATA
    if not isinstance(found, NoData):
        tried = what_if(found, changed(wanted.query), policy_of(facts.contract, promise.service))
    return slo_page(
        facts,
        promise,
        asked,
        found,
        spec,
        events=_events(wanted, promise, found),
        tried=tried,
        proposed=NO_DATA if isinstance(found, NoData) else proposed(wanted, promise.slo, asked),
        traced=_traces(wanted, promise.slo, found),
        blamed=_causes(wanted, promise, found),
    )


def _causes(wanted: Wanted, promise: Promise, found: Detail | NoData) -> Causes | NoData:
    """Over the window that is shown."""
    if isinstance(found, NoData) or not found.evaluation.budget.counts.bad:
        return NO_DATA
    state = wanted.house.state
    why = attributed(state, promise.slo.id, found.evaluation.span)
    return causes(why, unseen(state.contract, state.histories, promise.service, ()))


def _traces(wanted: Wanted, slo: Slo, found: Detail | NoData) -> Traces | NoData:
    """The day before the instant that is shown; spans come in by OTLP only."""
    if isinstance(found, NoData) or not isinstance(slo.source, Otlp):
        return NO_DATA
    house, end = wanted.house, found.evaluation.at + 1
    return traces(
        slo.service,
        errors_json(house, slo.service, begin=end - DAY, end=end),
        latency_json(house, slo.service, begin=end - DAY, end=end),
    )


PAGE = Page(path="/slo/{service}/{name}", name="slo", view=_view, past="own")


def promise_of(facts: Facts, service: str, name: str) -> Promise:
    """The promise of an address. Errors: `Refusal` 404."""
    found = facts.by_id.get(f"{service}/{name}")
    if found is None:
        raise Refusal(
            HTTPStatus.NOT_FOUND,
            "slo",
            f"there is no SLO {service[:100]}/{name[:100]}",
            hint="the list at /slos names all of them",
        )
    return found


def detail_of(facts: Facts, state: LiveState, promise: Promise, asked: SloAsked) -> Detail | NoData:
    """A promise over the window asked for; nothing before it was evaluated for the first time."""
    if promise.evaluation is None:
        return NO_DATA
    slo, kept = promise.slo, facts.once(DETAILS, dict[tuple[str, SloAsked], Detail])
    key = slo.id, replace(asked, at=NO_DATA, by="", show=(), chosen=None, remarks=())
    if key not in kept:
        held = corrections(state.law.known).get(slo.id, ())
        kept[key] = detail(
            promise,
            promise.history(slo),
            asked,
            groups=dict(groups_of(state, slo)) if slo.group_by else {},
            epoch=epochs(facts.standing).get(slo.id),
            excluded=[one.span for one in held if one.kind == "exclude"],
        )
    found = kept[key]
    for oldest in list(kept)[:-MOST_DETAILS]:
        kept.pop(oldest, None)
    return replace(found, asked=asked)


def _events(wanted: Wanted, promise: Promise, found: Detail | NoData) -> tuple[LaneEvent, ...]:
    """What happened to the service in the window that is drawn."""
    if isinstance(found, NoData):
        return ()
    span: Span = found.drawn
    service, state = promise.service.name, wanted.house.state
    found_events = lane_events(
        service,
        span,
        deploys=state.deploys(begin=span.begin, end=span.end + 1, service=service),
        standing=wanted.facts.standing,
        mutes=state.mutes(now=wanted.now),
    )
    written = noted(
        state.notes(begin=span.begin, end=span.end, service=service),
        wanted.facts.standing.amendments.values(),
        promise.slo,
        span,
    )
    return tuple(sorted((*found_events, *written), key=lambda one: (one.at, one.name)))
