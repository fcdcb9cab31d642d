"""The services of the shop: what each does, and whom it needs for that."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

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

REGIONS = (("eu", 70), ("us", 30))
"""Where shoppers are, and how many of a hundred."""
HOME = "eu"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A service in a region: one process."""

    service: str
    region: str

    @property
    def name(self) -> str:
        """Its name among all processes; at home that of the service."""
        return self.service if self.region == HOME else f"{self.service}-{self.region}"


PLACES: tuple[Place, ...] = (
    *(Place(service=name, region=HOME) for name in SHOP),
    *(Place(service="storefront", region=region) for region, _ in REGIONS if region != HOME),
)
"""The storefront is near its shoppers; everything behind it runs once."""

USUAL_MS: Mapping[str, tuple[int, int]] = {
    "storefront": (2, 8),
    "checkout": (3, 15),
    "payments": (20, 60),
    "inventory": (1, 5),
    "search": (5, 40),
    "mail": (10, 40),
}
"""Least and most milliseconds of a healthy request."""
