"""One live minute of many SLOs out of a real Prometheus, beside a Prometheus that evaluates the same SLOs' rules."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from allowance.alerting.plan import Settings
from allowance.app.serve import Loop
from allowance.cli.contracts import read_contract
from allowance.edges.read import read
from allowance.edges.store.store import open_store
from bench.backfill import Server, _cpu_of, _wait

GOAL = "P1 <= 20 us of our CPU for each SLO and minute, P2 <= 100 us with what the pull costs Prometheus, P14 a durable minute <= 2 ms"
HOURS, SCRAPE, TICKS, INTERVAL = 4, 15, 5, 10

CONTRACT = """---
apiVersion: allowance/v1
kind: Service
metadata: {{name: s{0}}}
spec:
  owner: bench
  source: {{prometheus: "{1}"}}
  slos:
    - name: availability
      target: 99.9%
      promql:
        total: 'http_requests_total{{job="s{0}"}}'
        bad: 'http_requests_total{{job="s{0}",code="500"}}'
"""


def main(arguments: Sequence[str] = ()) -> None:
    """Pull, parse, persist durably, evaluate, plan: the loop of `allowance serve`, minute after minute."""
    count = 100 if "--quick" in arguments else 1000
    if not (shutil.which("prometheus") and shutil.which("promtool")):
        print("  Prometheus is not installed; apt-get install prometheus")
        return
    with tempfile.TemporaryDirectory(prefix="allowance-bench-") as name:
        folder = Path(name)
        end = int(time.time()) // 60 * 60
        _blocks(folder, count, end)
        with _prometheus(folder, "plain", "") as server:
            contract = folder / "shop.yaml"
            contract.write_text("".join(CONTRACT.format(n, server.url) for n in range(count)))
            ours, theirs, wall, durable, rss = _live(contract, folder, server, end)
        export = [sys.executable, "-m", "allowance", "export", "prometheus", str(contract), "--out"]
        subprocess.run([*export, str(folder / "rules")], check=True, capture_output=True)
        alone = _idle(folder, "alone", "")
        peer = (
            _idle(folder, "rules", f"rule_files: [{folder}/rules/*.yaml, {folder}/rules/*.yml]\n") - alone
        ) / count
    print(f"  {count} SLOs, 4 rules, medians of {TICKS} minutes")
    print(f"  {'':34}{'us of CPU for each SLO and minute':>36}")
    print(f"  {'allowance: pull to plan, durable':34}{ours / count * 1e6:>36.1f}")
    print(f"  {'what the pull costs Prometheus':34}{theirs / count * 1e6:>36.1f}")
    print(f"  {'both':34}{(ours + theirs) / count * 1e6:>36.1f}")
    print(f"  {'Prometheus with the same rules':34}{peer * 1e6:>36.1f}")
    if ours:
        print(
            f"  ratios: {peer * count / ours:.0f}x ours alone, {peer * count / (ours + theirs):.0f}x both sides"
        )
    print(
        f"  a minute takes {wall * 1e3:.0f} ms of wall clock, {durable * 1e3:.1f} ms of it to write; {rss} MB in memory"
    )
    for word, value, limit in (
        ("P1 us/SLO", ours / count * 1e6, 20),
        ("P2 us/SLO", (ours + theirs) / count * 1e6, 100),
        ("P14 ms", durable * 1e3, 2),
    ):
        print(f"  goal {word} <= {limit}: {value:.1f}, {'kept' if value <= limit else 'MISSED'}")


def _live(contract: Path, folder: Path, server: Server, end: int) -> tuple[float, float, float, float, int]:
    """Medians over some minutes: our CPU, the server's CPU, wall, and the wall of what is written."""
    store = open_store(str(folder / "allowance.db"))
    loop = Loop(
        contract=read_contract([str(contract)]),
        store=store,
        reader=read,
        targets=lambda notice, at: (),
        settings=Settings(),
    )
    begin = end - (TICKS + 2) * 60
    loop.start(now=begin)
    loop.advance(now=begin)
    loop.advance(now=begin + 60)
    written: list[float] = []
    commit = store._engine.dialect.do_commit

    def timed(connection: object) -> None:
        before = time.perf_counter()
        commit(connection)  # type: ignore[arg-type]
        written.append(time.perf_counter() - before)

    store._engine.dialect.do_commit = timed  # type: ignore[method-assign]
    rows = []
    for number in range(2, TICKS + 2):
        written.clear()
        before = time.perf_counter(), time.process_time(), _cpu_of(server.pid)
        loop.advance(now=begin + number * 60)
        rows.append(
            (
                time.process_time() - before[1],
                _cpu_of(server.pid) - before[2],
                time.perf_counter() - before[0],
                sum(written),
            )
        )
    rss = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") >> 20
    ours, theirs, wall, durable = (float(np.median([row[n] for row in rows])) for n in range(4))
    theirs = float(
        np.mean([row[1] for row in rows])
    )  # its clock ticks in 10 ms: a median would be too coarse
    return ours, theirs, wall, durable, rss


def _blocks(folder: Path, count: int, end: int) -> None:
    """Counters of good and bad requests of every service, as a Prometheus scrapes them."""
    rng = np.random.default_rng(1)
    instants = np.arange(end - HOURS * 3600, end, SCRAPE)
    with (folder / "samples.om").open("w") as text:
        text.write("# TYPE http_requests counter\n")
        for number in range(count):
            for code, mean in (("200", 20), ("500", 0.02)):
                values = np.cumsum(rng.poisson(mean, len(instants)))
                head = f'http_requests_total{{job="s{number}",code="{code}"}}'
                text.writelines(
                    f"{head} {v} {t}\n" for v, t in zip(values.tolist(), instants.tolist(), strict=True)
                )
        text.write("# EOF\n")
    command = ["promtool", "tsdb", "create-blocks-from", "--max-block-duration=24h", "openmetrics"]
    subprocess.run(
        [*command, str(folder / "samples.om"), str(folder / "data")], check=True, capture_output=True
    )


@contextlib.contextmanager
def _prometheus(folder: Path, name: str, more: str) -> Iterator[Server]:
    config = folder / f"{name}.yml"
    config.write_text(f"global: {{scrape_interval: 15s, evaluation_interval: {INTERVAL}s}}\n{more}")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        "prometheus", f"--config.file={config}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.retention.time=10y",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait(f"http://127.0.0.1:{port}")
            yield Server(f"http://127.0.0.1:{port}", process.pid)
        finally:
            process.terminate()


def _idle(folder: Path, name: str, more: str) -> float:
    """CPU seconds for each evaluation of the rules of a Prometheus that does nothing else."""
    with _prometheus(folder, name, more) as server:
        time.sleep(INTERVAL)
        before = _cpu_of(server.pid)
        time.sleep(2 * INTERVAL)
        return (_cpu_of(server.pid) - before) / 2


if __name__ == "__main__":
    main(sys.argv[1:])
