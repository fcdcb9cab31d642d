"""Events and beacons into the running program: what is acknowledged outlives a kill, and nothing is counted twice."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from fractions import Fraction
from pathlib import Path

import httpx
import numpy as np

from allowance.core.problem import ProblemError
from allowance.edges import clock
from allowance.edges.sender import Sender
from allowance.edges.store.gains import ROW
from allowance.signals.made_up import Event, Form, Scene, event
from tests.fakes.nursery import served
from tests.peers import free_port, wait_until

CONTRACT = """
apiVersion: allowance/v1
kind: Service
metadata: {name: checkout}
spec:
  slos:
    - {name: orders, source: {events: test.request}, good: data.status < 500, target: 99%}
    - {name: web, kind: client, target: 99%}
    - {name: up, source: {probe: {url: 'http://127.0.0.1:PORT/healthz', interval: 10s}}, good: ok, target: 99%}
"""
SCENE = Scene(service="checkout", run="trial", errors=Fraction(1, 5))


def serving(folder: Path, port: int) -> AbstractContextManager[int]:
    words = ["shop.yaml", "--listen", f"127.0.0.1:{port}"]
    return served(words, folder, lambda: httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200)


def counted(folder: Path) -> dict[str, tuple[int, int]]:
    """(good, total) by SLO, as the store has them; only read, also while the program runs."""
    found: dict[str, tuple[int, int]] = {}
    with contextlib.closing(sqlite3.connect(folder / "allowance.db", timeout=60)) as store:
        names = {
            number: name.partition("#")[0] for number, name in store.execute("SELECT id, slo FROM series")
        }
        bodies = [body for (body,) in store.execute("SELECT body FROM gains")]
    for number, _, good, total in np.frombuffer(b"".join(bodies), dtype=ROW).tolist():
        before = found.get(names[number], (0, 0))
        found[names[number]] = (before[0] + good, before[1] + total)
    return found


def send_all(form: Form, to: str, token: str, events: list[Event]) -> int:
    """One request for each; how many were acknowledged before nobody answered any more."""
    acknowledged = 0
    with Sender(form, to, token) as sender, contextlib.suppress(ProblemError):
        for one in events:
            acknowledged += sender.send(SCENE, [one]).acknowledged
    return acknowledged


def test_acknowledged_events_and_beacons_outlive_a_kill(tmp_path: Path) -> None:
    port = free_port()
    to = f"http://127.0.0.1:{port}"
    (tmp_path / "shop.yaml").write_text(CONTRACT.replace("PORT", str(port)))
    events = [event(SCENE, number, now=clock.now()) for number in range(40)]
    forms: tuple[Form, ...] = ("events", "rum")
    with serving(tmp_path, port) as process:
        (token, *_) = re.findall(r"alw_[\w-]+", (tmp_path / "serve.log").read_text())
        assert [send_all(form, to, token, events[:10]) for form in forms] == [10, 10]
        with ThreadPoolExecutor(2) as pool:
            sending = [pool.submit(send_all, form, to, token, events[10:]) for form in forms]
            wait_until(lambda: counted(tmp_path).get("checkout/web", (0, 0))[1] > 12, "some of the rest", 60)
            os.kill(process, signal.SIGKILL)
            acknowledged = [10 + one.result(60) for one in sending]
    after = counted(tmp_path)
    assert after["checkout/orders"][1] >= acknowledged[0]
    assert after["checkout/web"][1] >= acknowledged[1]
    with serving(tmp_path, port):
        assert [send_all(form, to, token, events) for form in forms] == [40, 40]
        wait_until(lambda: counted(tmp_path).get("checkout/up", (0, 0))[1] > 0, "a probe", 60)
    last = counted(tmp_path)
    assert (last["checkout/orders"], last["checkout/web"]) == ((32, 40), (32, 40))
    assert "Traceback" not in (tmp_path / "serve.log").read_text()
