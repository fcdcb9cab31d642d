"""`allowance risk`: what shipping now would probably cost, beside what it promises to bring."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from allowance.cli.history_options import Switch
from allowance.cli.main import GO
from allowance.cli.server import HERE_AND_NOW, Remote
from allowance.contract.budget_policy import ChangeClass


def risk(
    service: str,
    *,
    change: ChangeClass | None = None,
    lift: str | None = None,
    minutes: float | None = None,
    json: Annotated[Switch, Parameter(name="--json")] = False,
    remote: Remote = HERE_AND_NOW,
) -> int:
    """Weigh the chance of an incident, from the service's own record, against the declared lift of a change.

    Example: allowance risk checkout --change feature --lift "1200 EUR/day"

    Parameters
    ----------
    service
        The service that would be changed.
    change
        The class of the change: deploys of that class count most, where the gate was asked about them.
    lift
        What the change brings: 1200 EUR/day, or an hour, a week, a month.
    minutes
        Minutes of outage to reckon with. Default: what its incidents on record came to.
    json
        The answer with all of its inputs, as JSON.
    """
    from allowance.cli.server import get, path_of
    from allowance.cli.terminal import print_json
    from allowance.core.ratio import decimal_text
    from allowance.governance.risk import parse_lift
    from allowance.reports.risk_json import risk_text

    asked = None
    if lift is not None:
        a_day = parse_lift(lift)
        asked = f"{decimal_text(a_day.amount, 6)} {a_day.currency}/day"
    said = None if minutes is None else str(minutes)
    found = get(remote, path_of("v1/risk", service), lift=asked, minutes=said, change=change)
    if json:
        print_json(found)
    else:
        print(risk_text(found), end="")
    return GO
