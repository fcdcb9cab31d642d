"""A page as one HTML file: a template, one style sheet, two scripts, and a policy that allows nothing else."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import quote

import orjson
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from allowance import __version__
from allowance.core.time import iso
from allowance.edges.pages import vega
from allowance.reports.chart_frame import AXIS_WIDTH, RIGHT_WIDTH
from allowance.reports.page import Page
from allowance.reports.palette import FAINT, FILL, GROUND, ROLES, TEXT
from allowance.reports.tabular import when

DrawSvg = Callable[[dict[str, Any], str], str]


def html_of(page: Page, *, interactive: bool = True, draw: DrawSvg = vega.svg_of) -> str:
    """The file. Without `interactive` it leaves out the program that redraws the charts, about 900 kB."""
    style = colours() + _text("page.css") + _footer(page)
    own = f"const MARGIN = {AXIS_WIDTH + RIGHT_WIDTH + 4};\n{_text('page.js')}"
    interactive = interactive and page.has_charts
    scripts = [vega.bundle(), own] if interactive else [own]
    return (
        _environment()
        .get_template("page.html")
        .render(
            page=page,
            policy=_policy(style, scripts),
            style=Markup(style),
            scripts=[Markup(script) for script in scripts],
            interactive=interactive,
            drawn=lambda spec, name: Markup(draw(spec, name)),
            version=__version__,
        )
    )


def colours() -> str:
    """The palette as custom properties, and the charts' fixed colours mapped to them."""
    lines = [":root{"]
    lines += [f"--{name}:light-dark({colour.light},{colour.dark});" for name, colour in ROLES.items()]
    lines.append("}\n")
    return "".join(lines) + chart_colours(".chart")


def chart_colours(where: str) -> str:
    """The fixed colours of charts mapped to the palette, for what stands inside of a selector."""
    return "".join(
        f'{where} [{what}="{colour.light}"]{{{what}:var(--{name})}}\n'
        for name, colour in {**TEXT, **FILL, **GROUND, **FAINT}.items()
        for what in ("fill", "stroke")
    )


def _footer(page: Page) -> str:
    """What stands below each printed page; an instant holds nothing that could end a string."""
    as_of = "" if page.as_of is None else f", as of {iso(page.as_of)}"
    return (
        f'@page{{@bottom-left{{content:"Allowance{as_of}";font:9px system-ui,sans-serif;color:#59606B}}}}\n'
    )


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("allowance.edges.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"iso": iso, "when": when, "data": _data, "icon": _icon}
    environment.globals |= {"markup": Markup}
    return environment


def _data(value: Any) -> Markup:
    """JSON that may stand inside a script element."""
    return Markup(orjson.dumps(value).decode().replace("<", "\\u003c"))


def _icon(markup: str) -> str:
    """A glyph as the address of an icon."""
    return f"data:image/svg+xml,{quote(markup)}"


@cache
def _text(name: str) -> str:
    return (files(__package__) / name).read_text(encoding="utf-8")


def _policy(style: str, scripts: list[str]) -> str:
    allowed = " ".join(_hash(script) for script in scripts)
    return (
        f"default-src 'none'; script-src {allowed}; style-src {_hash(style)}; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
