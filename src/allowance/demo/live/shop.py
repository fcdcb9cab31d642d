"""The services of the shop: what each does, and whom it needs for that."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping

from allowance.demo.live.service import Asked, Failed, Route


def _look(asked: Asked) -> None:
    asked.call("inventory", "/stock")


def _find(asked: Asked) -> None:
    asked.call("search", "/query")


def _buy(asked: Asked) -> None:
    asked.call("checkout", "/order")


def _order(asked: Asked) -> None:
    asked.call("inventory", "/reserve")
    asked.call("payments", "/charge")
    with contextlib.suppress(Failed):  # the order stands: the confirmation is sent again later
        asked.call("mail", "/send")


def _itself(asked: Asked) -> None:
    """Nothing else is needed."""


SHOP: Mapping[str, Mapping[str, Route]] = {
    "storefront": {"/": _itself, "/product": _look, "/search": _find, "/buy": _buy},
    "checkout": {"/order": _order},
    "payments": {"/charge": _itself},
    "inventory": {"/stock": _itself, "/reserve": _itself},
    "search": {"/query": _itself},
    "mail": {"/send": _itself},
}
"""The paths of every service. Storefront is where shoppers come in; mail stands for a provider outside."""

USUAL_MS: Mapping[str, tuple[int, int]] = {
    "storefront": (2, 8),
    "checkout": (3, 15),
    "payments": (20, 60),
    "inventory": (1, 5),
    "search": (5, 40),
    "mail": (10, 40),
}
"""Least and most milliseconds of a healthy request."""
