"""Pages that need nothing of the running program: the way in, and what went wrong."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from urllib.parse import quote

from allowance import __version__
from allowance.core.problem import Problem
from allowance.reports.glyphs import state_icon
from allowance.web.pages.assets import asset
from allowance.web.pages.rendering import bare

TITLES = {
    400: "This request cannot be read",
    401: "Sign in to see this",
    403: "Your role does not allow this",
    404: "There is nothing here",
    405: "This address does not do that",
    409: "This does not fit the state of things",
    413: "This is too large",
    422: "A value does not fit",
    429: "Too many requests",
    500: "This found a fault of Allowance",
    503: "Allowance cannot answer at this moment",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Bare:
    """The frame of a page without navigation."""

    tab: str
    css: str
    script: str
    icon: str
    version: str = __version__


def sign_in_page(problem: Problem | None, *, provider: str = "") -> str:
    """The page of those who are not in: why not, and what they can do. `provider` is the address of its sign-in."""
    return bare("sign_in", frame=_frame("Sign in"), problem=problem, provider=provider)


def problem_page(status: int, *, code: str, message: str, where: str, hint: str) -> str:
    """An error as a page: what, where, what next; the same words as the API's."""
    title = TITLES.get(status) or HTTPStatus(status).phrase
    return bare(
        "problem",
        frame=_frame(title),
        title=title,
        status=status,
        code=code,
        message=message,
        where=where,
        hint=hint,
    )


def _frame(title: str) -> Bare:
    return Bare(
        tab=f"{title} \u00b7 Allowance",
        css=asset("pages.css").href,
        script=asset("app.js").href,
        icon=f"data:image/svg+xml,{quote(state_icon('no data').markup)}",
    )
