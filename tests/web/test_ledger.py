"""The ledger over the API: page by page, one by one, and doubted."""

from __future__ import annotations

import httpx
import pytest

from allowance.governance.ledger import Draft
from tests.web.conftest import START, House

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def written(house: House) -> None:
    """Five entries, a minute apart."""
    for number in range(5):
        kind = "trial.ended" if number % 2 else "note.made"
        subject = f"checkout/slo{number}"
        payload = {"why": f"reason {number}", "share": "1/3"}
        draft = Draft(kind=kind, subject=subject, actor="ada", at=START + 60 * number, payload=payload)
        house.state.law.act(lambda _, one=draft: (one,))


async def test_pages_hold_every_entry_once(api: httpx.AsyncClient) -> None:
    after, seen = 0, []
    while True:
        page = (await api.get("/v1/ledger", params={"after": after, "limit": 2})).json()
        seen += [entry["seq"] for entry in page["entries"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert seen == [1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("words", "seqs"),
    [
        ({"kind": "note"}, [1, 3, 5]),
        ({"kind": "trial.ended", "limit": "1"}, [2]),
        ({"subject": "checkout/slo3"}, [4]),
        ({"subject": "checkout", "after": "3"}, [4, 5]),
        ({"actor": "bob"}, []),
        ({"since": "2100-01-01T00:00:00Z"}, []),
    ],
)
async def test_some_of_them(api: httpx.AsyncClient, words: dict[str, str], seqs: list[int]) -> None:
    found = (await api.get("/v1/ledger", params=words)).json()
    assert [entry["seq"] for entry in found["entries"]] == seqs


async def test_one_entry(api: httpx.AsyncClient) -> None:
    entry = (await api.get("/v1/ledger/2")).json()
    assert (entry["kind"], entry["actor"], entry["payload"]["share"]) == ("trial.ended", "ada", "1/3")
    assert entry["prev"] == (await api.get("/v1/ledger/1")).json()["hash"]
    assert (await api.get("/v1/ledger/6")).status_code == 404
    for wrong in ("0", "-1", "x", str(2**60)):
        assert (await api.get(f"/v1/ledger/{wrong}")).status_code == 422
    for params in ({"after": "-1"}, {"limit": "0"}, {"since": "today"}, {"kind": "a\x00"}):
        assert (await api.get("/v1/ledger", params=params)).status_code == 422


async def test_it_is_looked_through_and_not_at_every_request(house: House, api: httpx.AsyncClient) -> None:
    good = (await api.get("/v1/ledger/verification")).json()
    assert (good["whole"], good["head"], good.get("broken")) == (True, 5, None)
    with house.state.engine.begin() as connection:
        connection.exec_driver_sql("DROP TRIGGER ledger_no_update")
        connection.exec_driver_sql("UPDATE ledger SET actor = 'mallory' WHERE seq = 3")
    assert (await api.get("/v1/ledger/verification")).json() == good
    house.clock.now += 10
    bad = (await api.get("/v1/ledger/verification")).json()
    assert (bad["whole"], bad["broken"]["seq"]) == (False, 3)
    assert "edited" in bad["broken"]["why"]
