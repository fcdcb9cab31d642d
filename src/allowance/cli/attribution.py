"""`allowance attribution`: who was hurt, and who caused it."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from allowance.cli.history_options import Several, Switch
from allowance.cli.main import GO
from allowance.cli.server import HERE_AND_NOW, Remote


def attribution(
    slo: str,
    *,
    begin: Annotated[str | None, Parameter(name="--from")] = None,
    end: Annotated[str | None, Parameter(name="--to")] = None,
    fault: Several = (),
    json: Annotated[Switch, Parameter(name="--json")] = False,
    remote: Remote = HERE_AND_NOW,
) -> int:
    """Share out the bad events of an SLO in two ways: by the customers that they hurt, and by what caused them.

    Causes are dependencies (by the fault windows of their own SLOs), versions (failed deploys) and groups (surges of
    traffic). Both views sum to the whole; the confidence says how unlikely chance would cover as much.

    Example: allowance attribution checkout/availability --from 2026-11-01 --to 2026-11-08

    Parameters
    ----------
    slo
        The SLO: service/name.
    begin
        Where to begin. Default: the SLO's window.
    end
        Where to end. Default: now.
    fault
        NAME=BEGIN/END: when a dependency that is not measured was down. May be repeated.
    json
        The answer as JSON.
    """
    from urllib.parse import urlencode

    from allowance.app.attributed import parse_fault
    from allowance.cli.server import ask, path_of
    from allowance.cli.terminal import print_json
    from allowance.core.time import iso, parse_instant
    from allowance.reports.attribution_json import attribution_text

    given = [("from", begin), ("to", end)]
    query = [(name, iso(parse_instant(text))) for name, text in given if text is not None]
    for name, span in map(parse_fault, fault):
        query.append(("fault", f"{name}={iso(span.begin)}/{iso(span.end)}"))
    path = path_of("v1/attribution", slo)
    found = ask(remote, "GET", f"{path}?{urlencode(query)}" if query else path)
    if json:
        print_json(found)
    else:
        print(attribution_text(found), end="")
    return GO
