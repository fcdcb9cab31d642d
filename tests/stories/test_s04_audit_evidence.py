"""S4. The auditor of a regulated firm asks: who let this change go, on what grounds, and how do I know that it is so?

The answer is a folder that the auditor checks on a machine of their own, with nothing of ours on it.
"""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from allowance.core.duration import DAY
from allowance.core.time import iso
from tests.stories.town import Said, Town, month

pytestmark = pytest.mark.xdist_group("stories")

CONTRACT = """\
apiVersion: allowance/v1
kind: ErrorBudgetPolicy
metadata: {name: bank-agreement}
spec:
  preset: green-yellow-red
  revisit: 2099-01-01
---
apiVersion: allowance/v1
kind: Service
metadata: {name: settlement}
spec:
  owner: team-settlement
  policy: bank-agreement
  runbook: https://wiki.town.test/settlement
  source: {files: settlement.csv}
  slos:
    - {name: settled, description: A payment is settled., good: status < 500, target: 99.9%}
  journeys:
    - {name: settle, outcome: Money is where it should be., owner: product}
"""

CHANGE = ("settlement", "--change", "config", "--version", "12.1", "--key", "run-4711")


def furnish(town: Town) -> None:
    """A month like any other."""
    town.write("settlement.yaml", CONTRACT)
    town.write("settlement.csv", month(town.now))


def test_every_decision_is_proven_to_a_stranger(town: Town) -> None:
    # Nobody has signed the bank's policy, so the gate only advises.
    assert json.loads(town.gate(*CHANGE[:-2], "--json").out)["mode"] == "advice"

    # A pipeline may not sign for people. It tries, is refused, and the attempt is on record.
    assert town.says("pipeline", "sign", "bank-agreement").code == 2
    denied = town.says("Ada Admin", "ledger", "log", "--kind", "access.denied", "--actor", "pipeline")
    assert "sign" in denied.out

    # Three people sign this very version, each for their party. From now on it decides.
    for who in ("Tess Product", "Emre Engineer", "Bo Business"):
        assert town.says(who, "sign", "bank-agreement").code == 0
    decided = json.loads(town.gate(*CHANGE, "--json").out)
    assert (decided["verdict"], decided["mode"], decided["ask"]["actor"]) == ("go", "binding", "pipeline")

    # The job is run again: the same question under the same key is the same entry, not a second decision.
    assert json.loads(town.gate(*CHANGE, "--json").out)["id"] == decided["id"]

    # A checkpoint is sworn and kept where those who run the database cannot write.
    elsewhere = ("--out", str(town.folder / "elsewhere.jsonl"))
    assert town.says("Ada Admin", "ledger", "checkpoint", *elsewhere).code == 0

    # The auditor gets the period in a folder, and checks it with Python's standard library alone.
    period = ("--from", iso(town.now - DAY), "--to", iso(int(time.time()) + 1))
    exported = town.says("Ada Admin", "ledger", "export", *period, "--out", "evidence")
    assert exported.code == 0, exported.err
    assert _auditor(town.folder / "evidence").returncode == 0
    entries = [
        json.loads(line) for line in (town.folder / "evidence" / "entries.jsonl").read_text().splitlines()
    ]
    kinds = [one["kind"] for one in entries if one["subject"] in ("bank-agreement", "settlement")]
    assert kinds.count("policy.signed") == 3
    assert "settlement" in (town.folder / "evidence" / "index.html").read_text()

    # On what grounds? Judged again from the evidence in the entry alone, every verdict of the period comes out as it was.
    verdicts = [one["seq"] for one in entries if one["kind"] == "gate.decided"]
    assert decided["id"] in verdicts
    for number in verdicts:
        assert town.says("Ada Admin", "decision", "replay", str(number)).code == 0

    # And if one word had been changed in what the auditor was given?
    told = town.folder / "evidence" / "entries.jsonl"
    told.write_text(told.read_text().replace('"version":"12.1"', '"version":"12.2"', 1))
    assert _auditor(town.folder / "evidence").returncode == 1


def test_who_edits_or_cuts_the_books_is_found_out(town: Town) -> None:
    # Somebody with the keys of the database works on a copy of it, so that the town itself goes on.
    town.gate("settlement")
    sworn = town.says("Ada Admin", "ledger", "checkpoint", "--out", "kept.jsonl", "--key", "bank.key")
    key = next(word for word in (sworn.out + sworn.err).split() if word.startswith("ed25519:"))
    for name in ("edited", "cut"):
        assert town.says("Ada Admin", "backup", f"{name}.db").code == 0
    assert _verified(town, "edited").code == 0

    # An entry is edited: the database refuses, and who forces it is found by the entry's number.
    with pytest.raises(sqlite3.DatabaseError):
        _forced(town.folder / "edited.db", "UPDATE ledger SET actor = 'nobody' WHERE seq = 2")
    _forced(town.folder / "edited.db", "UPDATE ledger SET actor = 'nobody' WHERE seq = 2", unlocked=True)
    edited = _verified(town, "edited")
    assert edited.code == 1
    assert "entry 2" in edited.out

    # The end is cut off: the chain itself looks whole, and the checkpoint that was kept elsewhere shows it.
    _forced(
        town.folder / "cut.db", "DELETE FROM ledger WHERE seq = (SELECT max(seq) FROM ledger)", unlocked=True
    )
    assert _verified(town, "cut").code == 0
    cut = _verified(town, "cut", "--checkpoints", "kept.jsonl", "--key", key)
    assert cut.code == 1
    assert "it is missing: a checkpoint swears to entries up to" in cut.out


def _auditor(folder: Path) -> subprocess.CompletedProcess[str]:
    """The check that lies in the folder, by a Python without any package."""
    python = shutil.which("python3") or sys.executable
    return subprocess.run(
        [python, "-I", "-S", "verify.py"], cwd=folder, capture_output=True, text=True, check=False
    )


def _verified(town: Town, name: str, *words: str) -> Said:
    return town.says("Ada Admin", "ledger", "verify", "--store", f"{name}.db", *words)


def _forced(store: Path, statement: str, *, unlocked: bool = False) -> None:
    """Write to the ledger past the program; `unlocked`: the triggers that refuse it are dropped first."""
    connection = sqlite3.connect(store)
    try:
        if unlocked:
            names = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
            for (name,) in names:
                connection.execute(f"DROP TRIGGER {name}")
        connection.execute(statement)
        connection.commit()
    finally:
        connection.close()
