"""`allowance status`: every promise of a contract, worst first."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from allowance.cli.history_options import Switch
from allowance.cli.main import GO, HOLD, STOP


def status(
    *paths: str,
    source: str | None = None,
    at: str | None = None,
    check: Switch = False,
    json: Annotated[Switch, Parameter(name="--json")] = False,
) -> int:
    """Measure every SLO of a contract and show its budget, worst first.

    Example: allowance status shop.yaml

    Parameters
    ----------
    paths
        Contract files or folders.
    source
        Files or an address to measure instead of the sources that the contract names.
    at
        The instant to ask at. Default: the end of the data of files, now for servers.
    check
        Leave with exit code 1 when a promise is broken, 3 when one could not be measured.
    json
        The answer as one JSON document.
    """
    from allowance.app.status import status as judge
    from allowance.cli.contracts import read_contract, source_named
    from allowance.core.time import parse_instant
    from allowance.edges import clock
    from allowance.edges.measure import measure

    contract = read_contract(paths)
    statuses = judge(
        contract,
        measure,
        now=clock.now(),
        at=None if at is None else parse_instant(at),
        source=None if source is None else source_named(source),
    )
    if json:
        from allowance.cli.terminal import print_json
        from allowance.reports.status_report import status_json

        print_json(status_json(statuses))
    else:
        from allowance.cli.status_terminal import show

        show(statuses)
    return _code([one.whole.health if one.whole else "no data" for one in statuses]) if check else GO


def _code(words: list[str]) -> int:
    if "broken" in words:
        return STOP
    return HOLD if "no data" in words else GO
