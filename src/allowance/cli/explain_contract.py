"""A contract explained: every field of its SLOs, written or by default, and why."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from allowance.cli.contracts import read_contract
from allowance.cli.main import GO
from allowance.core.problem import refuse

if TYPE_CHECKING:
    from allowance.contract.explain import Row
    from allowance.contract.model import Slo


def explain_contract(paths: Sequence[str], *, slo: str | None, as_json: bool) -> int:
    """Print one table per SLO, or one JSON document. Errors: `Problem` `slo` where there is no such SLO."""
    from allowance.contract.explain import explain_defaults

    contract = read_contract(paths)
    chosen = [one for one in contract.slos if slo in (None, one.id, one.name)]
    if not chosen:
        names = ", ".join(one.id for one in contract.slos)
        raise refuse("slo", f"there is no SLO {slo!r}", hint=f"there are: {names}")
    explained = [(one, explain_defaults(one, contract.service(one.service))) for one in chosen]
    if as_json:
        from allowance.cli.terminal import print_json

        print_json(
            {"slos": [{"slo": one.id, "fields": [_field(r) for r in rows]} for one, rows in explained]}
        )
    else:
        _show(explained)
    return GO


def _field(row: Row) -> dict[str, str]:
    return {
        "field": row.field,
        "value": row.value,
        "from": row.comes_from,
        "why": row.why,
        "where": str(row.where),
    }


def _show(explained: Sequence[tuple[Slo, Sequence[Row]]]) -> None:
    from rich.markup import escape

    from allowance.cli.terminal import console, table

    out = console()
    for one, rows in explained:
        out.print(f"[bold]{escape(one.id)}[/bold]")
        lines = table("field", "value", "from", "why")
        for row in rows:
            place = "" if row.comes_from == "default" else f"{row.where.file or ''}:{row.where.line or ''}"
            lines.add_row(row.field, escape(row.value), row.comes_from, escape(row.why or place))
        out.print(lines)
