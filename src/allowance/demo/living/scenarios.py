"""What can go wrong with the living shop, as a person chooses it: who is told what, and where it shows."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from allowance.core.problem import refuse
from allowance.core.time import Instant
from allowance.demo.live.faults import Faults
from allowance.demo.live.shop import SHOP
from allowance.demo.living.processes import Shop

SOUND = asdict(Faults())
"""What a service is told that is to be mended; it goes back to its version, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """`changes` are faults by service; `watch` says what to look for, at `href`."""

    name: str
    title: str
    what: str
    watch: str
    href: str
    changes: Mapping[str, Mapping[str, Any]]

    @property
    def deploys(self) -> dict[str, str]:
        """The versions by service that come with it."""
        return {service: change["version"] for service, change in self.changes.items() if "version" in change}


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        name="errors",
        title="Search fails",
        what="Nine of ten searches are answered with an error.",
        watch="a page within two minutes, and a freeze of search that nobody had to order",
        href="/services/search",
        changes={"search": {"errors": 0.9}},
    ),
    Scenario(
        name="latency",
        title="Search is slow",
        what="Every search takes 400 ms longer. Nothing fails.",
        watch="the promises of speed burn, the promises of answers do not",
        href="/slos",
        changes={"search": {"delay_ms": 400}},
    ),
    Scenario(
        name="dead",
        title="Payments are dead",
        what="The process is there and answers nobody, so it says nothing about itself either.",
        watch="checkout burns because of payments, and payments itself has no data: that is not the same as good",
        href="/services/checkout",
        changes={"payments": {"dead": True}},
    ),
    Scenario(
        name="version",
        title="A bad version of inventory",
        what="Version 1.5.0 goes out, and every second request fails with it.",
        watch="the burn begins with the deploy",
        href="/services/inventory",
        changes={"inventory": {"errors": 0.5, "version": "1.5.0"}},
    ),
    Scenario(
        name="tenant",
        title="One tenant is hurt",
        what="Nine of ten payments of the tenant umbrella fail. It is the smallest one.",
        watch="the budget of umbrella goes, while the budget of all hides it",
        href="/services/payments",
        changes={"payments": {"errors": 0.9, "tenant": "umbrella"}},
    ),
    Scenario(
        name="region",
        title="One region is hurt",
        what="Every second page of the storefront in us fails. Shoppers in eu notice nothing.",
        watch="the card says where it burns, and the budget of us goes first",
        href="/slo/storefront/pages",
        changes={"storefront": {"errors": 0.5, "region": "us"}},
    ),
    Scenario(
        name="silent",
        title="Inventory says nothing",
        what="It works. Its telemetry does not arrive.",
        watch="no data is a state of its own; after five minutes somebody gets a ticket",
        href="/services/inventory",
        changes={"inventory": {"silent": True}},
    ),
    Scenario(
        name="retries",
        title="A storm of retries",
        what="Half of all payments fail, and checkout tries each five times more, at once.",
        watch="payments carry several times their traffic, most of it from us",
        href="/services/payments",
        changes={"payments": {"errors": 0.5}, "checkout": {"retries": 5}},
    ),
)


class Faultline:
    """What is broken now, and since when. Several requests may break and mend at once."""

    def __init__(self, shop: Shop) -> None:
        self._shop, self._lock = shop, threading.Lock()
        self.broken: dict[str, Instant] = {}
        self.once: set[str] = set()
        self.mended: Instant | None = None

    def break_(self, name: str, *, now: Instant) -> Scenario:
        """Begin a scenario. Errors: `Problem` `scenario`, `shop`."""
        found = next((one for one in SCENARIOS if one.name == name), None)
        if found is None:
            raise refuse(
                "scenario",
                f"there is no scenario {name[:40]!r}",
                hint=f"there are {', '.join(one.name for one in SCENARIOS)}",
            )
        with self._lock:
            for service, change in found.changes.items():
                self._shop.tell(service, change)
            self.broken[name], self.mended = now, None
            self.once.add(name)
        return found

    def mend(self, *, now: Instant) -> tuple[Scenario, ...]:
        """Everything works again; what was broken. Errors: `Problem` `shop`."""
        with self._lock:
            for service in SHOP:
                self._shop.tell(service, SOUND)
            ended = tuple(one for one in SCENARIOS if one.name in self.broken)
            self.broken.clear()
            self.mended = now
        return ended
