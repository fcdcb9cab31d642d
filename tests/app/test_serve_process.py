"""The program itself: a real Prometheus in, a page out, killed and started again without telling anybody twice."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from allowance.cli.main import run
from tests.fakes.receiver import Receiver, Reply, receiving
from tests.peers import free_port, prometheus_in, wait_until, write_blocks

CONTRACT = """
apiVersion: allowance/v1
kind: Service
metadata: {{name: checkout}}
spec:
  owner: payments
  runbook: https://runbooks.example.com/checkout
  source: {{prometheus: "{url}"}}
  slos:
    - name: availability
      target: 99.9%
      promql:
        total: http_requests_total{{job="shop"}}
        bad: http_requests_total{{job="shop",code="500"}}
"""

NOTIFY = """
channels:
  pager: {{kind: webhook, url: "{url}/page"}}
routes:
  - to: [pager]
"""


def _counters(now: int) -> str:
    """Two hours of 100 requests a minute up to a few minutes from now, half of them failing in the last 20."""
    lines = ["# TYPE http_requests counter"]
    for code in ("200", "500"):
        value = 0
        for minute in range(-120, 5):
            failing = 50 if minute > -20 else 0
            value += failing if code == "500" else 100 - failing
            at = now + 60 * minute
            lines.append(f'http_requests_total{{job="shop",instance="a",code="{code}"}} {value} {at}')
    return "\n".join([*lines, "# EOF", ""])


@contextlib.contextmanager
def _serving(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    command = [
        sys.executable,
        "-m",
        "allowance",
        "serve",
        "shop.yaml",
        "--notify",
        "notify.yaml",
        "--delay",
        "1s",
    ]
    with (folder / "serve.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, "--listen", f"127.0.0.1:{port}"],
            cwd=folder,
            stdout=log,
            stderr=log,
            env=dict(os.environ),
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def _ticked(port: int) -> bool:
    answer = httpx.get(f"http://127.0.0.1:{port}/v1/slos")
    return answer.status_code == 200 and any("at" in slo for slo in answer.json()["slos"])


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[tuple[Path, Receiver]]:
    now = int(time.time()) // 60 * 60
    write_blocks(_counters(now), tmp_path)
    with (
        prometheus_in(tmp_path) as prometheus,
        receiving(lambda request: Reply(status=200)) as receiver,
    ):
        (tmp_path / "shop.yaml").write_text(CONTRACT.format(url=prometheus))
        (tmp_path / "notify.yaml").write_text(NOTIFY.format(url=receiver.url))
        yield tmp_path, receiver


def test_a_page_is_told_once_however_often_the_program_is_killed(
    shop: tuple[Path, Receiver], capfd: pytest.CaptureFixture[str]
) -> None:
    folder, receiver = shop
    port = free_port()
    for _ in range(3):
        with _serving(folder, port) as process:
            wait_until(lambda: _ticked(port), "allowance serve", 120)
            wait_until(lambda: len(receiver.got) >= 1, "the page", 120)
            listed = httpx.get(f"http://127.0.0.1:{port}/v1/slos").json()
            os.kill(process.pid, signal.SIGKILL)
    pages = [r.json for r in receiver.got]
    severities = [page["severity"] for page in pages]
    assert severities.count("page") == 1, (folder / "serve.log").read_text()
    (page,) = [p for p in pages if p["severity"] == "page"]
    assert page["signature"] == "checkout/availability/page"
    assert "50 of 100 requests fail" in page["title"]
    (slo,) = listed["slos"]
    assert slo["state"] == "broken"
    assert 900 <= slo["total"] - slo["good"] <= 1300
    # Without the server the gate asks the same Prometheus itself, and counts the same.
    capfd.readouterr()
    assert run(["gate", "checkout", "--contract", str(folder / "shop.yaml"), "--json"]) == 0
    alone = json.loads(capfd.readouterr().out)
    assert (alone["mode"], alone["true_verdict"], alone["blind"]) == ("advice", "stop", False)
