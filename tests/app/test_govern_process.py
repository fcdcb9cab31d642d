"""The program itself under a signed policy: a spent budget freezes, hands the pager back, and outlives a kill."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import httpx

from allowance.contract.read import read
from allowance.contract.signing import policy_hash
from allowance.core.time import iso
from tests.fakes.nursery import served
from tests.fakes.receiver import Reply, receiving
from tests.peers import free_port, wait_until

POLICY = """\
apiVersion: allowance/v1
kind: ErrorBudgetPolicy
metadata: {name: ours}
spec:
  clauses:
    - {when: red, deny: [feature, config], because: it is spent}
    - {when: {remainingBelow: -100%}, deny: [feature], handBack: shop-developers}
    - {when: "state == 'red' && labels['team'] == 'shop'", hold: [hotfix]}
"""

SERVICE = """\
---
apiVersion: allowance/v1
kind: Service
metadata: {name: checkout, labels: {team: shop}}
spec:
  owner: shop
  policy: ours
  source: {files: log.csv}
  slos:
    - {name: pages, good: status < 500, target: 99, window: 1d}
"""

NOTIFY = """\
channels:
  pager: {{kind: webhook, url: "{url}/usual"}}
  phone: {{kind: webhook, url: "{url}/developers"}}
rotations:
  shop-developers: {{people: [dan], first: 2026-01-05, handover: mon 09:00, zone: UTC}}
people: {{dan: [phone]}}
routes:
  - to: [pager]
"""


def _signed() -> str:
    (policy,) = read([("p.yaml", (POLICY + SERVICE).encode())]).trusted().budget_policies
    lines = [
        f"    - {{role: {role}, by: {role} lead, on: 2026-09-01, hash: {policy_hash(policy)}}}"
        for role in ("product", "engineering", "business")
    ]
    return "\n".join([POLICY.rstrip(), "  signatures:", *lines, SERVICE])


def _log(now: int) -> str:
    """Two hours of ten requests a minute; half of the last forty minutes fails."""
    rows = ["time,status"]
    for minute in range(-120, 0):
        for n in range(10):
            status = 500 if minute >= -40 and n % 2 else 200
            rows.append(f"{iso(now + 60 * minute + 6 * n)},{status}")
    return "\n".join(rows) + "\n"


def _serving(folder: Path, port: int) -> AbstractContextManager[int]:
    words = ["shop.yaml", "--notify", "notify.yaml", "--delay", "1s", "--listen", f"127.0.0.1:{port}"]
    return served(words, folder)


def _get(port: int, path: str) -> Any:
    with contextlib.suppress(httpx.TransportError):
        answer = httpx.get(f"http://127.0.0.1:{port}{path}", timeout=30)
        return answer.json() if answer.status_code == 200 else None
    return None


def test_a_spent_budget_freezes_and_hands_the_pager_back(tmp_path: Path) -> None:
    now = int(time.time()) // 60 * 60
    (tmp_path / "log.csv").write_text(_log(now))
    (tmp_path / "shop.yaml").write_text(_signed())
    port = free_port()

    def frozen() -> list[Any]:
        found = _get(port, "/v1/freezes")
        return [] if found is None else found["freezes"]

    with receiving(lambda request: Reply(status=200)) as receiver:
        (tmp_path / "notify.yaml").write_text(NOTIFY.format(url=receiver.url))
        with _serving(tmp_path, port) as process:
            wait_until(lambda: len(frozen()) == 2, "the freezes", 90)
            first = frozen()
            states = _get(port, "/v1/states")
            gate = _get(port, "/v1/gates/checkout?change=feature")
            hotfix = _get(port, "/v1/gates/checkout?change=hotfix")
            os.kill(process, signal.SIGKILL)
        assert {one["subject"]: one["state"] for one in states["states"]} == {
            "checkout": "red",
            "checkout/pages": "red",
        }
        assert [one["to"] for one in states["hand_backs"]] == ["shop-developers"]
        assert [one["binding"] for one in first] == [True, True]
        assert first[0]["earliest_end"] is not None
        assert gate["verdict"] == "stop"
        assert hotfix["verdict"] == "hold", hotfix["sentence"]
        assert "labels['team'] == 'shop' is so" in hotfix["sentence"]
        with _serving(tmp_path, port):
            wait_until(lambda: frozen() != [], "the second life", 90)
            assert [one["id"] for one in frozen()] == [one["id"] for one in first], "nothing begins twice"
            ledger = _get(port, "/v1/ledger/verification")
    assert ledger["whole"] is True, ledger
