"""`allowance waive`: what a dependency burned has no consequence for a while; the budget stays burned."""

from __future__ import annotations

from typing import Annotated

from cyclopts import App, Parameter

from allowance.cli.history_options import Several, Switch
from allowance.cli.main import GO
from allowance.cli.server import HERE_AND_NOW, Remote

waive = App(name="waive", help="Dependency waivers: with evidence and an end; the budget stays burned.")

Json = Annotated[Switch, Parameter(name="--json")]


@waive.command
def grant(
    slo: str,
    *,
    dependency: str,
    reason: str,
    hours: float,
    evidence: Several = (),
    owner: str = "",
    fault: Several = (),
    dry_run: Switch = False,
    json: Json = False,
    remote: Remote = HERE_AND_NOW,
) -> int:
    """Lift the consequence of what a dependency burned.

    A strict policy wants evidence of a mitigation and a confident attribution, a lenient one the owner's word.

    Example: allowance waive grant shop/mails --dependency mail --reason "two hours down" --hours 72 --evidence URL

    Parameters
    ----------
    slo
        The SLO whose budget was burned: service/name.
    dependency
        The service that burned it; the contract has to name it as a dependency.
    reason
        What happened.
    hours
        How long the consequence is lifted; at most until the burn has left the window.
    evidence
        What softens the next outage: an address. May be repeated.
    owner
        Lenient policies: whose word it is; the owner of the service.
    fault
        NAME=BEGIN/END: when a dependency that is not measured was down. It proves nothing by itself. May be repeated.
    dry_run
        Only say whether it would be granted, and the attribution behind that.
    json
        The answer as JSON.
    """
    from fractions import Fraction

    from allowance.cli.exceptions import answered
    from allowance.cli.server import post
    from allowance.cli.terminal import print_json
    from allowance.reports.attribution_json import confidence_text
    from allowance.reports.numbers import amount

    body = {
        "slo": slo,
        "dependency": dependency,
        "reason": reason,
        "hours": hours,
        "evidence": list(evidence),
        "owner": owner,
        "faults": list(fault),
        "dry_run": dry_run,
    }
    found = post(remote, "/v1/waivers", body)
    if not dry_run:
        return answered(found, json=json, command="waive")
    if json:
        print_json(found)
        return GO
    part = next(one for one in found["caused"] if one["name"] == dependency)
    sure = confidence_text(part["confidence"])
    share = amount(Fraction(part["bad"]))
    print(f"It would be granted: {share} of {found['bad']} bad events are {dependency}'s ({sure}).")
    return GO


@waive.command
def end(id: str, *, reason: str, json: Json = False, remote: Remote = HERE_AND_NOW) -> int:  # noqa: A002
    """End a waiver before its time: what it lifted counts again.

    Example: allowance waive end waiver-23 --reason "the provider was not at fault after all"

    Parameters
    ----------
    id
        The waiver.
    reason
        Why.
    json
        The answer as JSON.
    """
    from allowance.cli.exceptions import ended
    from allowance.cli.server import path_of

    return ended(remote, path_of("v1/waivers", id, "end"), reason, json=json)


@waive.command(name="list")
def listed(*, json: Json = False, remote: Remote = HERE_AND_NOW) -> int:
    """Every waiver.

    Example: allowance waive list

    Parameters
    ----------
    json
        The answer as JSON.
    """
    from allowance.cli.exceptions import print_rows
    from allowance.cli.server import get
    from allowance.cli.terminal import print_json

    found = get(remote, "/v1/waivers")
    if json:
        print_json(found)
    else:
        print_rows((), found["waivers"], "Nothing was ever waived.")
    return GO
