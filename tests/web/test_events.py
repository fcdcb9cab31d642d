"""CloudEvents in their three forms, each taken once; deploys hold tickets and nothing else."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest

from allowance.core.time import iso
from allowance.edges.store.acks import arrivals_table
from tests.budget.histories import MIN
from tests.web.conftest import START, House

pytestmark = pytest.mark.anyio
NOW = START + 120 * MIN + 7
STRUCTURED = {"Content-Type": "application/cloudevents+json; charset=UTF-8"}
BATCH = {"Content-Type": "Application/CloudEvents-Batch+JSON"}


def _deploy(number: int = 1, service: str = "checkout", **changes: Any) -> dict[str, Any]:
    subject = {"id": service, "content": {"artifactId": f"pkg:oci/{service}@sha256%3Aabc"}}
    event = {
        "specversion": "1.0",
        "type": "dev.cdevents.service.deployed.0.3.0",
        "id": f"id-{number}",
        "source": "/ci/shop",
        "time": iso(NOW - 60).replace("Z", ".25+00:00"),
        "data": {"context": {"specversion": "0.5.1"}, "subject": subject},
    }
    return event | changes


async def _send(
    api: httpx.AsyncClient, document: Any, headers: dict[str, str] = STRUCTURED
) -> httpx.Response:
    return await api.post("/v1/events", content=json.dumps(document), headers=headers)


async def test_a_deploy_holds_the_tickets_of_its_service(house: House, api: httpx.AsyncClient) -> None:
    answer = await _send(api, _deploy())
    assert answer.status_code == 200
    taken = answer.json()
    assert (taken["accepted"], taken["duplicates"], taken["notes"]) == (1, 0, [])
    (mute,) = taken["mutes"]
    assert mute["labels"] == {"service": "checkout", "severity": "ticket"}
    assert (mute["begin"], mute["end"]) == (iso(NOW - 60), iso(NOW - 60 + 900))
    assert (mute["kind"], mute["unless_burn_above"]) == ("deploy", 6.0)
    assert mute["reason"] == "checkout was deployed: pkg:oci/checkout@sha256%3Aabc"
    assert (await api.get("/v1/mutes")).json()["mutes"] == [mute]


async def test_a_sender_of_webhooks_may_ask_first(api: httpx.AsyncClient) -> None:
    agreed = await api.options("/v1/events", headers={"WebHook-Request-Origin": "events.example.com"})
    assert (agreed.status_code, agreed.headers["allow"]) == (200, "POST")
    assert agreed.headers["webhook-allowed-origin"] == "events.example.com"
    assert int(agreed.headers["webhook-allowed-rate"]) > 0
    assert "webhook-allowed-origin" not in (await api.options("/v1/events")).headers


async def test_the_same_event_is_taken_once_in_any_form(house: House, api: httpx.AsyncClient) -> None:
    await _send(api, _deploy())
    again = (await _send(api, [_deploy(), _deploy(2), _deploy(2)], BATCH)).json()
    assert (again["accepted"], again["duplicates"], len(again["mutes"])) == (1, 2, 1)
    binary = {f"ce-{k}": v for k, v in _deploy().items() if k != "data"}
    third = await api.post("/v1/events", json=_deploy()["data"], headers=binary)
    assert (third.json()["accepted"], third.json()["duplicates"]) == (0, 1)
    assert len((await api.get("/v1/mutes")).json()["mutes"]) == 2
    other = await _send(api, _deploy(1, source="/ci/other"))
    assert other.json()["accepted"] == 1


async def test_a_mute_that_was_ended_stays_ended(api: httpx.AsyncClient) -> None:
    mute = (await _send(api, _deploy())).json()["mutes"][0]
    await api.delete(f"/v1/mutes/{mute['id']}")
    await _send(api, _deploy())
    assert (await api.get("/v1/mutes")).json() == {"mutes": []}


async def test_binary_headers_are_decoded_once(house: House, api: httpx.AsyncClient) -> None:
    headers = {
        "ce-specversion": "1.0",
        "CE-Type": "org.example.flag",
        "ce-id": '"quoted \\"id\\""',
        "ce-source": "/flags/caf%C3%A9%2520",
        "Content-Type": "application/octet-stream",
    }
    answer = await api.post("/v1/events", content=b"\x00\xff", headers=headers)
    assert answer.json() == {"accepted": 1, "duplicates": 0, "mutes": [], "notes": []}
    with house.state.engine.connect() as connection:
        row = connection.execute(arrivals_table.select()).one()
    assert (row.id, row.source, row.at) == ('quoted "id"', "/flags/café%20", NOW)
    kept = json.loads(row.body)
    assert base64.b64decode(kept["data_base64"]) == b"\x00\xff"
    assert kept["datacontenttype"] == "application/octet-stream"


async def test_the_clock_of_a_pipeline_that_is_ahead_delays_nothing(api: httpx.AsyncClient) -> None:
    (mute,) = (await _send(api, _deploy(time=iso(NOW + 86400)))).json()["mutes"]
    assert mute["begin"] == iso(NOW)
    (mute,) = (await _send(api, _deploy(2, time=None, data=None, subject="payments"))).json()["mutes"]
    assert (mute["begin"], mute["labels"]["service"]) == (iso(NOW), "payments")


async def test_a_service_that_nobody_promised_holds_nothing(api: httpx.AsyncClient) -> None:
    taken = (await _send(api, _deploy(service="unknown"))).json()
    assert (taken["accepted"], taken["mutes"]) == (1, [])
    assert taken["notes"] == ["no service 'unknown' in the contract: this deploy holds nothing"]
    other = (await _send(api, _deploy(2, type="dev.cdevents.service.removed.0.3.0"))).json()
    assert (other["accepted"], other["mutes"], other["notes"]) == (1, [], [])


DEEP: Any = 1
for _ in range(300):
    DEEP = [DEEP]


@pytest.mark.parametrize(
    ("document", "headers", "status"),
    [
        ({}, {"Content-Type": "application/json"}, 415),
        (_deploy(), {"Content-Type": "application/cloudevents+avro"}, 415),
        (_deploy(), {"Content-Type": "application/cloudevents-batch+avro"}, 415),
        ([_deploy()], STRUCTURED, 400),
        (_deploy(), BATCH, 400),
        ([_deploy(), 7], BATCH, 400),
        ([_deploy(n) for n in range(1001)], BATCH, 400),
        (_deploy(id=""), STRUCTURED, 400),
        (_deploy(id=7), STRUCTURED, 400),
        (_deploy(id="a\x00b"), STRUCTURED, 400),
        (_deploy(id="x" * 1001), STRUCTURED, 400),
        (_deploy(source=None), STRUCTURED, 400),
        (_deploy(specversion="0.3"), STRUCTURED, 400),
        (_deploy(time="soon"), STRUCTURED, 400),
        (_deploy(time="9999-12-31T23:59:59-12:00"), STRUCTURED, 200),
        (_deploy(Extra="upper"), STRUCTURED, 400),
        (_deploy(extra=[1]), STRUCTURED, 400),
        (_deploy(data_base64="!"), STRUCTURED, 400),
        (_deploy(data=DEEP), STRUCTURED, 400),
        ({}, {"ce-id": "1"}, 400),
        ({}, {"ce-id": "%C0%A0", "ce-source": "/a", "ce-specversion": "1.0", "ce-type": "t"}, 400),
    ],
)
async def test_what_is_refused(
    api: httpx.AsyncClient, document: Any, headers: dict[str, str], status: int
) -> None:
    answer = await _send(api, document, headers)
    assert answer.status_code == status, answer.text
    if status != 200:
        assert set(answer.json()) == {"code", "severity", "message", "where", "hint"}
        assert (await api.get("/v1/mutes")).json() == {"mutes": []}


async def test_a_bad_event_refuses_the_whole_batch(api: httpx.AsyncClient) -> None:
    assert (await _send(api, [_deploy(), {}], BATCH)).json()["where"] == "event 2"
    assert (await _send(api, _deploy())).json()["accepted"] == 1
