"""The gate of a real server: the documented shell, and a GitHub deployment that waits over a kill."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from allowance.contract.read import read
from allowance.contract.signing import policy_hash
from allowance.core.time import iso
from allowance.edges.token_file import mint
from tests.docs.blocks import ROOT, blocks
from tests.fakes import github as fake
from tests.fakes.nursery import served
from tests.peers import free_port, wait_until

POLICY = """
apiVersion: allowance/v1
kind: ErrorBudgetPolicy
metadata: {name: ours}
spec:
  preset: green-yellow-red
"""

SERVICE = """
---
apiVersion: allowance/v1
kind: Service
metadata: {name: checkout}
spec:
  owner: shop
  policy: ours
  runbook: https://wiki.shop.test/runbook
  source: {files: counts.csv}
  slos:
    - {name: pages, good: status < 500, target: 99}
"""

GITHUB = """
repositories: {octo/shop: checkout}
secret: HOOK
app: 4711
key: app.pem
"""


def _signed() -> str:
    """The policy's document with all three signatures under it."""
    (policy,) = read([("p.yaml", (POLICY + SERVICE).encode())]).trusted().budget_policies
    digest = policy_hash(policy)
    lines = [
        f"    - {{role: {role}, by: Ann, on: 2026-09-01, hash: {digest}}}"
        for role in ("product", "engineering", "business")
    ]
    return POLICY + "\n".join(["  signatures:", *lines, ""])


def _serving(folder: Path, port: int) -> AbstractContextManager[int]:
    """A running server with its first tick taken."""
    words = ["shop.yaml", "--github", "github.yaml", "--delay", "1s", "--listen", f"127.0.0.1:{port}"]
    return served(words, folder, lambda: _ticked(port), HOOK=fake.SECRET)


def _ticked(port: int) -> bool:
    answer = httpx.get(f"http://127.0.0.1:{port}/v1/slos")
    return answer.status_code == 200 and any("at" in slo for slo in answer.json()["slos"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A service that fails half of its requests, up to some minutes from now, under a signed policy."""
    begin = int(time.time()) // 60 * 60 - 7200
    rows = [f"{iso(begin + 60 * n)},50,100" for n in range(130)]
    (tmp_path / "counts.csv").write_text("\n".join(["time,good,total", *rows, ""]))
    (tmp_path / "shop.yaml").write_text(_signed() + SERVICE)
    return tmp_path


def _script() -> str:
    page = (ROOT / "docs" / "gate.md").read_text()
    return next(block.text for block in blocks(page, "docs/gate.md") if block.mark("file") == "deploy.sh")


def test_the_shell_of_the_documentation_and_a_deployment_over_a_kill(folder: Path) -> None:
    port = free_port()
    token = mint(folder / "allowance-tokens.json", name="ci", role="deployer")
    with fake.github() as github:
        (folder / "app.pem").write_text(github.pem)
        (folder / "github.yaml").write_text(f"{GITHUB}api: {github.url}\n")
        with _serving(folder, port) as process:
            _shell(folder, port, token)
            _held(github, port)
            os.kill(process, signal.SIGKILL)
        assert github.states() == [None], (folder / "serve.log").read_text()
        (folder / "shop.yaml").write_text(POLICY + SERVICE)  # nobody has signed this one: it only advises
        with _serving(folder, port):
            wait_until(lambda: github.states() == [None, "approved"], "the approval", 120)
    log = (folder / "serve.log").read_text()
    assert fake.SECRET not in log
    assert fake.TOKEN not in log
    assert "Traceback" not in log


def _shell(folder: Path, port: int, token: str) -> None:
    """The block of the documentation, as a pipeline runs it."""
    bin_ = folder / "bin"
    bin_.mkdir()
    (bin_ / "allowance").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m allowance "$@"\n')
    (bin_ / "allowance").chmod(0o755)
    (folder / "deploy.sh").write_text(_script())
    environment = {
        **os.environ,
        "PATH": f"{bin_}:{os.environ['PATH']}",
        "ALLOWANCE_SERVER": f"http://127.0.0.1:{port}",
        "ALLOWANCE_TOKEN": token,
        "VERSION": "4.14.0",
    }
    stopped = None
    for change, code, said in (("feature", 1, "STOP "), ("hotfix", 0, "deploying 4.14.0")):
        done = subprocess.run(
            ["sh", "deploy.sh"],
            cwd=folder,
            env={**environment, "CHANGE": change, "RUN": f"run-{change}"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert (done.returncode, said in done.stdout) == (code, True), done.stdout + done.stderr
        stopped = re.search(r"ledger #(\d+)", done.stdout) or stopped
    assert stopped is not None
    replayed = subprocess.run(
        [sys.executable, "-m", "allowance", "decision", "replay", stopped[1]],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert replayed.stdout == f"#{stopped[1]}: the same verdict, STOP\n", replayed.stdout + replayed.stderr


def _held(github: fake.Github, port: int) -> None:
    body = json.dumps(fake.protection(github.url)).encode()
    answer = httpx.post(
        f"http://127.0.0.1:{port}/v1/github",
        content=body,
        headers=fake.headers("deployment_protection_rule", body, "d-1"),
    )
    assert answer.status_code == 202, answer.text
    wait_until(lambda: github.states() == [None], "the note", 120)
