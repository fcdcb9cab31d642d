"""`allowance bullet`: spend one of the few exceptions that a policy grants, at a stated price."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import App, Parameter

from allowance.cli.history_options import Switch
from allowance.cli.main import GO
from allowance.cli.server import HERE_AND_NOW, Remote

bullet = App(
    name="bullet", help="Silver bullets: finite, for one change, two names under each, a postmortem owed."
)

Json = Annotated[Switch, Parameter(name="--json")]


@bullet.command
def spend(
    service: str,
    *,
    change: str,
    reason: str,
    env: str = "production",
    hours: float | None = None,
    dry_run: Switch = False,
    json: Json = False,
    remote: Remote = HERE_AND_NOW,
) -> int:
    """Ask for a silver bullet. Exit code 3: it waits for somebody else's yes; 0: it is spent.

    Example: allowance bullet spend checkout --change PR-1041 --reason "the sale begins tomorrow" --dry-run

    Parameters
    ----------
    service
        The service whose policy is set aside.
    change
        The change that may go: what the gate is asked with as --change-id.
    reason
        Why it cannot wait.
    env
        The environment that it goes to.
    hours
        How long it holds once it is spent. Default: as long as the policy allows.
    dry_run
        Say what it would cost and what would be accepted; record nothing.
    json
        The answer as JSON.
    """
    from allowance.cli.exceptions import answered
    from allowance.cli.server import post

    body: dict[str, Any] = {"service": service, "change": change, "reason": reason, "environment": env}
    body |= {"dry_run": dry_run} | ({} if hours is None else {"hours": hours})
    found = post(remote, "/v1/bullets", body)
    if dry_run and not json:
        _price(found)
        return GO
    return answered(found, json=json, command="bullet")


@bullet.command
def approve(id: str, *, json: Json = False, remote: Remote = HERE_AND_NOW) -> int:  # noqa: A002
    """Say yes to a bullet that somebody else asked for: it is spent from now on, and a postmortem is owed.

    Example: allowance bullet approve bullet-17

    Parameters
    ----------
    id
        What `bullet spend` said, or `bullet list` says.
    json
        The answer as JSON.
    """
    from allowance.cli.exceptions import answered
    from allowance.cli.server import path_of, post

    return answered(post(remote, path_of("v1/bullets", id, "approve"), {}), json=json, command="bullet")


@bullet.command
def close(id: str, *, evidence: str, json: Json = False, remote: Remote = HERE_AND_NOW) -> int:  # noqa: A002
    """Show the postmortem that a bullet made somebody owe; the next one is refused while it is overdue.

    Example: allowance bullet close bullet-17 --evidence https://wiki.example.org/pm/212

    Parameters
    ----------
    id
        The bullet, or its obligation.
    evidence
        The address of the postmortem.
    json
        The answer as JSON.
    """
    from allowance.cli.exceptions import met

    name = id if "." in id else f"{id}.postmortem"
    return met(remote, name, evidence, json=json)


@bullet.command(name="list")
def listed(*, json: Json = False, remote: Remote = HERE_AND_NOW) -> int:
    """What each unit has left, what waits for a yes, and every bullet that was spent.

    Example: allowance bullet list

    Parameters
    ----------
    json
        The answer as JSON.
    """
    from allowance.cli.exceptions import print_rows
    from allowance.cli.server import get
    from allowance.cli.terminal import print_json

    found = get(remote, "/v1/bullets")
    if json:
        print_json(found)
        return GO
    for one in found["quotas"]:
        blocked = f"; the next waits for {', '.join(one['blocked_by'])}" if one["blocked_by"] else ""
        print(f"{one['unit']}: {one['left']} of {one['granted']} left in {one['period']}{blocked}")
    print_rows(found["pending"], found["bullets"], "No bullet was ever asked for.")
    return GO


def _price(found: Any) -> None:
    quota = found["quota"]
    who = " or ".join(found["approvers"])
    print(f"It would be 1 of the {quota['left']} that {quota['unit']} has left in {quota['period']}.")
    print(f"A yes of {who} is needed{', and not of who asks' if found['two_people'] else ''}.")
    print(f"It would end at {found['ends']}; a postmortem would be due at {found['postmortem_due']}.\n")
    print(found["memo_markdown"], end="")
