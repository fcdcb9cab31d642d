"""One live minute of many SLOs out of a real Prometheus, beside a Prometheus that evaluates the same SLOs' rules."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import httpx
import numpy as np

from allowance.app.collect import Standing
from allowance.app.collect import asked as asked_of
from allowance.cli.contracts import read_contract
from allowance.contract.indicator import PromRatio
from allowance.contract.model import Contract, Service, Slo
from allowance.core.buckets import Ints
from allowance.core.minute import Minute as Past
from allowance.edges.measure import prom_indicators
from allowance.edges.prometheus.memory import begun
from allowance.signals.prom_answer import Floats, read_answer
from allowance.signals.prom_sli import Ratio, plan
from allowance.signals.prom_state import Identity, Last, PromState
from allowance.signals.promql import Term
from allowance.web.composed import Serving, compose
from allowance.web.listening import Address
from allowance.web.metrics import exposition
from allowance.web.state import Settings as ApiSettings
from bench.backfill import Server, _cpu_of, _wait
from bench.side_by_side import table

GOAL = "P1 <= 20 us of our CPU for each SLO and minute, P2 <= 100 us with what the pull costs Prometheus, P14 a durable minute <= 2 ms"
MOST_SCRAPED = 1000
HOURS, SCRAPE, TICKS = 0.4, 15, 7
PEERS, PEER_DAYS, PEER_SCRAPE, FAST = 10, 30, 60, 10
"""The peer: so many SLOs with so much history; its rules are evaluated every `FAST` seconds instead of every minute."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Minute:
    """Medians over some minutes, in seconds: our CPU, the server's, wall clock, the wall of what is written, and the
    CPU of a scrape of `/metrics`. `private` is the memory that is nobody's file; `cheapest` and `shortest` are the least
    CPU and the least wall to write, on a machine that is busy with other work."""

    ours: float
    theirs: float
    wall: float
    durable: float
    scrape: float
    alerts: int
    megabytes: int
    private: int
    cheapest: float
    shortest: float


def main(arguments: Sequence[str] = ()) -> None:
    """Pull, parse, persist durably, evaluate, plan, govern: the loop of `allowance serve`, minute after minute."""
    count = 100 if "--quick" in arguments else 1000
    if not (shutil.which("prometheus") and shutil.which("promtool")):
        print("  Prometheus is not installed; apt-get install prometheus")
        return
    found = {}
    for name, failing in (("2 of 100 fail", 0.02), ("half are at the edge", 0.5)):
        with tempfile.TemporaryDirectory(prefix="allowance-bench-") as folder:
            found[name] = live(Path(folder), count, failing)
    with tempfile.TemporaryDirectory(prefix="allowance-bench-") as folder:
        peer = _peer(Path(folder))
    rows = [["us of CPU for each SLO and minute", *found, ""]]
    each = [one.ours / count * 1e6 for one in found.values()]
    both = [(one.ours + one.theirs) / count * 1e6 for one in found.values()]
    rows.append(["allowance: pull to governed, durable", *(f"{one:.1f}" for one in each), ""])
    rows.append(["allowance and what the pull costs Prometheus", *(f"{one:.1f}" for one in both), ""])
    rows.append(
        [f"Prometheus with the same rules, {PEER_DAYS} d of history", *[f"{peer * 1e6:.0f}"] * len(found), ""]
    )
    rows.append(["ratio: x ours", *(f"{peer * 1e6 / one:.0f}" for one in each), ""])
    rows.append(["ratio: x both sides", *(f"{peer * 1e6 / one:.0f}" for one in both), ""])
    for what, scale, read in (
        ("a scrape of /metrics, us of CPU for each SLO", 1e6 / count, lambda one: one.scrape),
        ("the cheapest minute, us of CPU for each SLO", 1e6 / count, lambda one: one.cheapest),
        ("ms of wall clock a minute", 1e3, lambda one: one.wall),
        ("ms of wall clock to write it", 1e3, lambda one: one.durable),
        ("the least of it, ms", 1e3, lambda one: one.shortest),
        ("alerts at the end", 1, lambda one: one.alerts),
        ("MB in memory", 1, lambda one: one.megabytes),
        ("MB of it that are nobody's file", 1, lambda one: one.private),
    ):
        rows.append([what, *(f"{read(one) * scale:.1f}" for one in found.values()), ""])
    table(f"{count} SLOs, 4 rules, medians of {TICKS} minutes", rows)
    calm = found["2 of 100 fail"]
    for word, value, limit in (
        ("P1 us/SLO", each[0], 20),
        ("P2 us/SLO", both[0], 100),
        ("P14 ms", calm.durable * 1e3, 2),
    ):
        print(f"  goal {word} <= {limit}: {value:.1f}, {'kept' if value <= limit else 'MISSED'}")


