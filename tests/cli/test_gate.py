"""`allowance gate`: exit codes, the quick way without imports, waiting, and judging without a server."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from allowance.cli import gate_fast
from allowance.cli.gate_fast import CODES, EVERY, fast, parsed
from allowance.cli.main import run
from allowance.core.time import iso
from tests.fakes.receiver import Reply, receiving
from tests.peers import free_port, wait_until
from tests.web.conftest import START, TEXTS, House, house
from tests.web.test_gate import sign

__all__ = ["house"]

HEAVY = (
    "alembic", "argparse", "cyclopts", "dataclasses", "duckdb", "fastapi", "http.client", "httpx", "numpy", "orjson",
    "pydantic", "rich", "sqlalchemy", "ssl", "typing", "yaml",
)  # fmt: skip

QUICK = """
import sys
before = set(sys.modules)
sys.argv = ["allowance", "gate", *sys.argv[1:]]
from allowance.__main__ import main
try:
    main()
except SystemExit as left:
    code = left.code
print(code, *sorted(set(sys.modules) - before))
"""


@pytest.fixture
def served(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a house that has spent its budget; who asks may ask."""
    sign(house)
    house.run_to(200)
    port = free_port()
    app = house.app(open_reading=True)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started, "the server", 60)
    monkeypatch.setenv("ALLOWANCE_SERVER", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("ALLOWANCE_TOKEN", TEXTS["deployer"])
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(60)


def test_the_exit_codes_are_the_verdicts(served: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert fast(["checkout", "--version", "4.14.0"]) == CODES["stop"] == 1
    printed = capsys.readouterr().out
    assert printed.startswith("STOP   checkout 4.14.0 → production   feature, asked ")
    assert "  ✗ policy green-yellow-red §2" in printed
    assert "What would change this" in printed
    assert "ledger #1 sha " in printed
    assert fast(["checkout", "--change=hotfix"]) == CODES["go"] == 0
    assert run(["gate", "checkout", "--change", "rollback"]) == 0


def test_json_and_the_ordinary_way_say_the_same(served: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert fast(["checkout", "--key", "k", "--json"]) == 1
    quick = json.loads(capsys.readouterr().out)
    assert run(["gate", "checkout", "--key", "k", "--json"]) == 1
    assert json.loads(capsys.readouterr().out) == quick
    assert quick["ask"]["actor"] == "the-deployer"


def test_hold_is_three(served: str, house: House) -> None:
    house.source.history = type(house.source.history)(
        start=START,
        step=60,
        good=house.source.history.good[:90],
        total=house.source.history.total[:90],
    )
    house.loop.now = None
    assert fast(["checkout"]) == CODES["hold"] == 3


def test_without_a_token_it_only_looks(
    served: str, house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ALLOWANCE_TOKEN")
    assert fast(["checkout", "--change-id", "a b/ü&c", "--shadow"]) == 0
    assert "not recorded" in capsys.readouterr().err
    assert house.state.law.ledger.entries() == []


def test_the_token_comes_from_a_file(
    served: str, house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ALLOWANCE_TOKEN")
    (tmp_path / "token").write_text(TEXTS["tpm"] + "\n")
    assert fast(["checkout", "--token-file", str(tmp_path / "token")]) == 1
    assert house.state.law.ledger.entries()[0].actor == "the-tpm"
    assert fast(["checkout", "--token-file", str(tmp_path / "nothing")]) == 2


def test_waiting_ends_when_the_gate_opens(
    served: str, house: House, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def sleep(seconds: float) -> None:
        """What a freeze's end is to the server: the policy has no clause any more."""
        assert 0 < seconds <= EVERY
        house.loop.contract = house.loop.contract.__class__(services=house.loop.contract.services)
        house.clock.now += 5

    monkeypatch.setattr("time.sleep", sleep)
    assert fast(["checkout", "--wait"]) == 0
    assert re.search(
        r"waiting, at most 1[78]\d\d s more: checkout/availability: red, ", capsys.readouterr().err
    )
    (entry,) = house.state.law.ledger.entries()
    assert entry.payload["verdict"]["verdict"] == "go"


def test_waiting_has_an_end(served: str, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate_fast, "EVERY", 0.05)
    assert fast(["checkout", "--wait", "--timeout", "1s", "--key", "k"]) == 1
    assert len(house.state.law.ledger.entries()) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nothing"], "there is no service 'nothing'"),
        (["checkout", "--server", "http://127.0.0.1:1"], "gives no verdict"),
        (["checkout", "--server", "ftp://x"], "not an address"),
        (["checkout", "--server", "http://127.0.0.1:port"], "gives no verdict"),
        (["checkout", "--change", "party"], "change"),
    ],
)
def test_no_verdict_is_two(
    served: str, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert fast(arguments) == 2
    assert said in capsys.readouterr().err


def test_a_wrong_token_is_no_verdict(
    served: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ALLOWANCE_TOKEN", "alw_wrong\r\nX-Evil: 1")
    assert fast(["checkout"]) == 2
    monkeypatch.setenv("ALLOWANCE_TOKEN", TEXTS["viewer"])
    assert fast(["checkout"]) == 2
    assert "does not allow to ask" in capsys.readouterr().err


@pytest.mark.parametrize(
    "reply",
    [
        Reply(body="<html>"),
        Reply(body='{"verdict": "perhaps"}'),
        Reply(body='["go"]'),
        Reply(status=500, body='{"verdict": "go"}'),
        Reply(status=302, headers={"Location": "/"}),
        Reply(status=0),
        Reply(body=""),
    ],
)
def test_what_is_no_verdict_is_never_go(
    reply: Reply, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("ALLOWANCE_TOKEN", raising=False)
    with receiving(lambda request: reply) as receiver:
        assert fast(["checkout", "--server", receiver.url]) == 2
    assert capsys.readouterr().out == ""


def test_an_answer_in_chunks_is_read() -> None:
    body = json.dumps({"code": "x", "message": "in pieces", "hint": ""}).encode()
    chunks = b"".join(f"{len(part):x}\r\n".encode() + part + b"\r\n" for part in (body[:7], body[7:]))
    answer = b"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        wanted = parsed(["checkout", "--server", address])
        assert wanted is not None
        with pytest.raises(gate_fast.Trouble, match="in pieces"):
            gate_fast.asked(wanted, record=False)
        thread.join(60)


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["a", "b"],
        ["--help"],
        ["checkout", "-h"],
        ["checkout", "--contract", "shop.yaml"],
        ["checkout", "--change"],
        ["checkout", "--change", "--json"],
        ["checkout", "--timeout", "1h30m"],
        ["checkout", "--timeout", ""],
        ["checkout", "--colour=red"],
    ],
)
def test_what_is_not_plainly_understood_goes_the_ordinary_way(arguments: list[str]) -> None:
    assert fast(arguments) is None


def test_the_quick_way_imports_next_to_nothing(served: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", QUICK, "checkout", "--version", "1"],
        capture_output=True,
        text=True,
        check=False,
    )
    code, *modules = done.stdout.splitlines()[-1].split()
    assert code == "1", done.stderr
    loaded = {name.partition(".")[0] for name in modules} | set(modules)
    assert [name for name in HEAVY if name in loaded] == []
    ours = [name for name in modules if name.startswith("allowance.")]
    assert set(ours) <= {
        "allowance.__main__", "allowance.cli", "allowance.cli.gate_fast", "allowance.reports",
        "allowance.reports.verdict_text",
    }  # fmt: skip


CONTRACT = """
apiVersion: allowance/v1
kind: Service
metadata: {name: checkout}
spec:
  owner: shop
  runbook: https://wiki.shop.test/runbook
  source: {files: counts.csv}
  slos:
    - {name: pages, good: status < 500, target: 99}
"""


@pytest.fixture
def measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    rows = [f"{iso(START + 60 * n)},{100 if n < 50 else 60},100" for n in range(100)]
    (tmp_path / "counts.csv").write_text("\n".join(["time,good,total", *rows, ""]))
    (tmp_path / "shop.yaml").write_text(CONTRACT)
    return tmp_path


def test_without_a_server_the_contract_is_measured(
    measured: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["gate", "checkout", "--contract", "shop.yaml", "--json", "--at"]
    assert run([*words, iso(START + 6000)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["mode"], found["true_verdict"], found["blind"]) == ("advice", "stop", False)
    assert run([*words, iso(START + 3000)]) == 0
    assert json.loads(capsys.readouterr().out)["true_verdict"] == "go"
    assert run([*words, iso(START + 86400)]) == 0
    late = json.loads(capsys.readouterr().out)
    assert late["blind"] is True


def test_without_a_server_a_lost_source_is_said(measured: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (measured / "counts.csv").unlink()
    assert run(["gate", "checkout", "--contract", "shop.yaml", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["true_verdict"], found["blind"], found["as_of"]) == ("hold", True, None)
    assert run(["gate", "nothing", "--contract", "shop.yaml"]) == 2
    assert run(["gate", "checkout", "--at", iso(START)]) == 2
    capsys.readouterr()
    assert run(["gate", "checkout", "--contract", "shop.yaml", "--wait", "--key", "k"]) == 2
    assert "--wait, --key and --contract do not go together" in capsys.readouterr().err


def test_a_decision_is_shown_and_replayed(
    served: str, house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert fast(["checkout"]) == 1
    shown = capsys.readouterr().out
    store = str(tmp_path / "allowance.db")
    assert run(["decision", "show", "1", "--store", store]) == 0
    without_links = [line for line in shown.splitlines() if not line.strip().startswith("http://")]
    assert f"{served}/gate/1" in shown
    assert capsys.readouterr().out.splitlines() == without_links
    assert run(["decision", "replay", "1", "--store", store]) == 0
    assert capsys.readouterr().out == "#1: the same verdict, STOP\n"
    assert run(["decision", "replay", "2", "--store", store]) == 2
