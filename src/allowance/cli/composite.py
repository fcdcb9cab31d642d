"""`allowance composite`: what a service can promise with the dependencies that it has."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from allowance.cli.history_options import Switch
from allowance.cli.main import GO, STOP

if TYPE_CHECKING:
    from allowance.budget.composite import Cannot
    from allowance.budget.promise import Composite


def composite(
    *paths: str,
    service: str | None = None,
    check: Switch = False,
    json: Annotated[Switch, Parameter(name="--json")] = False,
) -> int:
    """Multiply out the dependencies of each service: does its promise hold, who takes it away, what would help?

    Example: allowance composite shop.yaml --service checkout

    Parameters
    ----------
    paths
        Contract files or folders.
    service
        Only this service.
    check
        Leave with exit code 1 when a promise cannot hold.
    json
        The answer as one JSON document.
    """
    from allowance.budget.promise import composites
    from allowance.cli.contracts import read_contract
    from allowance.core.problem import refuse

    found = [one for one in composites(read_contract(paths)) if service in (None, one.service)]
    if service is not None and not found:
        raise refuse(
            "service",
            f"no service {service} with dependencies",
            hint="write its dependencies in its document",
        )
    if json:
        from allowance.cli.terminal import print_json

        print_json({"services": [_json(one) for one in found]})
    else:
        _show(found)
    return STOP if check and not all(one.can_hold for one in found) else GO


def _json(one: Composite) -> dict[str, Any]:
    from allowance.core.ratio import decimal_text

    def text(value: Fraction | Cannot) -> str | None:
        return decimal_text(value, 18) if isinstance(value, Fraction) else None

    return {
        "service": one.service,
        "target": text(one.why.target),
        "composite": text(one.why.availability),
        "can_hold": one.can_hold,
        "itself": text(one.itself),
        "shortfall": text(one.why.shortfall),
        "parts": [
            {"name": c.name, "loss": text(c.loss), "share_of_loss": float(c.share)}
            for c in one.why.contributions
        ],
        "would_reach": [
            {"name": n.name, "availability": text(n.availability), "coverage": text(n.coverage)}
            for n in one.needs
        ],
    }


def _show(found: Sequence[Composite]) -> None:
    from allowance.cli.terminal import console, table
    from allowance.core.ratio import percent_text
    from allowance.reports.numbers import percent

    out = console()
    if not found:
        out.print("No service names a dependency, so there is nothing to multiply.")
    for one in found:
        out.print(_verdict(one))
        right = ("takes away", "share of the loss", "alone it would need", "or a mitigation of")
        rows = table("part", *right, right=right)
        needs = {need.name: need for need in one.needs}
        for part in one.why.contributions:
            need = needs[part.name]
            rows.add_row(
                part.name,
                percent_text(part.loss, 6),
                percent(part.share),
                _need(need.availability),
                _need(need.coverage),
            )
        out.print(rows)


def _verdict(one: Composite) -> str:
    from allowance.core.ratio import percent_text

    target, itself = percent_text(one.why.target, 6), one.itself
    with_all = f"with its dependencies it comes to {percent_text(one.why.availability, 6)}"
    if isinstance(itself, Fraction):
        return f"[bold]{one.service} can hold {target}[/bold] if it is itself at least {_need(itself)}; at just {target} {with_all}"
    return f"[bold]{one.service} cannot hold {target}[/bold], however good it is itself: {with_all}, at best {percent_text(itself.best, 6)}"


def _need(value: Fraction | Cannot) -> str:
    from allowance.core.ratio import percent_text

    return percent_text(value, 6) if isinstance(value, Fraction) else "not possible"
