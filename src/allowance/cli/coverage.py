"""`allowance coverage`: what is promised and not seen, and what is seen and not promised."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from allowance.cli.history_options import Switch
from allowance.cli.main import GO, STOP
from allowance.cli.server import HERE_AND_NOW, Remote


def coverage(
    *,
    json: Annotated[Switch, Parameter(name="--json")] = False,
    remote: Remote = HERE_AND_NOW,
) -> int:
    """Services, journeys, promises and routes of the contract against the telemetry of the last day.

    Exit code 1: a critical journey has a promise without a single event.

    Example: allowance coverage

    Parameters
    ----------
    json
        The answer as JSON.
    """
    from allowance.cli.server import get
    from allowance.cli.terminal import console, print_json, table

    found = get(remote, "/v1/coverage")
    if json:
        print_json(found)
        return STOP if found["uncovered"] else GO
    rows = table("service", "declared", "seen", "spans", "metrics", "logs", "routes", right=("service",))
    for one in found["services"]:
        words = ("yes" if one[name] else "no" for name in ("declared", "seen"))
        numbers = (str(one["signals"][name]) for name in ("spans", "metrics", "logs"))
        rows.add_row(one["name"], *words, *numbers, str(len(one["routes"])))
    console().print(rows)
    declared = [one for one in found["services"] if one["declared"]]
    print(f"{sum(one['seen'] for one in declared)} of {len(declared)} declared services seen in the last day")
    for one in found["findings"]:
        print(f"{one['severity']}: {one['message']} ({one['hint']}) [{one['code']}]")
    return STOP if found["uncovered"] else GO
