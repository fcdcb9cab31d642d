"""The kind `client` where nothing else is said: what users' browsers measure, up to the limits of the web vitals."""

from __future__ import annotations

from fractions import Fraction

from allowance.contract.amounts import parse_latency, parse_number
from allowance.contract.fields import Fields
from allowance.contract.indicator import Events
from allowance.core.ratio import decimal_text

CLIENT = "client"
_MEASURED = ("good", "valid", "latency", "promql", "foreign")

TIMES: dict[str, Fraction | None] = {"lcp": Fraction(2500), "inp": Fraction(200), "ttfb": None}
"""Milliseconds up to which a view is good where nothing is written; None: it does not decide."""
SHIFT = Fraction(1, 10)
"""The layout shift (`cls`) up to which a view is good."""


def is_client(fields: Fields) -> bool:
    """Whether an SLO is over users' browsers, and leaves it to its kind what a good view is."""
    return fields.raw("kind") == CLIENT and not any(fields.has(key) for key in _MEASURED)


def client_indicator(fields: Fields) -> Events:
    """Good views of a site: without an error, and each vital that the browser sent within its limit."""
    limits = {name: fields.parsed(name, parse_latency) or usual for name, usual in TIMES.items()}
    limits["cls"] = fields.parsed("cls", parse_number) or SHIFT
    vitals = [
        f"({name} IS NULL OR {name} <= {decimal_text(limit)})"
        for name, limit in limits.items()
        if limit is not None
    ]
    parts = ["(ok IS NULL OR ok)", "(status IS NULL OR status < 500)", *vitals]
    return Events(good=" AND ".join(parts))
