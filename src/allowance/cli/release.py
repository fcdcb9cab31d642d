"""`allowance release`: launch against a freeze, with a plan whose conditions are checked."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import App, Parameter

from allowance.cli.history_options import Several, Switch
from allowance.cli.main import GO
from allowance.cli.server import HERE_AND_NOW, Remote

release = App(
    name="release", help="Conditional releases: a mitigation plan whose conditions are checked, not promised."
)

Json = Annotated[Switch, Parameter(name="--json")]


@release.command
def ask(
    service: str,
    *,
    change: str,
    plan: str,
    condition: Several = (),
    env: str = "production",
    hours: float = 24,
    json: Json = False,
    remote: Remote = HERE_AND_NOW,
) -> int:
    """Ask for a conditional release. Exit code 3: it waits for somebody else's yes; 0: it was granted.

    Example: allowance release ask checkout --change PR-1041 --plan "behind a flag, off by default, 1 % first"

    Parameters
    ----------
    service
        The service that is frozen.
    change
        The change that may go: what the gate is asked with as --change-id.
    plan
        How the damage is kept small if it goes wrong.
    condition
        What must be met: "burn below 2 over 1h" is looked up at every verdict, "canary share <= 1 %" wants a value,
        any other words want evidence. May be repeated. Default: the flag exists and is off by default; canary share
        <= 1 %; the rollback was tested.
    env
        The environment that it goes to.
    hours
        How long it holds once it is granted, at most 14 days.
    json
        The answer as JSON.
    """
    from allowance.cli.exceptions import answered
    from allowance.cli.server import post

    body: dict[str, Any] = {"service": service, "change": change, "plan": plan, "environment": env}
    body |= {"hours": hours} | ({"conditions": list(condition)} if condition else {})
    return answered(post(remote, "/v1/releases", body), json=json, command="release")


@release.command
def approve(id: str, *, json: Json = False, remote: Remote = HERE_AND_NOW) -> int:  # noqa: A002
    """Grant a release that somebody else asked for; it is of use once every condition is met.

    Example: allowance release approve release-21

    Parameters
    ----------
    id
        What `release ask` said, or `release list` says.
    json
        The answer as JSON.
    """
    from allowance.cli.exceptions import answered
    from allowance.cli.server import path_of, post

    return answered(post(remote, path_of("v1/releases", id, "approve"), {}), json=json, command="release")


@release.command
def show_evidence(
    id: str,  # noqa: A002
    condition: str,
    *,
    evidence: str,
    value: str = "",
    json: Json = False,
    remote: Remote = HERE_AND_NOW,
) -> int:
    """Show that a condition is met; a value that does not meet it is refused.

    Example: allowance release show-evidence release-21 "canary share <= 1 %" --value "0.5 %" --evidence https://ci/7

    Parameters
    ----------
    id
        The release.
    condition
        The condition, as `release list` says it.
    evidence
        An address, or what was seen.
    value
        The value, where the condition has a limit.
    json
        The answer as JSON.
    """
    from allowance.cli.exceptions import answered
    from allowance.cli.server import path_of, post

    body = {"condition": condition, "evidence": evidence, "value": value}
    found = post(remote, path_of("v1/releases", id, "evidence"), body)
    return answered(found, json=json, command="release")


@release.command
def withdraw(id: str, *, reason: str, json: Json = False, remote: Remote = HERE_AND_NOW) -> int:  # noqa: A002
    """End a release before its time.

    Example: allowance release withdraw release-21 --reason "the canary failed"

    Parameters
    ----------
    id
        The release.
    reason
        Why.
    json
        The answer as JSON.
    """
    from allowance.cli.exceptions import ended
    from allowance.cli.server import path_of

    return ended(remote, path_of("v1/releases", id, "withdraw"), reason, json=json)


@release.command(name="list")
def listed(*, json: Json = False, remote: Remote = HERE_AND_NOW) -> int:
    """Every conditional release with its conditions, and what waits for a yes.

    Example: allowance release list

    Parameters
    ----------
    json
        The answer as JSON.
    """
    from allowance.cli.exceptions import print_conditions, print_rows
    from allowance.cli.server import get
    from allowance.cli.terminal import print_json

    found = get(remote, "/v1/releases")
    if json:
        print_json(found)
        return GO
    print_rows(found["pending"], found["releases"], "No conditional release was ever asked for.")
    for one in found["releases"]:
        if one["holds"]:
            print(f"{one['id']}: {one['plan']}")
            print_conditions(one)
    return GO
