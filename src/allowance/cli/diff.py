"""`allowance diff`: what changed between two contracts, in words."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from allowance.cli.history_options import Switch
from allowance.cli.main import GO, STOP


def diff(
    old: str,
    new: str,
    *,
    json: Annotated[Switch, Parameter(name="--json")] = False,
) -> int:
    """What changed between two contracts: promises first, then rules, services, policies and sources.

    Where something was written, in which order and in which format makes no difference. Exit code 0: they say the
    same; 1: they differ; 2: one of them cannot be read.

    Example: allowance diff shop-old.yaml shop.yaml

    Parameters
    ----------
    old
        A contract file or folder.
    new
        Another one, or a later version.
    json
        The changes as one JSON document.
    """
    from allowance.cli.contracts import read_contract
    from allowance.contract.diff import change_json, contract_hash
    from allowance.contract.diff import diff as changes_between

    before, after = read_contract([old]), read_contract([new])
    changes = changes_between(before, after)
    if json:
        from allowance.cli.terminal import print_json

        hashes = {"old": contract_hash(before), "new": contract_hash(after)}
        print_json({**hashes, "changes": [change_json(change) for change in changes]})
    else:
        for change in changes:
            print(change)
        if not changes:
            print("they say the same")
    return STOP if changes else GO
