"""`/services/{service}`."""

from __future__ import annotations

from http import HTTPStatus

from allowance.core.duration import DAY
from allowance.reports.pages.service import DAYS, ServicePage, service_page
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
        deploys=state.deploys(begin=now - DAYS * DAY, end=now + 1, service=name),
        mutes=state.mutes(now=now),
    )


PAGE = Page(path="/services/{service}", name="service", view=_view)
