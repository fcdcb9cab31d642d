"""`/slo/{service}/{name}/charts/{chart}.svg`, `.png` and `.json`: each chart of a page as a file."""

from __future__ import annotations

import gzip
from http import HTTPStatus
from typing import Annotated, Literal

import orjson
from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from allowance.core.counts import NoData
from allowance.edges.pages.drawing import Drawing
from allowance.reports.analysis_alerts import burn_section
from allowance.reports.analysis_budget import spend_section
from allowance.reports.chart_frame import Chart
from allowance.reports.pages.shown import charts_of
from allowance.reports.pages.slo_asked import slo_asked
from allowance.web.asked import Asked, House
from allowance.web.pages.assets import vega_href
from allowance.web.pages.gathered import facts_of
from allowance.web.pages.router import tagged
from allowance.web.pages.slo import detail_of, promise_of
from allowance.web.problems import Refusal
from allowance.web.tokens import may

router = APIRouter(include_in_schema=False)

DRAWING = Drawing()
Width = Literal["wide", "narrow"]


@router.get("/static/{stamp}/vega.js")
def program(request: Request, stamp: str) -> Response:
    """The program that draws charts in a browser; its address changes with it."""
    if f"/static/{stamp}/vega.js" != vega_href():
        raise Refusal(HTTPStatus.NOT_FOUND, "not-found", "there is no such file", hint="load the page again")
    headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
    body = DRAWING.program()
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
    else:
        body = gzip.decompress(body)
    return Response(body, media_type="text/javascript; charset=utf-8", headers=headers)


@router.get("/slo/{service}/{name}/charts/{chart}.json", dependencies=[may("read")])
def as_json(request: Request, asked: Asked, service: str, name: str, chart: str) -> Response:
    """The Vega-Lite specification that a browser draws in any width."""
    found = _chart(request, asked, service, name, chart)
    return tagged(request, orjson.dumps(found.live), "application/json")


@router.get("/slo/{service}/{name}/charts/{chart}.svg", dependencies=[may("read")])
def as_svg(
    request: Request,
    asked: Asked,
    service: str,
    name: str,
    chart: str,
    width: Annotated[Width, Query()] = "wide",
) -> Response:
    """A drawing for print, mail and readers without scripts."""
    found = _chart(request, asked, service, name, chart)
    spec = found.wide if width == "wide" else found.narrow
    return tagged(request, DRAWING.draw(spec, "svg"), "image/svg+xml")


@router.get("/slo/{service}/{name}/charts/{chart}.png", dependencies=[may("read")])
def as_png(request: Request, asked: Asked, service: str, name: str, chart: str) -> Response:
    """A picture on white, for chats and documents."""
    found = _chart(request, asked, service, name, chart)
    return tagged(request, DRAWING.draw({**found.wide, "background": "white"}, "png"), "image/png")


def _chart(request: Request, house: House, service: str, name: str, chart: str) -> Chart:
    facts = facts_of(request, house)
    promise = promise_of(facts, service, name)
    asked = slo_asked(request.query_params, promise.slo, newest=facts.at)
    found = detail_of(facts, house.state, promise, asked)
    charts = (
        {} if isinstance(found, NoData) else charts_of([spend_section(found.view), burn_section(found.view)])
    )
    if chart not in charts:
        raise Refusal(
            HTTPStatus.NOT_FOUND,
            "chart",
            f"there is no chart {chart[:100]!r} of {promise.slo.id} in this window",
            hint=f"there are: {', '.join(sorted(charts))}" if charts else "nothing was measured in it",
        )
    return charts[chart]
