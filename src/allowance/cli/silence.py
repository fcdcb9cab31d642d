"""`allowance silence`: keeping alerts of a running server quiet, after seeing what that would hit."""

from __future__ import annotations

import sys
from typing import Annotated, Any, Literal

from cyclopts import Parameter

from allowance.cli.history_options import Switch
from allowance.cli.main import GO, STOP
from allowance.cli.server import HERE_AND_NOW, Remote
from allowance.core.problem import refuse

Action = Literal["list", "create", "end"]
MOST_SHOWN = 5


def silence(
    action: Action = "list",
    *what: str,
    for_: Annotated[str | None, Parameter(name="--for")] = None,
    until: str | None = None,
    begin: Annotated[str | None, Parameter(name="--from")] = None,
    reason: str | None = None,
    by: str = "",
    maintenance: Switch = False,
    unless_burn_above: float | None = None,
    rrule: str | None = None,
    duration: str | None = None,
    zone: str = "UTC",
    yes: Switch = False,
    json: Annotated[Switch, Parameter(name="--json")] = False,
    remote: Remote = HERE_AND_NOW,
) -> int:
    """Silences and maintenance of a running server: list them, create one, end one.

    Before one is saved you see which alerts it would hit now, and which of the last seven days it would have hit.
    Without --yes you are asked; where nobody can be asked nothing is saved, and the exit code is 1.

    Example: allowance silence create service=checkout severity=ticket --for 2h --reason "database move"

    Parameters
    ----------
    action
        list, create or end.
    what
        create: labels that must all match, such as service=checkout. end: the id of the silence.
    for_
        How long it holds: 2h, 1d.
    until
        Or when it ends: 2026-11-21T16:00:00Z.
    begin
        When it begins. Default: now.
    reason
        Why; nothing is muted without a reason.
    by
        Who wants it. Default: the name on the token.
    maintenance
        Call it planned maintenance.
    unless_burn_above
        An alert that burns faster than this is heard all the same.
    rrule
        It comes again: a rule of RFC 5545, such as "FREQ=WEEKLY;BYDAY=SU;BYHOUR=2". --for says how long the rule holds.
    duration
        With --rrule: how long each time lasts.
    zone
        With --rrule: the zone of its clock, such as Europe/Berlin.
    yes
        Save it without asking.
    json
        The answer as one JSON document.
    """
    if action == "list":
        return _list(remote, as_json=json)
    if action == "end":
        return _end(remote, what, as_json=json)
    body = _body(what, reason=reason, by=by, begin=begin, length=for_, until=until)
    body["kind"] = "maintenance" if maintenance else "silence"
    if unless_burn_above is not None:
        body["unless_burn_above"] = unless_burn_above
    if rrule is not None or duration is not None:
        body["repeats"] = _repeats(rrule, duration, zone)
    return _create(remote, body, yes=yes, as_json=json)


def _list(remote: Remote, *, as_json: bool) -> int:
    from rich.markup import escape

    from allowance.cli.server import get
    from allowance.cli.terminal import console, print_json, table

    found = get(remote, "/v1/mutes")
    if as_json:
        print_json(found)
        return GO
    out = console()
    if not found["mutes"]:
        out.print("Nothing is muted.")
        return GO
    rows = table("id", "what", "until", "by", "why")
    for mute in found["mutes"]:
        rows.add_row(
            mute["id"], escape(_labels(mute)), _time(mute), escape(mute["by"]), escape(mute["reason"])
        )
    out.print(rows)
    return GO


def _end(remote: Remote, what: tuple[str, ...], *, as_json: bool) -> int:
    from allowance.cli.server import delete, path_of
    from allowance.cli.terminal import print_json

    if len(what) != 1:
        raise refuse("usage", "name the one silence to end", hint="allowance silence list shows their ids")
    ended = delete(remote, path_of("v1", "mutes", what[0]))
    if as_json:
        print_json(ended)
    else:
        print(f"ended: {ended['id']} ({_labels(ended)})")
    return GO


def _body(
    what: tuple[str, ...],
    *,
    reason: str | None,
    by: str,
    begin: str | None,
    length: str | None,
    until: str | None,
) -> dict[str, Any]:
    from allowance.core.duration import parse_duration
    from allowance.core.time import iso, parse_instant
    from allowance.edges import clock

    labels = dict(_label(text) for text in what)
    if not labels:
        raise refuse("usage", "what is to be quiet?", hint="name labels, such as service=checkout")
    if reason is None or not reason.strip():
        raise refuse("usage", "a silence needs a reason", hint='such as --reason "database move"')
    if (length is None) == (until is None):
        raise refuse("usage", "until when?", hint="say either --for 2h or --until 2026-11-21T16:00:00Z")
    first = clock.now() if begin is None else parse_instant(begin)
    end = parse_instant(until) if until is not None else first + parse_duration(length or "")
    body: dict[str, Any] = {"labels": labels, "reason": reason, "end": iso(end), "by": by}
    return body if begin is None else {**body, "begin": iso(first)}


def _label(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise refuse("usage", f"{text!r} is not a label", hint="write it as service=checkout")
    return name, value


def _repeats(rrule: str | None, duration: str | None, zone: str) -> dict[str, str]:
    if rrule is None or duration is None:
        raise refuse("usage", "--rrule and --duration belong together", hint="such as --duration 2h")
    return {"rrule": rrule, "duration": duration, "zone": zone}


def _create(remote: Remote, body: dict[str, Any], *, yes: bool, as_json: bool) -> int:
    from allowance.cli.server import post
    from allowance.cli.terminal import print_json

    preview = post(remote, "/v1/mutes", body, preview="true")
    print(_would_hit(preview), file=sys.stderr)
    if not yes and not _agreed():
        print("nothing was saved", file=sys.stderr)
        return STOP
    saved = post(remote, "/v1/mutes", body)
    if as_json:
        print_json(saved)
    else:
        print(f"saved: {saved['id']} ({_labels(saved)}) until {_time(saved)}")
    return GO


def _would_hit(preview: dict[str, Any]) -> str:
    firing, past = preview["firing"], preview["events_in_all"]
    named = ", ".join(firing[:MOST_SHOWN]) + (", ..." if len(firing) > MOST_SHOWN else "")
    now = f"it mutes {len(firing)} open now" + (f": {named}" if firing else "")
    unknown = "" if preview["promises"] else "nothing that is promised has these labels: a slip of the pen?\n"
    return f"{unknown}{now}; of what was said in the last 7 days it would have hit {past}"


def _agreed() -> bool:
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        print("nobody can be asked here: say --yes to save it", file=sys.stderr)
        return False
    print("save it? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _labels(mute: dict[str, Any]) -> str:
    return " ".join(f"{name}={value}" for name, value in mute["labels"].items())


def _time(mute: dict[str, Any]) -> str:
    repeats = mute["repeats"]
    if repeats is None:
        return str(mute["end"])
    following = repeats["next_begin"]
    return f"{repeats['rrule']} ({repeats['zone']}), next {following or 'never again'}"
