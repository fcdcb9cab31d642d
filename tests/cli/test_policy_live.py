"""`allowance sign` and `freeze` against a running server: real HTTP, real tokens."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import uvicorn

from allowance.app.govern import Govern
from allowance.cli.main import GO, WRONG, run
from allowance.contract.policies import POLICIES
from tests.peers import free_port, wait_until
from tests.web.conftest import TEXTS, House, house

__all__ = ["house"]

Captured = pytest.CaptureFixture[str]


@pytest.fixture
def served(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    contract = house.loop.contract
    policy = replace(POLICIES["green-yellow-red"], name="shop-budget")
    services = tuple(replace(one, policy="shop-budget") for one in contract.services)
    house.loop.contract = replace(contract, services=services, budget_policies=(policy,))
    house.loop.after = (Govern(house.state.law, lambda: house.loop.contract, house.loop.counted),)
    house.run_to(90)
    house.run_to(120)
    port = free_port()
    config = uvicorn.Config(house.app(open_reading=True), host="127.0.0.1", port=port, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started, "the server", 60)
    monkeypatch.setenv("ALLOWANCE_SERVER", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("ALLOWANCE_TOKEN", TEXTS["tpm"])
    yield house
    server.should_exit = True
    thread.join(60)


def test_three_people_sign_on_a_server(
    served: House, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["sign", "shop-budget"]) == GO
    said = capsys.readouterr().out
    assert said.startswith("the-tpm signed shop-budget for product: version ")
    assert "Still missing: engineering, business." in said
    assert run(["sign", "shop-budget"]) == WRONG
    assert "[signed]" in capsys.readouterr().err
    assert run(["sign", "shop-budget", "--hash", "abc"]) == WRONG
    for role in ("engineer", "executive"):
        (tmp_path / role).write_text(TEXTS[role])  # type: ignore[index]
        assert run(["sign", "shop-budget", "--token-file", str(tmp_path / role)]) == GO
    assert "It is in force" in capsys.readouterr().out
    served.run_to(121)
    assert run(["freeze", "list", "checkout", "--json"]) == GO
    found = json.loads(capsys.readouterr().out)["freezes"]
    assert [one["binding"] for one in found] == [True, True]


def test_freezes_by_hand(served: House, capsys: Captured) -> None:
    assert run(["freeze", "list"]) == GO
    assert "advice" in capsys.readouterr().out
    assert run(["freeze", "begin", "payments", "--reason", "the ledger moves"]) == GO
    said = capsys.readouterr().out
    id_ = said.partition(":")[0]
    assert "payments is frozen (hard)" in said
    assert run(["freeze", "end", id_, "--reason", "it has moved"]) == GO
    assert f"{id_} of payments ended" in capsys.readouterr().out
    assert run(["freeze", "list", "payments", "--all"]) == GO
    assert "ended" in capsys.readouterr().out
    assert run(["freeze", "end", id_, "--reason", "again"]) == WRONG
    assert run(["freeze", "begin", "nobody", "--reason", "x"]) == WRONG
    assert run(["freeze", "begin", "payments", "--reason", "x", "--until", "yesterday"]) == WRONG
