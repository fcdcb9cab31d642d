"""Hours of the loop in minutes: whether the memory of the program grows with its age."""

from __future__ import annotations

import gc
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from tests.app.shop_under_fire import CONTRACT, spans

from allowance.app.collect import Read, Stored
from allowance.contract.model import Slo
from allowance.contract.read import read
from allowance.core.minute import Minute
from allowance.web.composed import Serving, compose
from allowance.web.listening import Address
from allowance.web.otlp_sink import Request
from bench.p13_restart import END, _contract, _private

GOAL = (
    "memory is flat: not more than 3 MB an hour, after the first half hour, with 1,000 SLOs and OTLP requests"
)
LIMIT = 3.0
SLOS = 1000


class Newest:
    """A source whose newest minutes are some requests."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(1)
        self.names: tuple[tuple[str, str], ...] = ()
        self.shape = {"series": SLOS}
        self.rates = np.where(np.arange(SLOS) % 20 == 0, 0.1, 0.02)
        """One in twenty is at the edge of its budget, and alerts come and go."""

    def __call__(
        self, source: Any, slos: Sequence[Slo], by: Any, memory: Any, *, begin: int, end: int
    ) -> Read:
        self.names = self.names or tuple((slo.id, "") for slo in slos)
        total = self.rng.poisson(100, len(slos)).astype(np.int64)
        good = total - (self.rng.random(len(slos)) < self.rates)
        minute = Minute(self.names, start=end - 60, step=60, good=good, total=total)
        return Read(gains=minute, memory=Stored(shape=self.shape, numbers=total.tobytes()))


def main(arguments: Sequence[str] = ()) -> None:
    """One simulated hour after half an hour of warming up; private memory, without the mapped file."""
    hours = 1 if "--quick" in arguments else 3
    with tempfile.TemporaryDirectory(prefix="allowance-bench-") as name:
        now = END
        nowhere = Address(host="127.0.0.1", port=1)
        received = read([("shop.yaml", CONTRACT.encode())]).contract
        asked = Serving(
            contract=replace(received, services=(*received.services, *_contract(SLOS).services)),
            store=str(Path(name) / "allowance.db"),
            notify=None,
            address=nowhere,
            delay=0,
            link="",
            tokens=Path(name) / "tokens",
            otlp=nowhere,
        )
        parts = compose(asked, None, None, now=lambda: now)
        loop, door = parts.loop, parts.door
        loop.reader = Newest()
        loop.start(now=now)
        sizes = []
        for minute in range(30 + 60 * hours + 1):
            now = END + minute * 60
            for number in range(5):
                body = spans(f"{minute}/{number}", now - 5, [200] * 20)
                door.accept([Request("traces", body, "application/json")])
            loop.advance(now=now)
            if minute >= 30 and minute % 30 == 0:
                gc.collect()
                sizes.append(_private())
                print(f"  after {minute:>4} minutes: {sizes[-1]:.1f} MB", flush=True)
        parts.lease.release()
        parts.store.close()
    growth = (sizes[-1] - sizes[0]) / hours
    word = "kept" if growth <= LIMIT else "MISSED"
    print(f"  goal <= {LIMIT} MB an hour: {growth:.2f}, {word}")


if __name__ == "__main__":
    main(sys.argv[1:])
