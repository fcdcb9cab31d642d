"""The program itself: its first link lets a person in, a token made beside it counts at once, and all of it ends."""

from __future__ import annotations

import re
from pathlib import Path

import httpx

from allowance.cli.main import run
from tests.fakes.nursery import served
from tests.peers import free_port

CONTRACT = """
apiVersion: allowance/v1
kind: Service
metadata: {name: checkout}
spec:
  slos:
    - {name: availability, target: 99.9%, source: {prometheus: "http://127.0.0.1:9"}, promql: {total: a, bad: b}}
"""
MUTE = {"labels": {"service": "checkout"}, "end": "2100-01-01T00:00:00Z", "reason": "work"}


def test_from_the_first_link_to_the_last_revocation(tmp_path: Path, capsys: object) -> None:
    (tmp_path / "shop.yaml").write_text(CONTRACT)
    port = free_port()
    here = f"http://127.0.0.1:{port}"
    files = ["--store", str(tmp_path / "a.db"), "--tokens", str(tmp_path / "tokens.json")]
    words = ["shop.yaml", *files, "--listen", f"127.0.0.1:{port}"]
    with served(words, tmp_path, lambda: httpx.get(f"{here}/healthz").status_code == 200):
        (link,) = re.findall(r"http://\S+/sign-in\?token=\S+", (tmp_path / "serve.log").read_text())
        with httpx.Client(base_url=here) as person, httpx.Client(base_url=here) as machine:
            assert person.get(link).status_code == 303
            assert person.get(link).status_code == 401
            late = {**MUTE, "end": "2001-01-01T00:00:00Z"}
            assert person.post("/v1/mutes", json=late).status_code == 403, "no page of ours sent this"
            assert person.post("/v1/mutes", json=late, headers={"Origin": here}).status_code == 409
            new = ["token", "create", "--name", "ci", "--role", "viewer", *files[2:]]
            assert run(new) == 0
            text = capsys.readouterr().out.strip()  # type: ignore[attr-defined]
            machine.headers["Authorization"] = f"Bearer {text}"
            assert machine.post("/v1/mutes", json=MUTE).status_code == 403
            told = machine.get("/v1/ledger", params={"kind": "access.denied"}).json()["entries"]
            assert [(one["actor"], one["subject"]) for one in told] == [
                ("first-admin", "/v1/mutes"),
                ("ci", "/v1/mutes"),
            ]
            assert run(["token", "revoke", "ci", "--store", files[1], *files[2:]]) == 0
            assert machine.get("/v1/ledger").status_code == 401
            assert run(["token", "revoke", "first-admin", "--store", files[1], *files[2:]]) == 0
            assert person.post("/v1/mutes", json=late, headers={"Origin": here}).status_code == 401
    assert run(["ledger", "verify", "--store", files[1]]) == 0
