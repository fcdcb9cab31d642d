"""`allowance alerts`: what fires on a running server, and taking it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from allowance.cli.history_options import Switch
from allowance.cli.main import GO, STOP
from allowance.cli.server import HERE_AND_NOW, Remote
from allowance.core.problem import refuse

if TYPE_CHECKING:
    from rich.table import Table

Action = Literal["list", "ack"]

MARKS = {"page": "■", "ticket": "▲", "log": "●"}
STATES = {"firing": "firing ↑", "recovering": "recovering ↘", "pending": "pending ↗", "resolved": "resolved"}


def alerts(
    action: Action = "list",
    signature: str | None = None,
    *,
    note: str = "",
    disposition: str | None = None,
    by: str = "",
    all_: Annotated[Switch, Parameter(name="--all")] = False,
    watch: Switch = False,
    json: Annotated[Switch, Parameter(name="--json")] = False,
    remote: Remote = HERE_AND_NOW,
) -> int:
    """What fires on a running server, loudest first; `alerts ack SIGNATURE` takes an alert or says what it was.

    Exit code 0: nothing needs you; 1: something fires that nobody has taken and nothing mutes; 2: the server cannot
    be asked. Taking an alert stops its escalation and tells the channels that were told of it.

    Example: allowance alerts ack checkout/availability/page --note "rolled back 2.14.0"

    Parameters
    ----------
    action
        list shows what fires, ack takes one.
    signature
        The alert to take: service/slo/severity, as the list shows it.
    note
        What you know or do.
    disposition
        What it was: actionable_manual, actionable_automated, noise_flapping, noise_threshold, duplicate,
        false_positive, test, missed_then_found. It may come when the alert is over.
    by
        Who takes it. Default: the name on the token.
    all_
        Show what is muted, pending or resolved as well.
    watch
        Show it again every 10 seconds until stopped.
    json
        The answer as one JSON document.
    """
    if action == "ack":
        return _take(remote, signature, {"note": note, "disposition": disposition, "by": by}, as_json=json)
    if signature is not None:
        raise refuse("usage", f"{signature} is to be taken?", hint=f"say allowance alerts ack {signature}")
    if watch:
        from allowance.cli.watching import again

        return again(lambda: _list(remote, every=all_, as_json=json))
    return _list(remote, every=all_, as_json=json)


def _take(remote: Remote, signature: str | None, said: dict[str, str | None], *, as_json: bool) -> int:
    from allowance.cli.server import path_of, post
    from allowance.cli.terminal import print_json

    if signature is None:
        raise refuse("usage", "which alert?", hint="name its signature, as allowance alerts shows it")
    body = {name: value for name, value in said.items() if value}
    found = post(remote, path_of("v1", "alerts", signature, "ack"), body)
    if as_json:
        print_json(found)
    elif found["disposition"]:
        print(f"recorded: {found['signature']} was {found['disposition']}, says {found['by'] or 'nobody'}")
    else:
        print(f"{found['by'] or 'nobody'} has taken {found['signature']}")
    return GO


def _list(remote: Remote, *, every: bool, as_json: bool) -> int:
    from allowance.cli.server import get
    from allowance.cli.terminal import console, print_json

    found = get(remote, "/v1/alerts")
    needing = [row for row in found["alerts"] if needs_you(row)]
    if as_json:
        print_json(found)
    else:
        shown = found["alerts"] if every else [row for row in found["alerts"] if is_open(row)]
        out = console()
        out.print(
            f"[bold]{_headline(needing, found['failing'])}[/bold]   as of {found['at'] or 'no tick yet'}"
        )
        if shown:
            out.print(_table(shown))
        for one in found["failing"]:
            out.print(_failing(one), style="red", markup=False)
    return STOP if needing else GO


def is_open(row: dict[str, Any]) -> bool:
    """Whether an alert fires, or has only just stopped."""
    return row["state"] in ("firing", "recovering")


def needs_you(row: dict[str, Any]) -> bool:
    """Whether an alert is open, loud enough to be told, and neither taken nor held back."""
    return is_open(row) and row["severity"] != "log" and row["acknowledged"] is None and row["muted"] is None


def _headline(needing: list[dict[str, Any]], failing: list[dict[str, Any]]) -> str:
    from allowance.alerting.phrases import calm

    if not needing:
        return calm([one["channel"] for one in failing])
    return "1 thing needs you" if len(needing) == 1 else f"{len(needing)} things need you"


def _table(rows: list[dict[str, Any]]) -> Table:
    from rich.markup import escape

    from allowance.cli.terminal import table

    found = table("", "alert", "state", "since", "burn", "limit", "", right=("burn", "limit"))
    found.columns[1].no_wrap = True
    for row in rows:
        mark = f"{MARKS[row['severity']]} {row['severity']}"
        since = (row["opened"] or row["since"])[5:16].replace("T", " ")
        burn = "" if row["short"] is None else f"{row['short']:.1f}x"
        limit = "" if row["factor"] is None else f"{float(row['factor']):.4g}x"
        words = escape("; ".join(_words(row)))
        found.add_row(mark, escape(row["signature"]), STATES[row["state"]], since, burn, limit, words)
    return found


def _failing(one: dict[str, Any]) -> str:
    """Who hears nothing, since when, why, and what becomes of it."""
    begin = one["since"][5:16].replace("T", " ")
    words = f"✕ {one['channel']} is not reached since {begin}: {one['reason']}"
    notices = [f"{one[name]} {name}" for name in ("waiting", "lost") if one[name]]
    said = ", ".join(notices) or "none waiting"
    again = f"; next try {one['next_try'][11:19]}" if one["next_try"] else ""
    return f"{words} (notices: {said}{again})"


def _words(row: dict[str, Any]) -> list[str]:
    words = []
    if row["source"] is not None:
        known = row["known_to"]
        words.append(f"{row['source']}: " + (f"known to {known}" if known else "nothing known"))
    if len(row["entries"]) > 1:
        words.append(f"{len(row['entries'])} times")
    taken, held = row["acknowledged"], row["muted"]
    if taken is not None:
        words.append(
            f"taken by {taken['by'] or 'somebody'}" + (f": {taken['note']}" if taken["note"] else "")
        )
    if held is not None:
        words.append(held["why"] + (f", until {held['until']}" if held["until"] else ""))
    return words
