"""The promises as a running server sees them: the numbers of its newest tick, and how far each source was read."""

from __future__ import annotations

from typing import Any

from rich.markup import escape

from allowance.budget.health import WORST_FIRST, Health
from allowance.cli.main import GO, HOLD, STOP
from allowance.cli.server import Remote, get
from allowance.cli.status_terminal import COLOURS
from allowance.cli.terminal import console, print_json, table
from allowance.cli.watching import again
from allowance.reports.status_report import GLYPHS

PAGE = 500


def show_live(remote: Remote, *, check: bool, watch: bool, as_json: bool) -> int:
    """Print every promise, worst first; with `check` the exit code says whether all are kept and known."""

    def once() -> int:
        rows = sorted(fetched(remote), key=_worst)
        if as_json:
            print_json({"slos": rows})
        else:
            _show(rows)
        return _code(rows) if check else GO

    return again(once) if watch else once()


def fetched(remote: Remote) -> list[dict[str, Any]]:
    """Every SLO of the server, page by page."""
    rows: list[dict[str, Any]] = []
    cursor: str | None = None
    while True:
        page = get(remote, "/v1/slos", limit=PAGE, cursor=cursor)
        rows += page["slos"]
        cursor = page["next"]
        if cursor is None:
            return rows


def _worst(row: dict[str, Any]) -> tuple[int, float, str]:
    left = row["budget"]["remaining"] if row.get("budget") else 0.0
    return WORST_FIRST.index(row["state"]), 0.0 if left is None else left, row["id"]


def _code(rows: list[dict[str, Any]]) -> int:
    if any(row["state"] == "broken" for row in rows):
        return STOP
    unsure = any(row["state"] == "no data" or row["source"]["state"] != "fresh" for row in rows)
    return HOLD if unsure else GO


def _show(rows: list[dict[str, Any]]) -> None:
    out = console()
    words: list[Health] = [row["state"] for row in rows]
    summary = ", ".join(f"{GLYPHS[w]} {words.count(w)} {w}" for w in WORST_FIRST if w in words)
    kept = words.count("ok") + words.count("watch")
    newest = max((row["at"] for row in rows if row.get("at")), default="no tick yet")
    out.print(f"[bold]{kept} of {len(rows)} promises kept[/bold]   {summary}   as of {newest}")
    right = ("target", "measured", "budget left", "spent", "allowed")
    found = table("", "promise", "window", *right, "alerts", "source", right=right)
    for row in rows:
        found.add_row(*_cells(row))
    out.print(found)
    for name, reason in sorted({(r["source"]["name"], r["source"]["reason"]) for r in rows}):
        if reason:
            out.print(escape(f"{name or 'no source'}: {reason}"))


def _cells(row: dict[str, Any]) -> list[str]:
    word: Health = row["state"]
    state = f"[{COLOURS[word]}]{GLYPHS[word]} {word}[/]"
    source = row["source"]
    known = source["state"] if source["read_to"] is None else f"{source['state']}, {source['read_to'][11:16]}"
    cells = [state, escape(row["id"]), row["window"], _percent(float(row["target"]))]
    budget = row.get("budget")
    if budget is None or row.get("sli") is None:
        return [*cells, "no data", "", "", "", "", known]
    firing = ", ".join(f"{rule['severity']} {rule['rule']}" for rule in row["rules"] if rule["firing"])
    return [
        *cells,
        _percent(row["sli"], 3),
        "" if budget["remaining"] is None else _percent(budget["remaining"], 1),
        f"{budget['spent']:,}",
        f"{float(budget['allowed']):,.1f}",
        firing or "calm",
        known,
    ]


def _percent(value: float, digits: int = 4) -> str:
    text = f"{100 * value:.{digits}f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + " %"
