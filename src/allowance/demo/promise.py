"""What the shop promises: its contract, as a document that `allowance check` has nothing to say about."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

from allowance.contract.read import read
from allowance.contract.signing import policy_hash

NAME = "shop.yaml"
POLICY = "shop-budget"


def contract_text(folder: Path, *, package: str = "allowance.demo") -> str:
    """The contract of a package, with its files in `folder` and its policy signed as it reads today."""
    template = files(package).joinpath(NAME).read_text(encoding="utf-8")
    policy = read([(NAME, template.encode())]).trusted().budget_policy(POLICY)
    if policy is None:
        raise LookupError(f"{NAME} holds no policy {POLICY}")
    inside_quotes = json.dumps(folder.as_posix())[1:-1]
    return template.replace("HASH", policy_hash(policy)).replace("FOLDER", inside_quotes)
