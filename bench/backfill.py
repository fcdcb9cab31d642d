"""A month of a new SLO's minutes out of a real Prometheus: all CPU, on both sides of the wire."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

import httpx
import numpy as np
import orjson

from allowance.contract.indicator import PromRatio
from allowance.contract.source import Prometheus
from allowance.core.buckets import Buckets, Ints
from allowance.edges import prometheus as promql
from bench.side_by_side import Timing, Truth, show

GOAL = "P15: back-fill 30 d of 60 s of one SLO from Prometheus in <= 0.5 s of CPU, both sides; every minute is exact"
LIMIT = 0.5

DAY, STEP = 86_400, 60
BEGIN = 1_790_000_000 // DAY * DAY
CODES = ("200", "404", "500")
LONG = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
RULES_HOURS = 2
TOTAL = 'http_requests_total{job="shop"}'
BAD = 'http_requests_total{job="shop",code=~"5.."}'
SLO = PromRatio(total=TOTAL, bad=BAD)


def main(arguments: Sequence[str] = ()) -> None:
    """Ours, the same answers only fetched and parsed, and recording rules back-filled by promtool."""
    days = 7 if "--quick" in arguments else 30
    if not (shutil.which("prometheus") and shutil.which("promtool")):
        print("  Prometheus is not installed; apt-get install prometheus")
        return
    events = _events(days)
    with (
        tempfile.TemporaryDirectory(prefix="allowance-bench-") as name,
        _serving(Path(name), events) as server,
    ):
        end = BEGIN + days * DAY
        ours, measured = _both_sides(
            f"allowance, {days} d",
            server,
            lambda: promql.measure(Prometheus(url=server.url), {"slo": SLO}, begin=BEGIN, end=end),
        )
        longest, _ = _both_sides(
            f"allowance, {days} d at 10 s",
            server,
            lambda: promql.measure(Prometheus(url=server.url), {"slo": SLO}, begin=BEGIN, end=end, step=10),
            runs=1,
        )
        floor, _ = _both_sides("floor: fetch and parse", server, lambda: _fetch(server.url, end))
        rules = _rules(server, Path(name), end, days)
    truth = Truth()
    counted: Buckets = measured.series["slo", ""]
    bad = events["500"]
    total = sum(events.values(), np.zeros_like(bad))
    truth.same(
        "minutes whose counts are not the truth",
        int(np.sum((counted.good != total - bad) | (counted.total != total))),
        0,
    )
    truth.same("events", counted.all().total, int(total.sum()))
    rows = [floor, longest, *rules]
    show(f"{days} d of {len(CODES)} counters; CPU: this process and Prometheus together", ours, rows)
    word = "kept" if ours.median_cpu <= LIMIT * days / 30 else "MISSED"
    print(f"  goal <= {LIMIT * days / 30:.2f} s of CPU on both sides: {ours.median_cpu:.3f} s, {word}")
    truth.leave()


Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Server:
    """A Prometheus: its address and its process."""

    url: str
    pid: int


def _events(days: int) -> dict[str, Ints]:
    rng = np.random.default_rng(15)
    means = {"200": 50.0, "404": 2.0, "500": 0.1}
    return {code: rng.poisson(means[code], days * DAY // STEP) for code in CODES}


@contextlib.contextmanager
def _serving(folder: Path, events: dict[str, Ints]) -> Iterator[Server]:
    """A Prometheus that holds the events as counters, scraped every minute."""
    with (folder / "samples.om").open("w") as text:
        for code, counts in events.items():
            series = f'http_requests_total{{job="shop",instance="a:80",code="{code}"}}'
            for minute, value in enumerate(np.concatenate(([0], np.cumsum(counts))).tolist()):
                text.write(f"{series} {value} {BEGIN + minute * STEP}\n")
        text.write("# EOF\n")
    create = ["promtool", "tsdb", "create-blocks-from", "--max-block-duration=768h", "openmetrics"]
    subprocess.run(
        [*create, str(folder / "samples.om"), str(folder / "data")], check=True, capture_output=True
    )
    (folder / "prometheus.yml").write_text("global: {scrape_interval: 15s}\n")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [
        "prometheus", f"--config.file={folder / 'prometheus.yml'}", f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}", "--storage.tsdb.retention.time=10y",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait(f"http://127.0.0.1:{port}")
            yield Server(f"http://127.0.0.1:{port}", process.pid)
        finally:
            process.terminate()


def _wait(url: str) -> None:
    for _ in range(300):
        with contextlib.suppress(httpx.HTTPError):
            if httpx.get(f"{url}/-/ready").status_code == 200:
                return
        time.sleep(0.1)
    sys.exit("Prometheus did not come up within 30 s")


def _cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _both_sides(
    name: str, server: Server, call: Callable[[], Answer], *, runs: int = 5
) -> tuple[Timing, Answer]:
    """Time a call; its CPU is that of this process, its children and the server. The server's clock ticks in 10 ms."""
    wall, cpu, theirs = [], [], []
    answer = call()
    for _ in range(runs):
        before, own, served = time.perf_counter(), _own_cpu(), _cpu_of(server.pid)
        answer = call()
        wall.append(time.perf_counter() - before)
        theirs.append(_cpu_of(server.pid) - served)
        cpu.append(_own_cpu() - own + theirs[-1])
    note = f"of it Prometheus {1000 * sum(theirs) / runs:.0f} ms"
    return Timing(name=name, wall=tuple(wall), cpu=tuple(cpu), note=note), answer


def _own_cpu() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


def _fetch(url: str, end: int) -> int:
    """Only the values at all edges, fetched and parsed."""
    points = 0
    with httpx.Client(headers={"Accept-Encoding": "identity"}) as client:
        for query in (TOTAL, BAD):
            for begin in range(BEGIN, end, 10_800 * STEP):
                span = {"start": begin + STEP, "end": min(begin + 10_800 * STEP, end), "step": STEP}
                body = client.get(f"{url}/api/v1/query_range", params={"query": query, **span}).content
                points += sum(len(one["values"]) for one in orjson.loads(body)["data"]["result"])
    return points


def _rules(server: Server, folder: Path, end: int, days: int) -> list[Timing]:
    """The ratios over seven windows, as recording rules that promtool back-fills; two hours measured, and scaled."""
    rules = "".join(
        f"  - record: slo:sli_error:ratio_rate{window}\n"
        f"    expr: sum(rate({BAD}[{window}])) / sum(rate({TOTAL}[{window}]))\n"
        for window in LONG
    )
    (folder / "rules.yml").write_text(f"groups:\n- name: slo\n  rules:\n{rules}")
    command = [
        "promtool", "tsdb", "create-blocks-from", "rules", f"--start={end - RULES_HOURS * 3600}", f"--end={end}",
        "--eval-interval=60s", f"--url={server.url}", f"--output-dir={folder / 'recorded'}", str(folder / "rules.yml"),
    ]  # fmt: skip

    def run() -> None:
        subprocess.run(command, check=True, capture_output=True)

    timing, _ = _both_sides(f"promtool, {len(LONG)} ratio rules, {RULES_HOURS} h", server, run, runs=2)
    scaled = timing.times(days * 24 / RULES_HOURS, f"the same, {days} d")
    return [timing, replace(scaled, note="scaled, not measured")]


if __name__ == "__main__":
    main(sys.argv[1:])
