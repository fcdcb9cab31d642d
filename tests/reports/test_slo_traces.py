"""The rows of failures and latencies on the page of a promise say what the API says."""

from __future__ import annotations

from typing import Any

from allowance.core.counts import NO_DATA
from allowance.reports.pages.slo_traces import MOST, traces
from allowance.reports.pages.slo_traffic import Line

NOTHING: dict[str, Any] = {"signatures": [], "folded": False}


def _signature(errors: int, share: str, **more: Any) -> dict[str, Any]:
    return {
        "place": "GET /pay",
        "kind": "span",
        "error": "500",
        "exception": "TimeoutError",
        "errors": errors,
        "share": share,
        "last": "2026-11-21T14:00:00Z",
        "samples": [{"trace": "abcdef0123456789", "link": "https://traces.example/abcdef0123456789"}],
        **more,
    }


def test_nothing_seen_is_nothing() -> None:
    assert traces("pay", NOTHING, {"routes": []}) is NO_DATA


def test_failures_keep_their_order_and_their_share() -> None:
    errors = {"signatures": [_signature(3, "3/4"), _signature(1, "1/4", exception="")], "folded": True}
    found = traces("pay", errors, {"routes": []})
    assert found is not NO_DATA
    assert [(one.what, one.errors.text, one.share.text.replace("\xa0", " ")) for one in found.errors] == [
        ("TimeoutError", "3", "75.0 %"),
        ("500", "1", "25.0 %"),
    ]
    assert [(link.text, link.href) for link in found.errors[0].traces] == [
        ("abcdef01", "https://traces.example/abcdef0123456789")
    ]
    assert found.folded


def test_the_busiest_routes_come_first_and_an_unknown_percentile_is_a_dash() -> None:
    took = {"p50": 1.234, "p90": 12.34, "p95": 123.4, "p99": None}
    parts = [{"at": f"2026-11-21T14:{minute}:00Z", **took, "p95": 10.0 + minute} for minute in (15, 45)]
    routes = [{"route": f"/r{n}", "events": n, **took, "buckets": parts} for n in range(MOST + 3)]
    over = {"from": "2026-11-21T14:00:00Z", "to": "2026-11-21T15:00:00Z"}
    found = traces("pay", NOTHING, {"routes": routes, **over})
    assert found is not NO_DATA
    assert len(found.routes) == MOST
    first = found.routes[0]
    assert first.route == f"/r{MOST + 2}"
    assert (first.p50, first.p90, first.p95, first.p99) == ("1.23 ms", "12.3 ms", "123 ms", "–")
    line = found.line
    assert isinstance(line, Line)
    assert line.says == f"p95 of /r{MOST + 2} in 5 min, last day, at most 55.0 ms"
    assert line.drawing.markup.count("M") == 2, "what lies between the two parts was not measured"
