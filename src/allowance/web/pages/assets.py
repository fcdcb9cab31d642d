"""Style and script under addresses that name their content, so that browsers keep them for ever."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus
from importlib.metadata import version
from importlib.resources import files

from fastapi import APIRouter
from starlette.responses import Response

from allowance.edges.pages.html import chart_colours
from allowance.reports.chart_frame import AXIS_WIDTH, RIGHT_WIDTH, VEGA_LITE
from allowance.reports.palette import ROLES
from allowance.web.problems import Refusal

router = APIRouter(include_in_schema=False)

KINDS = {"css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
NAMES = ("pages.css", "app.js", "slo.css", "charts.js")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file and its address."""

    href: str
    body: bytes
    kind: str


@cache
def asset(name: str) -> Asset:
    """A file of ours by its name; the style sheets begin with the colours of the palette and of the charts."""
    text = BEGINS.get(name, _nothing)() + (files(__package__) / "static" / name).read_text(encoding="utf-8")
    body = (_lean(text) if name.endswith(".js") else text).encode()
    return Asset(
        href=f"/static/{hashlib.sha256(body).hexdigest()[:16]}/{name}",
        body=body,
        kind=KINDS[name.rpartition(".")[2]],
    )


def _lean(script: str) -> str:
    """A script without what only its readers need: indentation, and lines that are nothing but a comment."""
    return re.sub(r"^[ \t]*(//.*)?\n?", "", script, flags=re.MULTILINE)


def _colours() -> str:
    values = "".join(f"--{name}:light-dark({one.light},{one.dark});" for name, one in ROLES.items())
    return f":root{{{values}}}\n"


def _nothing() -> str:
    return ""


def _margin() -> str:
    return f"const LEFT = {AXIS_WIDTH + 2}, MARGIN = {AXIS_WIDTH + RIGHT_WIDTH + 4};\n"


BEGINS: dict[str, Callable[[], str]] = {
    "pages.css": _colours,
    "slo.css": lambda: chart_colours(".drawing"),
    "charts.js": _margin,
}
"""What files begin with that is worked out from elsewhere."""


@cache
def vega_href() -> str:
    """Where the program stands that draws charts in a browser; it is known without making it."""
    made_by = f"{version('vl-convert-python')} {VEGA_LITE}"
    return f"/static/{hashlib.sha256(made_by.encode()).hexdigest()[:16]}/vega.js"


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
