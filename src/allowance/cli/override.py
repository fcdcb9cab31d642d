"""`allowance override`: an executive lets one change through a governance freeze."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import App, Parameter

from allowance.cli.history_options import Switch
from allowance.cli.main import GO
from allowance.cli.server import HERE_AND_NOW, Remote

override = App(
    name="override", help="A governance freeze overridden by an executive, for one change, with a trail."
)

Json = Annotated[Switch, Parameter(name="--json")]


@override.command
def ask(
    service: str,
    *,
    change: str,
    reason: str,
    env: str = "production",
    hours: float | None = None,
    freeze: str = "",
    json: Json = False,
    remote: Remote = HERE_AND_NOW,
) -> int:
    """Ask for an override. Exit code 3: it waits for an executive's yes; 0: it holds.

    Example: allowance override ask checkout --change PR-1041 --reason "the regulator's date is tomorrow"

    Parameters
    ----------
    service
        The service that is frozen.
    change
        The change that may go: what the gate is asked with as --change-id.
    reason
        Why it cannot wait.
    env
        The environment that it goes to.
    hours
        How long it holds. Default: as long as the policy allows.
    freeze
        Which freeze, where several are in force.
    json
        The answer as JSON.
    """
    from allowance.cli.exceptions import answered
    from allowance.cli.server import post

    body: dict[str, Any] = {"service": service, "change": change, "reason": reason, "environment": env}
    body |= {"freeze": freeze} | ({} if hours is None else {"hours": hours})
    return answered(post(remote, "/v1/overrides", body), json=json, command="override")


@override.command
def approve(id: str, *, json: Json = False, remote: Remote = HERE_AND_NOW) -> int:  # noqa: A002
    """Override the freeze, as an executive, for the change that somebody else asked for.

    Example: allowance override approve override-19

    Parameters
    ----------
    id
        What `override ask` said, or `override list` says.
    json
        The answer as JSON.
    """
    from allowance.cli.exceptions import answered
    from allowance.cli.server import path_of, post

    return answered(post(remote, path_of("v1/overrides", id, "approve"), {}), json=json, command="override")


@override.command(name="list")
def listed(*, json: Json = False, remote: Remote = HERE_AND_NOW) -> int:
    """Every override, and what waits for a yes.

    Example: allowance override list

    Parameters
    ----------
    json
        The answer as JSON.
    """
    from allowance.cli.exceptions import print_rows
    from allowance.cli.server import get
    from allowance.cli.terminal import print_json

    found = get(remote, "/v1/overrides")
    if json:
        print_json(found)
    else:
        print_rows(found["pending"], found["overrides"], "No freeze was ever overridden.")
    return GO
