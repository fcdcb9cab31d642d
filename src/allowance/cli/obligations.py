"""`allowance obligations`: what is owed because of exceptions, by whom, and what is overdue."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from allowance.cli.history_options import Switch
from allowance.cli.main import GO, STOP
from allowance.cli.server import HERE_AND_NOW, Remote


def obligations(
    *,
    service: str | None = None,
    all: Switch = False,  # noqa: A002 - the word of the command line
    check: Switch = False,
    json: Annotated[Switch, Parameter(name="--json")] = False,
    remote: Remote = HERE_AND_NOW,
) -> int:
    """Postmortems of silver bullets and overrides, and the items of reliability sprints.

    Example: allowance obligations --service checkout

    Parameters
    ----------
    service
        Only of this service.
    all
        Also what is done.
    check
        Leave with exit code 1 when something is overdue.
    json
        The answer as JSON.
    """
    from allowance.cli.server import get
    from allowance.cli.terminal import console, print_json, table

    found = get(remote, "/v1/obligations", open=None if all else "true", service=service)
    if json:
        print_json(found)
    elif not found["obligations"]:
        print("Nothing is owed.")
    else:
        rows = table("id", "state", "service", "what", "owner", "due", right=("id", "state", "due"))
        for one in found["obligations"]:
            state = "overdue" if one["overdue"] else "open" if one["open"] else "done"
            rows.add_row(one["id"], state, one["service"], one["what"], one["owner"], one["due"])
        console().print(rows)
    late = any(one["overdue"] for one in found["obligations"])
    return STOP if check and late else GO
