"""Shoppers: a seeded stream of requests to the storefront."""

from __future__ import annotations

import http.client
import random
import threading
import time
from collections.abc import Mapping

from allowance.demo.live.shop import REGIONS, Place

TENANTS = (("acme", 50), ("globex", 30), ("initech", 15), ("umbrella", 5))
PATHS = (("/", 40), ("/product", 30), ("/search", 20), ("/buy", 10))
WORKERS = 8


def shop_for_ever(ports: Mapping[str, int], *, rate: float, seed: int = 7) -> None:
    """About `rate` requests a second to the storefronts, from several shoppers at once; `ports` by the place's name.

    A request that fails is a shopper's bad luck.
    """
    doors = {region: ports[Place(service="storefront", region=region).name] for region, _ in REGIONS}
    threads = [
        threading.Thread(target=_shopper, args=(doors, rate / WORKERS, f"{seed} {number}"), daemon=True)
        for number in range(WORKERS)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _shopper(doors: Mapping[str, int], rate: float, seed: str) -> None:
    chance = random.Random(seed)
    while True:
        tenant = _picked(chance, TENANTS)
        variant = "on" if chance.random() < 0.1 else "off"
        _visit(
            doors[_picked(chance, REGIONS)],
            _picked(chance, PATHS),
            {"x-tenant": tenant, "x-variant": variant},
        )
        time.sleep(chance.expovariate(rate))


def _picked(chance: random.Random, among: tuple[tuple[str, int], ...]) -> str:
    return chance.choices([name for name, _ in among], [weight for _, weight in among])[0]


def _visit(port: int, path: str, headers: dict[str, str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=headers)
        connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return  # the shopper leaves; the storefront's own spans say what happened
    finally:
        connection.close()
