"""Beacons from the browsers of users: `POST /v1/rum`, and the script that sends them."""

from __future__ import annotations

import hmac
from http import HTTPStatus
from importlib.resources import files
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Header, Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from allowance.web.asked import Asked, House
from allowance.web.event_door import Site
from allowance.web.problems import Refusal
from allowance.web.rum_shapes import Beacon
from allowance.web.shapes import answers

router = APIRouter(tags=["rum"])

LONGEST = 16 * 1024
"""Bytes of a beacon."""

KINDS = ("application/json", "text/plain")
"""`navigator.sendBeacon` sends a text as text/plain, which needs no question to the server before it."""

SCRIPT = files("allowance.web").joinpath("beacon.js").read_bytes()

_BODY: dict[str, Any] = {
    "required": True,
    "content": {"application/json": {"schema": Beacon.model_json_schema()}},
}


@router.post(
    "/v1/rum",
    status_code=204,
    response_class=Response,
    responses=answers(None, 400, 404, 415, 422),
    openapi_extra={"requestBody": _BODY},
    summary="Send a beacon of a page",
)
async def take(
    request: Request, asked: Asked, origin: Annotated[str | None, Header(include_in_schema=False)] = None
) -> Response:
    """A view of a page, as JSON; also as text/plain, as `navigator.sendBeacon` sends it. It needs no token: the key of
    a site is public, and lets nobody do anything else. 204 says that it is counted and stored."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in KINDS:
        raise Refusal(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            f"a beacon is {' or '.join(KINDS)}",
            hint="navigator.sendBeacon(url, JSON.stringify(beacon)) sends it so",
        )
    beacon = _beacon(await request.body())
    site = _site(asked, beacon, origin, request.headers.get("host", ""))
    await run_in_threadpool(asked.state.told.take_beacon, beacon.model_dump())
    return Response(status_code=204, headers=_cors(origin, site.every_origin))


@router.options("/v1/rum", include_in_schema=False)
async def preflight(
    request: Request, asked: Asked, origin: Annotated[str | None, Header()] = None
) -> Response:
    """Whether a page of that origin may send beacons; of which site is in the beacon only."""
    sites = asked.state.told.sites.values()
    if origin is None or not any(_may_send(site, origin, request.headers.get("host", "")) for site in sites):
        raise _foreign(origin or "")
    headers = {
        "Access-Control-Allow-Methods": "POST",
        "Access-Control-Allow-Headers": "content-type",
        "Access-Control-Max-Age": "86400",
    }
    return Response(status_code=204, headers={**_cors(origin, False), **headers})


@router.get(
    "/rum/beacon.js",
    response_class=Response,
    responses={**answers(None), 200: {"content": {"text/javascript": {"schema": {"type": "string"}}}}},
    summary="The script that sends beacons",
)
async def script() -> Response:
    """A module of less than 2 kB that measures the web vitals of a page and sends one beacon when it is left."""
    headers = {
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Cache-Control": "public, max-age=3600",
    }
    return Response(SCRIPT, media_type="text/javascript", headers=headers)


def _beacon(body: bytes) -> Beacon:
    if len(body) > LONGEST:
        raise Refusal(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            "too-large",
            f"a beacon has at most {LONGEST} bytes",
            hint="send one view at a time",
        )
    try:
        return Beacon.model_validate_json(body)
    except ValidationError as error:
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            raise Refusal(
                HTTPStatus.BAD_REQUEST, "request", "the beacon is not JSON", hint="send one JSON object"
            ) from None
        place = ".".join(str(part) for part in first["loc"])
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            "beacon",
            f"{place}: {first['msg']}".removeprefix(": "),
            path=place,
        ) from None


def _site(asked: House, beacon: Beacon, origin: str | None, host: str) -> Site:
    site = asked.state.told.sites.get(beacon.site)
    if site is None:
        raise Refusal(
            HTTPStatus.NOT_FOUND,
            "site",
            f"no promise is measured over the site {beacon.site!r}",
            hint="write source: {rum: SITE} into the contract",
        )
    shown = (beacon.key or "").encode()
    if site.keys and not sum(hmac.compare_digest(key.encode(), shown) for key in site.keys):
        raise Refusal(HTTPStatus.FORBIDDEN, "site-key", "this is not the key of the site")
    if origin is not None and not _may_send(site, origin, host):
        raise _foreign(origin)
    return site


def _may_send(site: Site, origin: str, host: str) -> bool:
    return site.every_origin or origin in site.origins or urlsplit(origin).netloc == host != ""


def _foreign(origin: str) -> Refusal:
    return Refusal(
        HTTPStatus.FORBIDDEN,
        "origin",
        f"pages of {origin[:200]!r} may not send beacons",
        hint="write its origin into origins of the source",
    )


def _cors(origin: str | None, every: bool) -> dict[str, str]:
    if origin is None:
        return {}
    return {"Access-Control-Allow-Origin": "*" if every else origin, "Vary": "Origin"}
