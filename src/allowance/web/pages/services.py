"""`/services/{service}`."""

from __future__ import annotations

from http import HTTPStatus

from allowance.alerting.quality import Word
from allowance.alerting.route import on_call
from allowance.contract.model import Service
from allowance.contract.policies import POLICIES
from allowance.contract.signing import policy_hash
from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import DAY
from allowance.diagnosis.coverage import RECENT, attributes
from allowance.governance.hand_backs import rotation_for
from allowance.governance.signatures import binding
from allowance.reports.pages.contract import whose
from allowance.reports.pages.service import DAYS, ServicePage, service_page
from allowance.reports.pages.service_trust import SINCE, Trust
from allowance.web.pages.contract import reviewed
from allowance.web.pages.page import Page, Wanted
from allowance.web.problems import Refusal


def _view(wanted: Wanted) -> ServicePage:
    name = wanted.path["service"]
    service = wanted.facts.contract.service(name)
    if service is None:
        raise Refusal(
            HTTPStatus.NOT_FOUND,
            "service",
            f"there is no service {name[:100]}",
            hint="the list at /slos names all of them",
        )
    state, now = wanted.house.state, wanted.now
    return service_page(
        wanted.facts,
        service,
        _trust(wanted, service),
        deploys=state.deploys(begin=now - DAYS * DAY, end=now + 1, service=name),
        mutes=state.mutes(now=now),
        now=now,
    )


def _trust(wanted: Wanted, service: Service) -> Trust:
    state, facts, now = wanted.house.state, wanted.facts, wanted.now
    policy = state.contract.budget_policy(service.policy) or POLICIES.get(service.policy)
    seen = state.received.seen(since=now - RECENT)
    return Trust(
        signed=policy is not None and binding(policy, policy_hash(policy), facts.standing),
        findings=[
            one for one in reviewed(facts.contract, now=now) if whose(one, facts.by_service) == service.name
        ],
        attributes=attributes(one for one in seen if one.service == service.name),
        events=state.events(since=now - SINCE, service=service.name),
        words=[
            Word(signature=one.signature, at=one.at, disposition=one.disposition)
            for one in state.acks(since=now - SINCE)
            if one.disposition is not None and one.signature.startswith(f"{service.name}/")
        ],
        on_call=_on_call(wanted, service),
    )


def _on_call(wanted: Wanted, service: Service) -> tuple[str, ...] | NoData:
    directory, now = wanted.house.state.directory, wanted.now
    if directory is None:
        return NO_DATA
    instead = rotation_for(wanted.facts.standing, service.name, now=now)
    return on_call(directory, service.name, instead=instead, now=now)


PAGE = Page(path="/services/{service}", name="service", view=_view, past="facts")
