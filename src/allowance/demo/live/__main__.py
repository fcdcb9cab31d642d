"""`python -m allowance.demo.live SERVICE ...`: one process of the shop, as the demo starts it."""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading
import time

from allowance.demo.live.faults import Faults
from allowance.demo.live.load import shop_for_ever
from allowance.demo.live.service import Service
from allowance.demo.live.shop import PLACES, SHOP, USUAL_MS


def main(arguments: list[str]) -> None:
    """A service by its name, or `load`: the shoppers. It ends with the process that started it."""
    places = {one.name: one for one in PLACES}
    parser = argparse.ArgumentParser(prog="python -m allowance.demo.live")
    parser.add_argument("name", choices=[*places, "load"])
    parser.add_argument("--ports", required=True, help="a JSON object: the port of every place")
    parser.add_argument("--collector", default="http://127.0.0.1:4318")
    parser.add_argument("--version", default="1.0.0")
    parser.add_argument("--rate", type=float, default=20.0)
    parser.add_argument("--parent", type=int, default=os.getppid(), help="the process to end with")
    given = parser.parse_args(arguments)
    threading.Thread(target=_end_with_parent, args=(given.parent,), daemon=True).start()
    ports: dict[str, int] = json.loads(given.ports)
    if given.name == "load":
        shop_for_ever(ports, rate=given.rate)
        return
    place = places[given.name]
    Service(
        name=place.service,
        port=ports[given.name],
        others=ports,
        collector=given.collector,
        region=place.region,
        routes=SHOP[place.service],
        usual_ms=USUAL_MS[place.service],
        faults=Faults(version=given.version),
    ).serve()


def _end_with_parent(parent: int) -> None:
    """A parent that was killed cannot stop its children: they look for it."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
