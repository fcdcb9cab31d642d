"""Deciding under the ledger's lock: what is looked up meanwhile may ask what stands."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

from allowance.app.law import Law
from allowance.edges.store.database import connect
from allowance.edges.store.ledger import StoredLedger
from allowance.governance.facts import Standing
from allowance.governance.ledger import Draft


def test_who_decides_may_ask_what_stands(tmp_path: Path) -> None:
    engine = connect(str(tmp_path / "a.db"))
    law = Law(StoredLedger(engine))
    seen: list[Standing] = []

    def decide(standing: Standing) -> Sequence[Draft]:
        seen.extend((standing, law.standing()))
        return [Draft(kind="note", subject="shop", actor="emre", at=1, payload={})]

    thread = threading.Thread(target=law.act, args=(decide,), daemon=True)
    thread.start()
    thread.join(60)
    assert not thread.is_alive(), "it waits for itself"
    assert seen[0] == seen[1]
    assert law.standing().head == 1
    engine.dispose()
