"""A restart over a month of many SLOs: from the store to the first correct evaluation."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from allowance.alerting.plan import Settings
from allowance.app.collect import Read
from allowance.app.serve import Loop
from allowance.contract.indicator import PromRatio
from allowance.contract.model import Contract, Service, Slo
from allowance.contract.rules import WORKBOOK
from allowance.contract.source import Prometheus
from allowance.core.buckets import Buckets
from allowance.core.window import RollingWindow
from allowance.edges.store.store import open_store

GOAL = "P13: a restart with 1,000 SLOs x 30 d (43 M rows) to the first correct evaluation in <= 0.5 s after imports"
LIMIT = 0.5
MONTH = 30 * 1440
END = 1_790_000_040 - 1_790_000_040 % 86_400 + 30 * 86_400


def main(arguments: Sequence[str] = ()) -> None:
    """A store is filled; then a process of its own opens it, takes up, and judges every SLO."""
    count = 100 if "--quick" in arguments else 1000
    with tempfile.TemporaryDirectory(prefix="allowance-bench-") as name:
        path = Path(name) / "allowance.db"
        began = time.perf_counter()
        _fill(path, count)
        print(
            f"  {count * MONTH:,} rows in {path.stat().st_size >> 20} MB, filled in {time.perf_counter() - began:.0f} s"
        )
        for what, prepare in (
            ("as it was left", lambda: None),
            ("the machine restarted", lambda: _reboot(path)),
            ("totals made again", lambda: _forget(path)),
        ):
            prepare()
            print(f"  {what:22}", end="", flush=True)
            child = [sys.executable, "-m", "bench.p13_restart", "--child", str(path), str(count)]
            subprocess.run(child, check=True)


def _reboot(path: Path) -> None:
    """The totals are those of another life of the machine."""
    with Path(f"{path}.counts").open("rb+") as file:
        file.seek(8)  # behind the magic
        file.write(b"another life".ljust(40, b"\0"))


def _forget(path: Path) -> None:
    Path(f"{path}.counts").unlink()


def _contract(count: int) -> Contract:
    slos = tuple(
        Slo(
            name=f"s{number}",
            service="shop",
            indicator=PromRatio(total="t", good="g"),
            target=Fraction("0.999"),
            window=RollingWindow(seconds=30 * 86_400),
            rules=WORKBOOK,
            source=Prometheus(url="http://127.0.0.1:9"),
        )
        for number in range(count)
    )
    return Contract(services=(Service(name="shop", slos=slos),))


def _history(number: int) -> Buckets:
    rng = np.random.default_rng(number % 7)
    total = rng.poisson(100, MONTH).astype(np.int64)
    return Buckets(start=END - MONTH * 60, step=60, good=total - (rng.random(MONTH) < 0.02), total=total)


class Recorded:
    """A source that gives the whole month at once."""

    def __call__(
        self, source: Any, slos: Sequence[Slo], by: Any, memory: Any, *, begin: int, end: int
    ) -> Read:
        return Read(gains={(slo.id, ""): _history(n) for n, slo in enumerate(slos)}, memory=None)


def _loop(path: Path, count: int) -> Loop:
    return Loop(
        contract=_contract(count),
        store=open_store(str(path)),
        reader=Recorded(),
        targets=lambda notice, at: (),
        settings=Settings(),
        patience=600,
    )


def _fill(path: Path, count: int) -> None:
    loop = _loop(path, count)
    loop.start(now=END)
    loop.advance(now=END)
    loop.rest(now=True)


def _child(path: Path, count: int) -> None:
    began, cpu = time.perf_counter(), time.process_time()
    loop = _loop(path, count)
    loop.start(now=END)
    assert loop.now is not None
    whole = [loop.now.whole(slo.id) for slo in loop.contract.slos]
    wall, used = time.perf_counter() - began, time.process_time() - cpu
    for number in (0, 1, count - 1):
        found, wanted = whole[number], _history(number)
        assert found is not None
        assert found.budget.counts == wanted.all(), "another count than was stored"
    word = "kept" if wall <= LIMIT else "MISSED"
    print(
        f"{wall:6.2f} s to the evaluation of every SLO, {used:.2f} s of CPU, {_private():.0f} MB of its own; "
        f"goal <= {LIMIT} s: {word}",
        flush=True,
    )


def _private() -> float:
    """Resident megabytes that are nobody's file."""
    resident, shared = (int(word) for word in Path("/proc/self/statm").read_text().split()[1:3])
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        _child(Path(sys.argv[2]), int(sys.argv[3]))
    else:
        main(sys.argv[1:])