def live(folder: Path, count: int, failing: float, *, hours: float = HOURS) -> Minute:
    """Minutes of a fleet of which a share fails, in a process of its own over a Prometheus with so much history."""
    end = int(time.time()) // 60 * 60
    rates = np.where(np.arange(count) < failing * count, 0.02 if failing > 0.1 else 0.5, 2e-4)
    _blocks(folder, rates, np.arange(end - int(hours * 3600), end, SCRAPE))
    with _prometheus(folder, "plain", "") as server:
        (folder / "shop.yaml").write_text(CONTRACT.format(0, server.url))
        child = [sys.executable, "-m", "bench.p01_live_minute", "--child", str(folder), server.url]
        done = subprocess.run(
            [*child, str(server.pid), str(end), str(count)], check=True, stdout=subprocess.PIPE
        )
        return Minute(**json.loads(done.stdout.splitlines()[-1]))


def _fleet(path: Path, count: int) -> Contract:
    """The service of a file so many times; to read as many documents would take longer than all the rest."""
    contract = read_contract([str(path)])
    service, slo = contract.services[0], contract.slos[0]

    def one(number: int) -> Service:
        name, job = f"s{number}", f'job="s{number}"'
        asked = PromRatio(
            total=f"http_requests_total{{{job}}}", bad=f'http_requests_total{{{job},code="500"}}'
        )
        return replace(service, name=name, slos=(replace(slo, service=name, indicator=asked),))

    return replace(contract, services=tuple(one(number) for number in range(count)))


def _known(contract: Contract, url: str, begin: int) -> dict[str, Standing]:
    """Every counter as it stands at an instant: to read a month of each is another goal (P15)."""
    (one,) = asked_of(contract)
    body = httpx.get(f"{url}/api/v1/query", params={"query": "http_requests_total", "time": begin}).content
    values: dict[tuple[str, str], float] = {}
    for series in read_answer(body).series:
        values[series.labels["job"], series.labels["code"]] = float(series.values[-1])
    last: dict[str, dict[Identity, Last]] = {}
    for slo in one.slos:
        for term in term_of(slo):
            codes = ("500",) if "code" in term.selector.constrained else ("200", "500")
            last[term.key] = {
                (("code", code), ("job", slo.service)): Last(
                    value=values.get((slo.service, code), 0.0), at=float(begin)
                )
                for code in codes
            }
    state = PromState(at=begin, last=last)
    memory = begun(one.slos, prom_indicators(one.slos), by=None, begin=begin, step=60)
    after = memory.after(state, PromState(at=begin))
    slos = dict.fromkeys(one.prints, begin)
    return {one.name: Standing(at=begin, slos=slos, memory=after)}


def term_of(slo: Slo) -> tuple[Term, ...]:
    """The counters of an SLO of this bench."""
    assert isinstance(slo.indicator, PromRatio)
    found = plan(slo.indicator, step=60)
    return found.terms if isinstance(found, Ratio) else ()


