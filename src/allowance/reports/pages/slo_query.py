"""How a promise is asked of its source, as text that can be run there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast, get_args

from allowance.contract.model import Slo
from allowance.contract.source import Prometheus
from allowance.core.duration import HOUR
from allowance.core.problem import ProblemError
from allowance.reports.export_queries import event_queries
from allowance.reports.pages.view import Link, query_text
from allowance.signals.prom_sli import PromIndicator

_SECRET = re.compile(r"(?<=://)[^/@\s]+@")
HERE = "#query"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """The texts with what each counts; `link` leads to the source, else to where the page says what is good."""

    texts: tuple[tuple[str, str], ...]
    link: Link


def query_of(slo: Slo) -> Query:
    """PromQL where the source speaks it, over an hour."""
    in_words = Query(texts=(), link=Link(text="query", href=HERE))
    indicator = slo.indicator
    if not isinstance(slo.source, Prometheus) or not isinstance(indicator, get_args(PromIndicator)):
        return in_words
    try:
        asked = event_queries(cast(PromIndicator, indicator), slo.group_by)
        total, bad = asked.total(HOUR), asked.bad(HOUR)
    except ProblemError:
        return (
            in_words  # a query that cannot be written as counts is still asked as it stands in the contract
        )
    url = _SECRET.sub("", slo.source.url).rstrip("/")
    where = query_text(**{"g0.expr": bad, "g0.tab": "0", "g1.expr": total, "g1.tab": "0"})
    href = f"{url}/graph{where}" if url.startswith(("http://", "https://")) else HERE
    return Query(
        texts=(("failed in an hour", bad), ("all in an hour", total)), link=Link(text="query", href=href)
    )
