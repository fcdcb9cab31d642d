"""`allowance ledger` on a store: what it prints, what it leaves with, and evidence that a stranger can check."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from allowance.cli.main import run
from allowance.edges.store.database import connect
from allowance.edges.store.ledger import StoredLedger
from allowance.governance.ledger import Draft
from tests.peers import need

T0 = 1_790_000_000
DAY = 86_400


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a store whose ledger has six entries, a day apart."""
    monkeypatch.chdir(tmp_path)
    engine = connect("allowance.db")
    with StoredLedger(engine).writing() as writing:
        for number in range(6):
            payload = {"why": f"reason {number}\u2028 “quoted” \n two", "share": "1/3", "prev": "f" * 64}
            kind = "freeze.began" if number % 2 else "gate.decided"
            at = T0 + number * DAY
            writing.append([Draft(kind=kind, subject="checkout", actor="ada", at=at, payload=payload)])
    engine.dispose()
    return tmp_path


def edit(statement: str) -> None:
    with sqlite3.connect("allowance.db") as raw:
        for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute(statement)
    raw.close()


def out(capsys: pytest.CaptureFixture[str]) -> str:
    return capsys.readouterr().out


def test_log_and_show(folder: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    def printed() -> str:
        return capsysbinary.readouterr().out.decode()

    assert run(["ledger", "log"]) == 0
    text = printed()
    assert text.count("freeze.began") == 3
    assert "reason 5" in text
    assert run(["ledger", "log", "--kind", "freeze", "--limit", "2", "--json"]) == 0
    assert [entry["seq"] for entry in json.loads(printed())["entries"]] == [4, 6]
    assert run(["ledger", "log", "--since", "2026-09-25", "--until", "2026-09-26", "--json"]) == 0
    assert [entry["seq"] for entry in json.loads(printed())["entries"]] == [5]
    assert run(["ledger", "log", "--actor", "nobody"]) == 0
    assert "no such entry" in printed()
    assert run(["ledger", "log", "--limit", "1"]) == 0
    assert "newest 1 " in printed()
    assert run(["ledger", "show", "3"]) == 0
    assert '"share": "1/3"' in printed()
    assert run(["ledger", "show", "3", "--json"]) == 0
    assert json.loads(printed())["seq"] == 3
    for words in (["show", "7"], ["show", "0"], ["log", "--limit", "0"], ["log", "--store", "no.db"]):
        assert run(["ledger", *words]) == 2
    assert not Path("no.db").exists()


def test_verify_names_the_first_broken_link(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ledger", "verify"]) == 0
    assert "from entry 1 to 6" in out(capsys)
    edit("UPDATE ledger SET actor = 'mallory' WHERE seq IN (3, 5)")
    assert run(["ledger", "verify"]) == 1
    assert out(capsys) == "BROKEN at entry 3: it was edited: its content does not give its hash\n"
    assert run(["ledger", "export", "--from", "2026-09-01", "--to", "2026-10-01", "--out", "ev"]) == 1
    assert not Path("ev").exists()
    assert run(["ledger", "checkpoint"]) == 1


def test_checkpoints_show_what_was_cut_off(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["ledger", "checkpoint", "--out", "sworn.jsonl"]) == 0
    key = capsys.readouterr().err.strip().rpartition(" ")[2]
    assert key.startswith("ed25519:")
    assert run(["ledger", "checkpoint", "--out", "sworn.jsonl"]) == 0
    assert len(Path("sworn.jsonl").read_text().splitlines()) == 2
    proof = ["--checkpoints", "sworn.jsonl", "--key", key]
    out(capsys)
    assert run(["ledger", "verify", *proof]) == 0
    assert "2 of 2 checkpoints" in out(capsys)
    edit("DELETE FROM ledger WHERE seq = 6")
    assert run(["ledger", "verify"]) == 0
    out(capsys)
    assert run(["ledger", "verify", *proof]) == 1
    assert "BROKEN at entry 6: it is missing" in out(capsys)
    assert run(["ledger", "checkpoint", "--out", "sworn.jsonl"]) == 1
    assert len(Path("sworn.jsonl").read_text().splitlines()) == 2
    assert run(["ledger", "verify", "--checkpoints", "sworn.jsonl"]) == 2
    assert run(["ledger", "verify", "--checkpoints", "sworn.jsonl", "--key", "ed25519:AAAA"]) == 2


def test_evidence_is_checked_by_strangers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["ledger", "export", "--from", "2026-09-22", "--to", "2026-09-25", "--out", "ev"]
    assert run(words) == 0
    listed = [Path(line).name for line in out(capsys).splitlines()]
    assert sorted(listed) == sorted(path.name for path in Path("ev").iterdir())
    assert Path("ev/evidence.pdf").read_bytes().startswith(b"%PDF")
    page = Path("ev/index.html").read_text()
    assert "every link holds" in page
    assert "<script src" not in page
    assert run(words) == 2, "evidence is not overwritten"
    assert _checked() == (0, "whole: entries 2 to 4")
    good = Path("ev/entries.jsonl").read_bytes()
    lines = good.splitlines(keepends=True)
    assert len(lines) == 3
    for bad in (
        good.replace(b'"actor":"ada"', b'"actor":"bob"', 1),
        good.replace(b'"schema":1', b'"schema": 1', 1),
        b"".join(lines[:-1]),
        b"".join(lines[1:]) + lines[0],
        lines[0] + lines[2],
        b"".join(lines) + lines[2],
        b"".join(lines[:2]) + lines[2].replace(b"ada", b"bob"),
    ):
        Path("ev/entries.jsonl").write_bytes(bad)
        code, said = _checked()
        assert code == 1
        assert said.startswith("broken")
    Path("ev/entries.jsonl").write_bytes(good)
    assert run(["ledger", "export", "--from", "2020-01-01", "--to", "2020-01-02", "--out", "other"]) == 2


def test_the_signature_is_checked_by_openssl(folder: Path) -> None:
    need("openssl", "openssl")
    assert run(["ledger", "export", "--from", "2026-09-22", "--to", "2026-09-25", "--out", "ev"]) == 0
    command = (
        "openssl pkeyutl -verify -pubin -inkey key.pem -rawin -in checkpoint.txt -sigfile checkpoint.sig"
    )
    done = subprocess.run(command.split(), cwd="ev", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Signature Verified Successfully" in done.stdout
    text = Path("ev/checkpoint.txt").read_bytes()
    Path("ev/checkpoint.txt").write_bytes(text.replace(b'"seq":4', b'"seq":5'))
    assert subprocess.run(command.split(), cwd="ev", capture_output=True, check=False).returncode != 0


def test_sha256sum_alone_shows_the_links(folder: Path) -> None:
    assert run(["ledger", "export", "--from", "2026-09-22", "--to", "2026-09-25", "--out", "ev"]) == 0
    shell = shutil.which("sh") or need("sh", "dash")
    command = "head -n 1 entries.jsonl | tr -d '\\n' | sha256sum"
    done = subprocess.run([shell, "-c", command], cwd="ev", capture_output=True, text=True, check=True)
    second = json.loads(Path("ev/entries.jsonl").read_bytes().split(b"\n")[1])
    assert done.stdout.split()[0] == second["prev"]


def _checked() -> tuple[int, str]:
    command = [sys.executable, "-I", "-S", "verify.py"]
    done = subprocess.run(command, cwd="ev", capture_output=True, text=True, check=False)
    assert not done.stderr
    return done.returncode, done.stdout.splitlines()[0]
