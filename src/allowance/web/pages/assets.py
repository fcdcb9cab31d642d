"""Style and script under addresses that name their content, so that browsers keep them for ever."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from importlib.resources import files

from fastapi import APIRouter
from starlette.responses import Response

from allowance.reports.palette import ROLES
from allowance.web.problems import Refusal

router = APIRouter(include_in_schema=False)

KINDS = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
NAMES = ("pages.css", "app.js")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file and its address."""

    href: str
    body: bytes
    kind: str


@cache
def asset(name: str) -> Asset:
    """A file of ours by its name; the style sheet begins with the colours of the palette."""
    body = (files(__package__) / "static" / name).read_bytes()
    if name.endswith(".css"):
        body = _colours().encode() + body
    return Asset(
        href=f"/static/{hashlib.sha256(body).hexdigest()[:16]}/{name}",
        body=body,
        kind=KINDS[name.rpartition(".")[2]],
    )


def _colours() -> str:
    values = "".join(f"--{name}:light-dark({one.light},{one.dark});" for name, one in ROLES.items())
    return f":root{{{values}}}\n"


@router.get("/static/{stamp}/{name}")
def static(stamp: str, name: str) -> Response:
    """What is asked under an older address is no longer here: the page that named it is old."""
    found = asset(name) if name in NAMES else None
    if found is None or found.href != f"/static/{stamp}/{name}":
        raise Refusal(HTTPStatus.NOT_FOUND, "not-found", "there is no such file", hint="load the page again")
    return Response(
        found.body,
        media_type=found.kind,
        headers={"Cache-Control": "public, max-age=31536000, immutable"},
    )
