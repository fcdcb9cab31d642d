"""`allowance status`: every promise of a contract, worst first."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from allowance.cli.history_options import Switch
from allowance.cli.main import GO, HOLD, STOP
from allowance.cli.server import HERE_AND_NOW, Remote
from allowance.core.problem import refuse


def status(
    *paths: str,
    source: str | None = None,
    at: str | None = None,
    check: Switch = False,
    live: Switch = False,
    watch: Switch = False,
    json: Annotated[Switch, Parameter(name="--json")] = False,
    remote: Remote = HERE_AND_NOW,
) -> int:
    """Measure every SLO of a contract and show its budget, worst first; with --live, as a running server sees them.

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
        Leave with exit code 1 when a promise is broken, 3 when one could not be measured (or is known too late).
    live
        Ask a running server (--server, ALLOWANCE_SERVER, else this machine's) instead of the sources.
    watch
        With --live: show it again every 10 seconds until stopped.
    json
        The answer as one JSON document.
    """
    if live or watch or remote.server is not None:
        from allowance.cli.status_live import show_live

        _only_live(paths, source, at)
        return show_live(remote, check=check, watch=watch, as_json=json)
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


def _only_live(paths: tuple[str, ...], source: str | None, at: str | None) -> None:
    if paths or source is not None or at is not None:
        raise refuse(
            "usage",
            "a running server has its own contract, its own sources, and its own newest tick",
            hint="leave out the contract, --source and --at, or leave out --live and --server",
        )


def _code(words: list[str]) -> int:
    if "broken" in words:
        return STOP
    return HOLD if "no data" in words else GO
