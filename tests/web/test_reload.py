"""The contract's files read again: good changes as a whole and in the ledger, bad ones said and left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from allowance.contract.diff import contract_hash
from allowance.contract.model import Contract
from allowance.contract.read import read
from allowance.core.problem import ProblemError
from allowance.web.contract_files import ContractFiles
from tests.budget.histories import MIN
from tests.web.conftest import START, House

pytestmark = pytest.mark.anyio

TEXT = """
apiVersion: allowance/v1
kind: Service
metadata: {name: checkout}
spec:
  source: {prometheus: "http://prometheus.example:9090"}
  slos:
    - name: availability
      target: 99.9%
      promql: {total: t, good: g}
      alerts: workbook
"""


class Files:
    """A contract in a file, and a house that runs by it."""

    def __init__(self, house: House, folder: Path) -> None:
        self.path, self.house = folder / "shop.yaml", house
        self.path.write_text(TEXT)
        contract = read([("shop.yaml", TEXT.encode())]).trusted()
        house.loop.adopt(contract)
        self.files = ContractFiles([str(folder)], contract, self.adopt, house.state.law)
        self.adopted: list[Contract] = []
        house.state.contract_files = self.files

    def adopt(self, contract: Contract) -> None:
        self.adopted.append(contract)
        self.house.loop.adopt(contract)

    def write(self, text: str) -> None:
        self.path.write_text(text)
        self.files.look(now=self.house.clock.now)


@pytest.fixture
def files(house: House, tmp_path: Path) -> Files:
    folder = tmp_path / "slo"
    folder.mkdir()
    return Files(house, folder)


async def test_a_good_change_is_taken_over_and_recorded(files: Files, house: House) -> None:
    house.run_to(90)
    files.write(TEXT.replace("99.9%", "99.5%"))
    assert [str(c.slos[0].target) for c in files.adopted] == ["199/200"]
    (entry,) = house.state.law.ledger.entries()
    assert (entry.kind, entry.actor, entry.payload["count"]) == ("contract.changed", "allowance", 1)
    assert entry.payload["after"] == contract_hash(files.adopted[0])
    assert entry.payload["changes"][0]["says"] == "SLO checkout/availability: target 99.9 % -> 99.5 %"
    counts = house.loop.histories["checkout/availability", ""].all()
    assert counts.total == 90 * 100  # another target keeps its counts
    assert house.loop.now is not None
    assert house.loop.now.evaluations[0][1].budget.allowed == 45


async def test_what_is_measured_as_before_is_not_read_again(files: Files, house: House) -> None:
    house.run_to(90)
    files.write(TEXT + "    - {name: more, target: 99%, promql: {total: a, good: b}}\n")
    asked = []
    source = house.loop.reader

    def reader(*words: object, **rest: object) -> object:
        asked.append(rest["begin"])
        return source(*words, **rest)  # type: ignore[arg-type]

    house.loop.reader = reader  # type: ignore[assignment]
    house.loop._collector._reader = reader  # type: ignore[attr-defined]
    house.run_to(91)
    assert house.loop.histories["checkout/availability", ""].all().total == 91 * 100
    assert house.loop.histories["checkout/more", ""].all().total == 91 * 100


async def test_a_bad_change_is_said_and_changes_nothing(files: Files, house: House) -> None:
    house.run_to(90)
    files.write(TEXT.replace("99.9%", "9x9%"))
    assert files.adopted == []
    assert files.files.problem is not None
    async with house.client("viewer") as client:
        found = (await client.get("/readyz")).json()
        assert found["ready"] is True
        assert found["contract"]["where"].startswith(f"{files.path}:9:")
    async with house.client(None) as client:
        hidden = (await client.get("/readyz")).json()["contract"]
        assert (hidden["message"], hidden["where"]) == ("the files are not in force", "")
    files.write(TEXT)
    assert files.files.problem is None
    assert house.state.law.ledger.entries() == []


async def test_files_that_are_gone_or_empty_change_nothing(files: Files) -> None:
    files.write("")
    assert files.files.problem is not None
    files.path.unlink()
    files.files.look(now=START)
    assert files.files.problem is not None
    assert files.adopted == []
    files.write(TEXT)
    assert files.files.problem is None


async def test_an_admin_reloads_and_sees_what_changed(files: Files, house: House) -> None:
    house.run_to(90)
    async with house.client("admin") as client:
        nothing = await client.post("/v1/reload")
        assert (nothing.status_code, nothing.json()["changes"]) == (200, [])
        files.path.write_text(TEXT.replace("availability", "orders"))
        found = (await client.post("/v1/reload")).json()
        assert [change["says"] for change in found["changes"]] == [
            "SLO checkout/availability removed",
            "SLO checkout/orders added",
        ]
        files.path.write_text(TEXT.replace("99.9%", "9x9%"))
        wrong = await client.post("/v1/reload")
        assert wrong.status_code == 422
        assert wrong.json()["where"].startswith(str(files.path))
    (entry,) = house.state.law.ledger.entries()
    assert entry.actor == "the-admin"
    assert len(files.adopted) == 1


async def test_what_fires_for_a_promise_that_is_gone_is_over(files: Files, house: House) -> None:
    house.run_to(120)
    assert "checkout/availability/page" in house.loop.lives
    files.write(TEXT.replace("availability", "orders"))
    house.run_to(121)
    said = [e for e in house.state.events(since=START + 121 * MIN) if "availability" in e["signature"]]
    assert [(e["says"], e["title"]) for e in said] == [
        ("resolved", "resolved: checkout/availability/page is not watched any more")
    ]
    assert "checkout/availability/page" not in house.loop.lives


async def test_a_program_without_files_says_so(house: House) -> None:
    house.run_to(90)
    async with house.client("admin") as client:
        answer = await client.post("/v1/reload")
    assert (answer.status_code, answer.json()["code"]) == (409, "contract")


async def test_what_cannot_be_adopted_stays_out(files: Files, house: House) -> None:
    from allowance.core.problem import refuse

    def adopt(contract: Contract) -> None:
        raise refuse("predicate", "this predicate cannot be counted")

    contract = read([("shop.yaml", TEXT.encode())]).trusted()
    stubborn = ContractFiles([str(files.path)], contract, adopt, house.state.law)
    files.path.write_text(TEXT.replace("99.9%", "99%"))
    with pytest.raises(ProblemError, match="cannot be counted"):
        stubborn.reload("ada", now=START)
    assert stubborn.problem is not None
    assert house.state.law.ledger.entries() == []
