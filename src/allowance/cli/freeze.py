"""`allowance freeze`: freezes of a running server: listed, begun and ended by hand."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import App, Parameter

from allowance.cli.history_options import Switch
from allowance.cli.main import GO
from allowance.cli.server import HERE_AND_NOW, Remote
from allowance.contract.budget_policy import FreezeModel

freeze = App(name="freeze", help="Freezes: what is stopped and until when; begun and ended by hand.")

Json = Annotated[Switch, Parameter(name="--json")]


@freeze.command(name="list")
def listed(
    service: str | None = None,
    *,
    all: Switch = False,  # noqa: A002 - the word of the command line
    json: Json = False,
    remote: Remote = HERE_AND_NOW,
) -> int:
    """The freezes in force, how far each is from its end, and what unsigned policies advise.

    Example: allowance freeze list

    Parameters
    ----------
    service
        Only those of one service.
    all
        Those that have ended, too.
    json
        The answer as JSON.
    """
    from allowance.cli.server import get
    from allowance.cli.terminal import console, print_json, table

    found = get(remote, "/v1/freezes", service=service, which="all" if all else "active")
    if json:
        print_json(found)
        return GO
    if not found["freezes"]:
        print("Nothing is frozen.")
        return GO
    rows = table("id", "service", "since", "model", "why", "ends when")
    for one in found["freezes"]:
        model = one["model"] if one["binding"] else "advice"
        ends = f"ended {one['end']}" if one["end"] else _end(one)
        rows.add_row(one["id"], one["service"], one["begin"], model, one["why"], ends)
    console().print(rows)
    return GO


@freeze.command
def begin(
    service: str,
    *,
    reason: str,
    model: FreezeModel = "hard",
    until: str | None = None,
    json: Json = False,
    remote: Remote = HERE_AND_NOW,
) -> int:
    """Stop features, configuration and experiments of a service, for a reason that everybody can read.

    Example: allowance freeze begin checkout --reason "the database moves" --until 2026-11-22T06:00:00Z

    Parameters
    ----------
    service
        The service.
    reason
        Why.
    model
        hard blocks, soft warns and records, governance blocks until an executive overrides.
    until
        When it ends by itself. Default: when somebody ends it.
    json
        The answer as JSON.
    """
    from allowance.cli.server import post
    from allowance.core.time import iso, parse_instant

    body: dict[str, Any] = {"service": service, "reason": reason, "model": model}
    body |= {} if until is None else {"until": iso(parse_instant(until))}
    return _told(post(remote, "/v1/freezes", body), json=json)


@freeze.command
def end(id: str, *, reason: str, json: Json = False, remote: Remote = HERE_AND_NOW) -> int:  # noqa: A002
    """End a freeze that was begun by hand. One of a policy ends by its own condition.

    Example: allowance freeze end freeze-3 --reason "the database has moved"

    Parameters
    ----------
    id
        What `freeze begin` or `freeze list` said.
    reason
        What has changed.
    json
        The answer as JSON.
    """
    from allowance.cli.server import path_of, post

    return _told(post(remote, path_of("v1/freezes", id, "end"), {"reason": reason}), json=json)


def _told(one: dict[str, Any], *, json: bool) -> int:
    from allowance.cli.terminal import print_json

    if json:
        print_json(one)
    elif one["end"]:
        print(f"{one['id']} of {one['service']} ended at {one['end']}.")
    else:
        print(
            f"{one['id']}: {one['service']} is frozen ({one['model']}) since {one['begin']}; it ends when {one['ends_when']}."
        )
    return GO


def _end(one: dict[str, Any]) -> str:
    progress = f" ({one['progress']})" if one["progress"] and one["clause"] else ""
    return f"{one['ends_when']}{progress}"
