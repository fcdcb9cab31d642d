"""`/slos`, and the same rows as CSV."""

from __future__ import annotations

import csv
import io

from fastapi import APIRouter, Request
from starlette.datastructures import QueryParams
from starlette.responses import Response

from allowance.reports.pages.filters import parse_filter
from allowance.reports.pages.slos import GROUPINGS, SORTS, Listed, Slos, Sort, csv_rows, slos
from allowance.web.asked import Asked
from allowance.web.pages.gathered import facts_asked
from allowance.web.pages.page import Page, Wanted
from allowance.web.pages.router import tagged
from allowance.web.tokens import may

router = APIRouter(include_in_schema=False)

LONGEST = 500
"""Characters of a filter that are read."""


def _view(wanted: Wanted) -> Slos:
    return slos(wanted.facts, listed(wanted.query))


PAGE = Page(path="/slos", name="slos", view=_view, nav="SLOs", key="s", past="facts")


def listed(query: QueryParams) -> Listed:
    """What the address asks for; what it cannot mean is left at its default."""
    order = query.get("sort", "state")
    sort: Sort = next((one for one in SORTS if one == order.removeprefix("-")), "state")
    page = query.get("page", "1")
    grouping = query.get("group", "")
    return Listed(
        filter=parse_filter(query.get("q", "")[:LONGEST]),
        grouping=grouping if grouping in GROUPINGS else "",
        sort=sort,
        down=order.startswith("-"),
        page=int(page) if page.isascii() and page.isdigit() and len(page) < 6 else 1,
        end=query.get("end", "")[:40],
    )


@router.get("/slos.csv", dependencies=[may("read")])
def as_csv(request: Request, asked: Asked) -> Response:
    """Every row of the list, not only of its page."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    facts = facts_asked(request, asked, PAGE)
    for row in csv_rows(facts, listed(request.query_params)):
        writer.writerow([_harmless(cell) for cell in row])
    response = tagged(request, text.getvalue().encode(), "text/csv; charset=utf-8")
    response.headers["Content-Disposition"] = 'attachment; filename="slos.csv"'
    return response


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; a number stays a number."""
    risky = cell[:1] in ("=", "+", "@", "\t", "\r") or (cell[:1] == "-" and not _is_number(cell))
    return f"'{cell}" if risky else cell


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
