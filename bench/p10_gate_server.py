"""P10: verdicts over HTTP, read and recorded, beside a bare endpoint of the same server."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import uvicorn

from allowance.alerting.plan import Settings as AlertSettings
from allowance.app.collect import Read
from allowance.app.serve import Loop
from allowance.contract.indicator import PromRatio
from allowance.contract.model import Contract, Service, Slo
from allowance.contract.source import Prometheus
from allowance.core.buckets import from_rows
from allowance.core.ratio import parse_target
from allowance.core.window import RollingWindow
from allowance.edges import clock
from allowance.edges.store import Store
from allowance.edges.store.database import connect
from allowance.edges.token_file import Token, digest
from allowance.web.api import build_api
from allowance.web.live import LoopState
from allowance.web.state import Settings
from allowance.web.tokens import Tokens
from bench.histories import history
from bench.side_by_side import table

GOAL = "P10: gate verdicts >= 15 k/s and p99 <= 2.5 ms at 16 connections, p99 <= 0.5 ms at 1"

TOKEN = "alw_bench"
MINUTES = 28 * 1440
_UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}


def main(arguments: Sequence[str] = ()) -> None:
    """One worker and its client share this machine; wrk where it is installed. The ratio to the bare endpoint says
    what the gate costs, the server itself is the rest."""
    seconds = 2 if "--quick" in arguments else 4
    if shutil.which("wrk") is None:
        sys.exit("wrk is not installed: apt-get install wrk")
    with tempfile.TemporaryDirectory(prefix="allowance-bench-") as folder:
        app = _app(Path(folder))
        ways = (
            ("bare endpoint of the same server", _bare, "/", ""),
            ("GET /v1/gates/checkout", app, "/v1/gates/checkout", ""),
            ("POST /v1/decisions, in the ledger", app, "/v1/decisions", json.dumps({"service": "checkout"})),
        )
        head = [
            "",
            "connections",
            "answers/s",
            "of bare",
            "p50 ms",
            "p99 ms",
            "CPU us",
            "a CPU second",
            "errors",
        ]
        rows = [[*head[:7], "of bare, CPU", *head[7:]]]
        bare: dict[int, dict[str, float]] = {}
        for name, one, path, body in ways:
            with _serving(one) as url:
                _first(url + path, body)
                for connections in (1, 16):
                    found = _wrk(url + path, connections, seconds, body, Path(folder))
                    bare.setdefault(connections, found)
                    rows.append(_row(name, connections, found, bare[connections]))
    table("one worker, keep-alive", rows)


def _first(url: str, body: str) -> None:
    """What is read and made once in the life of a server is not what an answer costs."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    httpx.request("POST" if body else "GET", url, headers=headers, content=body).raise_for_status()


def _row(name: str, connections: int, found: dict[str, float], bare: dict[str, float]) -> list[str]:
    """By the clock, and by the CPU of the server, which other programs on the machine disturb less."""
    share = found["rate"] / bare["rate"]
    figures = [f"{found['rate']:,.0f}", f"{share:.0%}", f"{found['p50']:.2f}", f"{found['p99']:.2f}"]
    each = found["cpu"]
    figures += [f"{each * 1e6:.0f}", f"{bare['cpu'] / each:.0%}", f"{1 / each:,.0f}"]
    return [name, str(connections), *figures, f"{found['errors']:.0f}"]


def _wrk(url: str, connections: int, seconds: int, body: str, folder: Path) -> dict[str, float]:
    script = folder / "ask.lua"
    lines = [
        f'wrk.headers["Authorization"] = "Bearer {TOKEN}"',
        'wrk.headers["Content-Type"] = "application/json"',
    ]
    lines += ['wrk.method = "POST"', f"wrk.body = [==[{body}]==]"] if body else []
    script.write_text("\n".join(lines) + "\n")
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", "-s", str(script), url]
    before = time.process_time()
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=seconds + 30)
    used = time.process_time() - before
    answered = re.search(r"(\d+) requests in", done.stdout)
    errors = re.search(r"Non-2xx or 3xx responses: (\d+)", done.stdout)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    return {
        "rate": float(rate[1]) if rate else 0.0,
        "p50": _latency(done.stdout, "50%"),
        "p99": _latency(done.stdout, "99%"),
        "cpu": used / max(int(answered[1]) if answered else 0, 1),
        "errors": float(errors[1]) if errors else 0.0,
    }


def _latency(text: str, name: str) -> float:
    """In milliseconds."""
    found = re.search(rf"{name}\s+([\d.]+)(us|ms|s)", text)
    return float(found[1]) * _UNITS[found[2]] if found else float("nan")


async def _bare(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """As little as the server can be asked to do."""
    headers = [(b"content-type", b"application/json"), (b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})


@contextmanager
def _serving(app: Any) -> Iterator[str]:
    config = uvicorn.Config(app, port=0, log_level="critical", lifespan="off", access_log=False)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 30
    while not server.started and time.monotonic() < end:
        time.sleep(0.02)
    if not server.started:
        sys.exit("the server did not come up")
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(30)


def _app(folder: Path) -> Any:
    """A service with three promises over 28 days, and the door of a real server."""
    now = clock.now() // 60 * 60
    good, total = history(MINUTES)
    counts = zip(range(len(good)), good.tolist(), total.tolist(), strict=True)
    buckets = from_rows((now - 60 * (MINUTES - n), one, both) for n, one, both in counts)
    names = ("availability", "latency", "freshness")
    slos = tuple(_slo(name) for name in names)
    engine = connect(str(folder / "allowance.db"))
    store = Store(engine)

    def read(*given: Any, **named: Any) -> Read:
        return Read(gains={(slo.id, ""): buckets for slo in slos}, memory=None)

    loop = Loop(
        contract=Contract(services=(Service(name="checkout", slos=slos),)),
        store=store,
        reader=read,
        targets=lambda notice, at: (),
        settings=AlertSettings(),
    )
    loop.start(now=now)
    loop.advance(now=now)
    known = [Token(name="bench", role="deployer", sha256=digest(TOKEN))]
    settings = replace(Settings(), rate=1e9, burst=10**9)
    state = LoopState(loop=loop, store=store, engine=engine)
    return build_api(state, Tokens(lambda: known), clock.now, settings)


def _slo(name: str) -> Slo:
    return Slo(
        name=name,
        service="checkout",
        indicator=PromRatio(total="t", good="g"),
        target=parse_target("99.9"),
        window=RollingWindow(seconds=28 * 86400),
        source=Prometheus(url="http://prometheus.example:9090"),
    )


if __name__ == "__main__":
    main(sys.argv[1:])
