"""`allowance bankrupt`: a budget begins anew, signed by three parties and paid in reliability work."""

from __future__ import annotations

from typing import Annotated, Any

from cyclopts import App, Parameter

from allowance.cli.history_options import Several, Switch
from allowance.cli.main import GO, HOLD
from allowance.cli.server import HERE_AND_NOW, Remote

bankrupt = App(
    name="bankrupt", help="Bankruptcy: a new epoch for a budget; the old consumption is kept and paid for."
)

Json = Annotated[Switch, Parameter(name="--json")]


@bankrupt.command
def declare(
    service: str,
    *,
    reason: str,
    sprint: Several,
    slo: Several = (),
    json: Json = False,
    remote: Remote = HERE_AND_NOW,
) -> int:
    """Declare bankruptcy for a service, and sign it for one's party. Exit code 3: it waits for the others.

    Example: allowance bankrupt declare checkout --reason "a lost month" --sprint "load test; ada; 2026-12-15"

    Parameters
    ----------
    service
        The service whose budgets begin anew.
    reason
        Why the old budget cannot be earned back.
    sprint
        A piece of the reliability sprint that pays for it: "WORK; OWNER; DUE". May be repeated.
    slo
        Only this SLO of the service. May be repeated.
    json
        The answer as JSON.
    """
    from allowance.cli.server import post
    from allowance.cli.terminal import print_json

    body = {"service": service, "reason": reason, "slos": list(slo), "sprint": [_item(one) for one in sprint]}
    found = post(remote, "/v1/bankruptcies", body)
    if json:
        print_json(found)
    else:
        print(f"{found['id']} waits for the signatures of the other parties until {found['until']}:")
        print(f"  allowance bankrupt sign {found['id']}")
    return HOLD


@bankrupt.command
def sign(id: str, *, json: Json = False, remote: Remote = HERE_AND_NOW) -> int:  # noqa: A002
    """Sign for one's party; the last of three begins the epoch. Exit code 3: others are still missing.

    Example: allowance bankrupt sign bankruptcy-25

    Parameters
    ----------
    id
        What `bankrupt declare` said, or `bankrupt list` says.
    json
        The answer as JSON.
    """
    from allowance.cli.server import path_of, post
    from allowance.cli.terminal import print_json

    found = post(remote, path_of("v1/bankruptcies", id, "signatures"), {})
    waits = next((one for one in found["pending"] if one["id"] == id), None)
    if json:
        print_json(found)
    elif waits is not None:
        print(
            f"{id} is signed by {', '.join(waits['signed'])}; it waits for the rest until {waits['until']}."
        )
    else:
        begun = [one for one in found["epochs"] if one["id"].startswith(f"{id}.")]
        for one in begun:
            print(f"The budget of {one['slo']} counts from {one['begin']}; {_before(one)}.")
    return GO if waits is None else HOLD


@bankrupt.command
def done(item: str, *, evidence: str, json: Json = False, remote: Remote = HERE_AND_NOW) -> int:
    """Show that an item of the sprint is done; a bankruptcy is paid when all of them are.

    Example: allowance bankrupt done bankruptcy-25.1 --evidence https://git.example.org/pull/77

    Parameters
    ----------
    item
        The item, as `allowance obligations` says it.
    evidence
        The address of the work.
    json
        The answer as JSON.
    """
    from allowance.cli.exceptions import met

    return met(remote, item, evidence, json=json)


@bankrupt.command(name="list")
def listed(*, json: Json = False, remote: Remote = HERE_AND_NOW) -> int:
    """Every epoch with what was spent before it, and what waits for signatures.

    Example: allowance bankrupt list

    Parameters
    ----------
    json
        The answer as JSON.
    """
    from allowance.cli.exceptions import print_rows
    from allowance.cli.server import get
    from allowance.cli.terminal import print_json

    found = get(remote, "/v1/bankruptcies")
    if json:
        print_json(found)
        return GO
    for one in found["epochs"]:
        signed = ", ".join(one["signed"].values())
        print(f"{one['slo']} counts from {one['begin']}, signed by {signed}; {_before(one)}")
    if found["pending"] or not found["epochs"]:
        print_rows(found["pending"], (), "No budget ever began anew.")
    return GO


def _item(text: str) -> dict[str, str]:
    from allowance.core.time import iso
    from allowance.governance.bankruptcies import sprint_item

    one = sprint_item(text)
    return {"what": one.what, "owner": one.owner, "due": iso(one.due)}


def _before(one: dict[str, Any]) -> str:
    spent = one["spent_before"]
    if not spent.get("known"):
        return "what was spent before is not known"
    return f"before, {spent['spent']} of {spent['allowed']} allowed bad events were spent"
