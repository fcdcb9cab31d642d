"""A view written down: HTML and Markdown from templates, JSON from the view itself."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import orjson
from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined, Undefined
from markupsafe import Markup, escape

from allowance.core.counts import NoData
from allowance.core.time import iso
from allowance.reports.glyphs import Svg, css_class
from allowance.reports.numbers import NO_DATA_WORD
from allowance.reports.page import State
from allowance.reports.pages.view import Link, Num, When, plain
from allowance.reports.status_report import GLYPHS
from allowance.reports.tabular import day, when
from allowance.web.pages.assets import asset, vega_href
from allowance.web.pages.frame import Frame
from allowance.web.pages.page import OWN_PACKAGE, View

_SPECIAL = str.maketrans({sign: f"\\{sign}" for sign in "\\`*_[]<>|#"} | {"\n": " ", "\r": " "})


def html(name: str, view: View, frame: Frame, *, package: str = OWN_PACKAGE) -> str:
    """The page; `package` holds its template, and finds ours beside it."""
    return _html(package).get_template(f"{name}.html.j2").render(view=view, frame=frame)


def bare(name: str, **values: Any) -> str:
    """A page without a view."""
    return _html(OWN_PACKAGE).get_template(f"{name}.html.j2").render(**values)


def markdown(name: str, view: View, *, package: str = OWN_PACKAGE) -> str:
    """The same as Markdown, for a ticket, a mail, or a model."""
    return _markdown(package).get_template(f"{name}.md.j2").render(view=view)


def json(view: View) -> bytes:
    """The same as JSON."""
    return orjson.dumps(plain(view))


@cache
def _html(package: str) -> Environment:
    return _environment(_as_html, package, autoescape=True)


@cache
def _markdown(package: str) -> Environment:
    return _environment(_as_markdown, package, autoescape=False)


def _environment(finalize: Any, package: str, *, autoescape: bool) -> Environment:
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(one) for one in dict.fromkeys((package, OWN_PACKAGE))]),
        autoescape=autoescape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=finalize,
    )
    environment.filters |= {"on_page": on_page, "iso": iso, "css": css_class, "when": when, "raw": Markup}
    environment.globals |= {"asset": lambda name: asset(name).href, "vega": vega_href}
    environment.tests |= {"known": lambda value: not isinstance(value, NoData)}
    return environment


_HYPHEN = re.compile(r"(?<![\w.-])-(?=\d[\d.]*[\s\u00a0]?%)")
_WRITTEN = re.compile(
    r"(?<![\w/.:-])(?P<day>\d{4}-(?:0[1-9]|1[0-2])-\d\d)"
    r"(?:T(?P<time>\d\d:\d\d(?::(?!00)\d\d)?)(?::00)?Z| (?P<clock>\d\d:\d\d) UTC)?(?![\w/-]|:\d)"
)


def on_page(text: str) -> str:
    """Sentences that were written down for terminals, with the minus and the days that pages have."""
    return _WRITTEN.sub(_day, _HYPHEN.sub("\u2212", text))


def _day(found: re.Match[str]) -> str:
    time = found["time"] or found["clock"]
    return f"{day(found['day'])} {time} UTC" if time else day(found["day"])


def _as_html(value: Any) -> Any:
    """How a value of a view stands on a page; text is escaped behind this, and nothing is never printed."""
    match value:
        case Svg():
            return Markup(value.markup)
        case When():
            ago = escape(f" ({value.ago} ago)" if value.ago else "")
            return Markup(
                f'<time datetime="{iso(value.at)}">{escape(when(value.at))}</time>'
                f' <span class="zone">UTC</span>{ago}'
            )
        case State():
            glyph = value.glyph.markup
            return Markup(f'<span class="state {css_class(value.health)}">{glyph}{value.word}</span>')
        case Link() if value.href:
            return Markup(f'<a href="{escape(value.href)}">{escape(value.text)}</a>')
        case Num() | Link():
            return value.text
        case NoData():
            return NO_DATA_WORD
        case None:
            raise TypeError("a page cannot show None")
    return value


def _as_markdown(value: Any) -> Any:
    match value:
        case Markup():
            return value
        case State():
            return f"{GLYPHS[value.health]} {value.word}"
        case NoData():
            return NO_DATA_WORD
        case None | Svg():
            raise TypeError(f"Markdown cannot show {type(value).__name__}")
        case Undefined():
            return value
    return str(value).translate(_SPECIAL)
