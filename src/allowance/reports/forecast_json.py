"""A forecast as JSON: when the budget is spent, what comes back when, and when there is budget again."""

from __future__ import annotations

from typing import Any

from allowance.budget.forecast import Forecast, Launch, Moment, NotBefore, Rolling, Spending
from allowance.core.time import iso
from allowance.reports.numbers import machine

Json = dict[str, Any]


def forecast_json(found: Forecast) -> Json:
    """Points and 80 % ranges; an instant that is not in sight is null, and the word says so."""
    return {
        "at": iso(found.now),
        "recent_s": found.recent,
        "recent_burn": machine(found.recent_burn),
        "spent": _moments(found.spending),
        "launch_again": _moments(found.launch),
        "comes_back": _recovery(found),
        "range_from_history": found.tested,
        "band": [{"at": iso(p.at), "low": p.low, "likely": p.likely, "high": p.high} for p in found.band],
    }


def _moments(said: Spending | Launch) -> Json:
    return {
        "word": said.word,
        "at": _moment(said.at),
        "earliest": _moment(said.earliest),
        "latest": _moment(said.latest),
        "reason": said.reason,
    }


def _moment(moment: Moment) -> str | None:
    return None if isinstance(moment, NotBefore) else iso(moment)


def _recovery(found: Forecast) -> list[Json]:
    if not isinstance(found.recovery, Rolling):
        return [{"from": iso(found.recovery.at), "to": iso(found.recovery.at), "what": "the budget is new"}]
    return [
        {
            "day": one.day,
            "from": iso(one.leaves.begin),
            "to": iso(one.leaves.end),
            "bad": one.bad,
            "share": machine(one.share),
        }
        for one in found.recovery.days
    ]
