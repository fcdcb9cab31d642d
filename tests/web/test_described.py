"""The OpenAPI document says who needs a token, as the server is set up."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.web.conftest import House

pytestmark = pytest.mark.anyio
Asked = list[dict[str, list[str]]]


async def _security(house: House, *, open_reading: bool) -> dict[str, Asked]:
    async with house.client(open_reading=open_reading) as client:
        document: dict[str, Any] = (await client.get("/v1/openapi.json")).json()
    return {
        f"{method} {path}": found.get("security", [])
        for path, some in document["paths"].items()
        for method, found in some.items()
    }


async def test_reading_from_here_needs_no_token_where_that_is_open(house: House) -> None:
    closed = await _security(house, open_reading=False)
    opened = await _security(house, open_reading=True)
    bearer: Asked = [{"HTTPBearer": []}]
    assert closed["get /v1/alerts"] == bearer
    assert opened["get /v1/alerts"] == [{}, *bearer]
    assert opened["post /v1/mutes"] == closed["post /v1/mutes"] == bearer
    changed = {name for name in closed if closed[name] != opened[name]}
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(house.app(open_reading=True), client=("127.0.0.1", 1)),
        base_url="http://127.0.0.1:8080",
    ) as nobody:
        for name in closed:
            method, _, path = name.partition(" ")
            place = path.replace("{", "").replace("}", "")
            body = {} if method == "get" else {"json": {}}
            status = (await nobody.request(method, place, **body)).status_code
            assert (status == 401) == (closed[name] == bearer and name not in changed), (name, status)
