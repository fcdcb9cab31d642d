"""Hours of the loop in minutes: whether the memory of the program grows with its age."""

from __future__ import annotations

import gc
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tests.app.shop_under_fire import CONTRACT, spans

from allowance.alerting.plan import Settings
from allowance.app.collect import Read
from allowance.app.serve import Loop
from allowance.contract.model import Slo
from allowance.core.buckets import Buckets
from allowance.edges.store.store import open_store
from allowance.web.otlp_door import OtlpDoor
from bench.p13_restart import END, _contract, _private

GOAL = (
    "memory is flat: not more than 3 MB an hour, after the first half hour, with 200 SLOs and OTLP requests"
)
LIMIT = 3.0


class Newest:
    """A source whose newest minutes are some requests."""

    def __init__(self) -> None:
        self.rng = np.random.default_rng(1)

    def __call__(
        self, source: Any, slos: Sequence[Slo], by: Any, memory: Any, *, begin: int, end: int
    ) -> Read:
        minutes = min((end - begin) // 60, 10)
        total = self.rng.poisson(100, minutes).astype(np.int64)
        good = total - (self.rng.random(minutes) < 0.1)
        part = Buckets(start=end - minutes * 60, step=60, good=good, total=total)
        return Read(gains={(slo.id, ""): part for slo in slos}, memory={"to": end})


def main(arguments: Sequence[str] = ()) -> None:
    """One simulated hour after half an hour of warming up; private memory, without the mapped file."""
    from allowance.contract.read import read

    hours = 1 if "--quick" in arguments else 3
    with tempfile.TemporaryDirectory(prefix="allowance-bench-") as name:
        store = open_store(str(Path(name) / "allowance.db"))
        now = END
        door = OtlpDoor(read([("shop.yaml", CONTRACT.encode())]).contract.slos, store, lambda: now)
        loop = Loop(
            contract=_contract(200),
            store=store,
            reader=Newest(),
            targets=lambda notice, at: ("mail",),
            settings=Settings(),
        )
        loop.start(now=now)
        sizes = []
        for minute in range(30 + 60 * hours + 1):
            now = END + minute * 60
            for number in range(5):
                door.accept("traces", spans(f"{minute}/{number}", now - 5, [200] * 20), "application/json")
            loop.advance(now=now)
            if minute >= 30 and minute % 30 == 0:
                gc.collect()
                sizes.append(_private())
                print(f"  after {minute:>4} minutes: {sizes[-1]:.1f} MB", flush=True)
        store.close()
    growth = (sizes[-1] - sizes[0]) / hours
    word = "kept" if growth <= LIMIT else "MISSED"
    print(f"  goal <= {LIMIT} MB an hour: {growth:.2f}, {word}")