def _minutes(path: Path, folder: Path, server: Server, end: int, count: int) -> Minute:
    """The program as `serve` puts it together, ticked by hand."""
    nowhere = Address(host="127.0.0.1", port=1)
    asked = Serving(
        contract=_fleet(path, count),
        store=str(folder / "allowance.db"),
        notify=None,
        address=nowhere,
        delay=0,
        link="",
        tokens=folder / "tokens",
        otlp=nowhere,
    )
    parts = compose(asked, None, None)
    loop, state = parts.loop, parts.state
    begin = end - (TICKS + 2) * 60
    loop.start(now=begin)
    loop.standings = _known(loop.contract, server.url, begin)
    (standing,) = loop.standings.values()
    names = tuple((f"{print_}@{at}", "") for print_, at in standing.slos.items())
    past = np.full(count, 10_000)
    with parts.owned.writing() as writing:  # so that no budget is so young that one event is an alert
        writing.add(begin, Past(names, start=begin - 600, step=60, good=past - 2, total=past))
    loop.advance(now=begin + 60)
    written: list[float] = []
    commit = parts.engine.dialect.do_commit

    def timed(connection: object) -> None:
        before = time.perf_counter()
        commit(connection)  # type: ignore[arg-type]
        written.append(time.perf_counter() - before)

    parts.engine.dialect.do_commit = timed  # type: ignore[method-assign]
    rows = []
    for number in range(2, TICKS + 2):
        written.clear()
        before = time.perf_counter(), time.process_time(), _cpu_of(server.pid)
        loop.advance(now=begin + number * 60)
        took = (
            time.process_time() - before[1],
            _cpu_of(server.pid) - before[2],
            time.perf_counter() - before[0],
            sum(written),
        )
        scraped = time.process_time()
        if count <= MOST_SCRAPED:
            exposition(state, ApiSettings(), now=begin + number * 60)
        rows.append((*took, time.process_time() - scraped))
    resident, shared = (int(word) for word in Path("/proc/self/statm").read_text().split()[1:3])
    rss = resident * os.sysconf("SC_PAGE_SIZE") >> 20
    own = (resident - shared) * os.sysconf("SC_PAGE_SIZE") >> 20
    ours, _, wall, durable, scrape = (float(np.median([row[n] for row in rows])) for n in range(5))
    theirs = float(
        np.mean([row[1] for row in rows])
    )  # its clock ticks in 10 ms: a median would be too coarse
    alerts = 0 if loop.now is None else len(loop.now.plan.alerts)
    parts.lease.release()
    parts.store.close()
    return Minute(
        ours=ours,
        theirs=theirs,
        wall=wall,
        durable=durable,
        scrape=scrape,
        alerts=alerts,
        megabytes=rss,
        private=own,
        cheapest=min(row[0] for row in rows),
        shortest=min(row[3] for row in rows),
    )


def _peer(folder: Path) -> float:
    """CPU seconds for each SLO and minute of a Prometheus that evaluates the exported rules and does nothing else."""
    end = int(time.time()) // 60 * 60 + 600
    _blocks(folder, np.full(PEERS, 2e-4), np.arange(end - PEER_DAYS * 86_400, end, PEER_SCRAPE))
    contract = folder / "shop.yaml"
    contract.write_text("".join(CONTRACT.format(n, "http://127.0.0.1:9") for n in range(PEERS)))
    export = [sys.executable, "-m", "allowance", "export", "prometheus", str(contract), "--out"]
    subprocess.run([*export, str(folder / "rules")], check=True, capture_output=True)
    for file in (folder / "rules").iterdir():
        text = file.read_text()
        for written, minutes in (("1m", 1), ("2m", 2)):
            text = text.replace(f"interval: {written}\n", f"interval: {minutes * FAST}s\n")
        file.write_text(text)
    alone = _idle(folder, "alone", "")
    return (_idle(folder, "rules", f"rule_files: [{folder}/rules/*]\n") - alone) / PEERS


def _blocks(folder: Path, rates: Floats, instants: Ints) -> None:
    """Counters of good and bad requests of every service, as a Prometheus scrapes them; `rates` of them fail."""
    rng = np.random.default_rng(1)
    step = int(instants[1] - instants[0])
    with (folder / "samples.om").open("w") as text:
        text.write("# TYPE http_requests counter\n")
        for number, rate in enumerate(rates.tolist()):
            for code, mean in (("200", 4 / 3 * step * (1 - rate)), ("500", 4 / 3 * step * rate)):
                values = np.cumsum(rng.poisson(mean, len(instants)))
                head = f'http_requests_total{{job="s{number}",code="{code}"}}'
                text.writelines(
                    f"{head} {v} {t}\n" for v, t in zip(values.tolist(), instants.tolist(), strict=True)
                )
        text.write("# EOF\n")
    command = ["promtool", "tsdb", "create-blocks-from", "--max-block-duration=2400h", "openmetrics"]
    subprocess.run(
        [*command, str(folder / "samples.om"), str(folder / "data")], check=True, capture_output=True
    )


@contextlib.contextmanager
def _prometheus(folder: Path, name: str, more: str) -> Iterator[Server]:
    config = folder / f"{name}.yml"
    config.write_text(f"global: {{scrape_interval: 15s, evaluation_interval: {FAST}s}}\n{more}")
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
    """CPU seconds for a minute of rules (each two-minute group once in two) of a Prometheus that does nothing else."""
    with _prometheus(folder, name, more) as server:
        time.sleep(FAST)
        before = _cpu_of(server.pid)
        time.sleep(2 * FAST)
        return (_cpu_of(server.pid) - before) / 2


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        where = Path(sys.argv[2])
        own = Server(sys.argv[3], int(sys.argv[4]))
        print(
            json.dumps(asdict(_minutes(where / "shop.yaml", where, own, int(sys.argv[5]), int(sys.argv[6]))))
        )
    else:
        main(sys.argv[1:])
