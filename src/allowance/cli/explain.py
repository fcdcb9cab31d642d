"""`allowance explain`: the sums behind a number, and the defaults behind a contract."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from allowance.cli.history_options import History, Sources, Switch, read_history
from allowance.cli.main import GO

if TYPE_CHECKING:
    from allowance.reports.explained import Step

DEFAULTS = History()

CONTRACT_ENDINGS = (".yaml", ".yml")


def explain(
    *sources: Sources,
    options: History = DEFAULTS,
    slo: str | None = None,
    json: Annotated[Switch, Parameter(name="--json")] = False,
) -> int:
    """Show how every number of analyze comes about; or, for a contract, every value and where it comes from.

    Example: allowance explain access.log --target 99.9
    Example: allowance explain shop.yaml --slo checkout/availability

    Parameters
    ----------
    sources
        What analyze takes; or contract files (.yaml, .yml).
    slo
        Contracts: only this SLO, as service/name.
    json
        The answer as one JSON document.
    """
    if sources and all(source.endswith(CONTRACT_ENDINGS) for source in sources):
        from allowance.cli.explain_contract import explain_contract

        return explain_contract(sources, slo=slo, as_json=json)
    from allowance.reports.explained import explain_analysis

    found, _ = read_history(sources, options)
    parts = explain_analysis(found.whole)
    if json:
        from allowance.cli.terminal import print_json

        print_json([{"about": about, "steps": [_step(s) for s in steps]} for about, steps in parts])
        return GO
    _show(parts)
    return GO


def _step(step: Step) -> dict[str, str]:
    return {"what": step.what, "sum": step.sum, "result": step.result}


def _show(parts: Sequence[tuple[str, Sequence[Step]]]) -> None:
    from allowance.cli.terminal import console, table

    out = console()
    for about, steps in parts:
        rows = table("", "sum", "=")
        for step in steps:
            rows.add_row(step.what, step.sum, step.result)
        out.print(f"[bold]{about}[/bold]")
        out.print(rows)
