"""Contracts named on the command line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

from allowance.contract.model import Contract
from allowance.contract.source import Files, Prometheus, Source
from allowance.core.problem import refuse


def read_contract(paths: Sequence[str]) -> Contract:
    """The contract in some files and folders; its warnings go to standard error as a count.

    Errors: every `Problem` that keeps a document from being read.
    """
    from allowance.contract.read import read
    from allowance.edges.documents import read_paths

    if not paths:
        raise refuse("usage", "no contract was named", hint="name a file or a folder, such as shop.yaml")
    found = read(read_paths(paths).files)
    contract = found.trusted()
    if found.problems:
        plural = "s" if len(found.problems) > 1 else ""
        print(f"{len(found.problems)} warning{plural}; allowance check tells", file=sys.stderr)
    if not contract.slos:
        raise refuse(
            "contract", "these documents promise nothing: they hold no SLO", hint="see allowance init"
        )
    return contract


def source_named(text: str) -> Source:
    """A source in one word: files (a path or a wildcard) or the address of a Prometheus."""
    if urlsplit(text).scheme in ("http", "https"):
        return Prometheus(
            url=text,
            bearer_env="ALLOWANCE_PROMETHEUS_TOKEN",
            password_env="ALLOWANCE_PROMETHEUS_PASSWORD",
        )
    return Files(paths=(text,))
