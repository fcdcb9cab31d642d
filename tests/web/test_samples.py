"""Errors, latencies and coverage over the API, from spans that the door took."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from allowance.alerting.plan import Settings as AlertSettings
from allowance.app.serve import Loop
from allowance.contract.read import read
from allowance.core.problem import ProblemError
from allowance.core.time import iso, parse_instant
from allowance.edges.samples_file import SampleSettings, checked_link
from allowance.edges.store import Store
from allowance.edges.store.database import connect
from allowance.signals.otlp_answer import PROTOBUF
from allowance.web.api import build_api
from allowance.web.live import LoopState
from allowance.web.otlp_door import OtlpDoor
from allowance.web.otlp_sink import Accepted, Request
from allowance.web.state import Settings
from allowance.web.tokens import Tokens
from tests.web.conftest import KNOWN, TEXTS

pytestmark = pytest.mark.anyio
NOW = 1_790_000_100
SECOND = 10**9
LINK = "https://tempo.example/{service}?t={trace_id}&s={span_id}"
CONTRACT = """
apiVersion: allowance/v1
kind: Service
metadata: {name: shop}
spec:
  owner: shop
  source: {otlp: traces}
  slos:
    - name: availability
      target: 99%
      valid: kind = 'server' AND http_route = '/pay'
      good: http_status < 500
"""


class Shop:
    """A door over a store that can be opened again, and an API in front of it."""

    def __init__(self, folder: Path) -> None:
        self.engine = connect(str(folder / "allowance.db"))
        self.store = Store(self.engine)
        self.now = NOW
        self.contract = read([("shop.yaml", CONTRACT.encode())]).trusted()
        self.open()

    def open(self) -> None:
        """As after a start."""
        settings = SampleSettings(trace_link=checked_link(LINK))
        self.door = OtlpDoor(self.contract.slos, self.store, lambda: self.now, samples=settings)

    def send(self, request: Any) -> None:
        assert self.door.accept([Request("traces", request.SerializeToString(), PROTOBUF)]) == [Accepted()]

    def measure(self, request: Any) -> None:
        assert self.door.accept([Request("metrics", request.SerializeToString(), PROTOBUF)]) == [Accepted()]

    def client(self) -> httpx.AsyncClient:
        loop = Loop(
            contract=self.contract,
            store=self.store,
            reader=lambda *args, **kwargs: pytest.fail("nothing is pulled"),
            targets=lambda notice, at: (),
            settings=AlertSettings(),
            doors=(self.door,),
        )
        loop.start(now=self.now)
        state = LoopState(loop=loop, store=self.store, engine=self.engine)
        app = build_api(state, Tokens(lambda: KNOWN), lambda: self.now, Settings(rate=1000, burst=1000))
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {TEXTS['viewer']}"}
        return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8787", headers=headers)


@pytest.fixture
async def shop(tmp_path: Path) -> AsyncIterator[Shop]:
    found = Shop(tmp_path)
    yield found
    found.store.close()


def spans(
    count: int,
    *,
    failed: bool = False,
    route: str = "/pay",
    took: int = 10_000_000,
    first: int = 0,
    service: str = "shop",
    exception: tuple[str, str] | None = None,
    **attributes: str,
) -> Any:
    request = ExportTraceServiceRequest()
    part = request.resource_spans.add()
    for key, value in {"service.name": service, "service.version": "1.2.3"}.items():
        part.resource.attributes.add(key=key).value.string_value = value
    scope = part.scope_spans.add()
    for number in range(first, first + count):
        start = (NOW - 60) * SECOND + number
        one = scope.spans.add(
            trace_id=(number + 1).to_bytes(16, "big"),
            span_id=(number + 1).to_bytes(8, "big"),
            name="POST /pay",
            kind=2,
            start_time_unix_nano=start,
            end_time_unix_nano=start + took,
        )
        said = {"http.route": route, **attributes}
        for key, value in said.items():
            one.attributes.add(key=key).value.string_value = value
        one.attributes.add(key="http.response.status_code").value.int_value = 500 if failed else 200
        if failed:
            one.status.code = 2  # type: ignore[assignment]
        if exception is not None:
            event = one.events.add(name="exception")
            event.attributes.add(key="exception.type").value.string_value = exception[0]
            event.attributes.add(key="exception.message").value.string_value = exception[1]
    return request


async def test_errors_are_grouped_counted_once_and_lead_to_their_traces(shop: Shop) -> None:
    timeout = spans(30, failed=True, exception=("java.net.Timeout", "host 7 gone"), **{"tenant.id": "acme"})
    shop.send(timeout)
    shop.send(timeout)
    shop.send(spans(10, failed=True, first=100, route="/pay/7f3e9a1c2b4d"))
    shop.send(spans(500, first=200))
    async with shop.client() as client:
        found = (await client.get("/v1/errors/shop")).json()
        nobody = (await client.get("/v1/errors/nobody")).json()
    assert nobody["signatures"] == []
    assert found["errors"] == 40
    first, second = found["signatures"]
    assert (first["place"], first["error"], first["exception"]) == ("/pay", "500", "java.net.Timeout")
    assert (first["errors"], first["share"], second["place"], second["share"]) == (30, "3/4", "/pay/#", "1/4")
    assert sum(one["errors"] for one in first["minutes"]) == 30
    assert len(first["samples"]) == 10
    newest = first["samples"][0]
    assert newest["trace"] == (30).to_bytes(16, "big").hex()
    assert newest["link"] == f"https://tempo.example/shop?t={newest['trace']}&s={newest['span']}"
    assert (newest["version"], newest["tenant"], newest["message"]) == ("1.2.3", "acme", "host 7 gone")


async def test_counts_of_errors_outlive_a_kill_and_samples_wait(shop: Shop) -> None:
    shop.send(spans(1, failed=True))
    shop.send(spans(6, failed=True, first=10))
    shop.open()
    shop.send(spans(2, failed=True, first=10))
    (only,) = shop.door.errors("shop", begin=NOW - 3600, end=NOW)
    assert only.events == 7
    assert len(only.samples) < 7


async def test_no_secret_reaches_the_store(shop: Shop, tmp_path: Path) -> None:
    secrets = ("4111 1111 1111 1111", "ada@example.org", "Bearer abcdef123456", "hunter2hunter2")
    message = f"card {secrets[0]} of {secrets[1]} with {secrets[2]}; password={secrets[3]}"
    shop.send(
        spans(
            3,
            failed=True,
            exception=("Declined", message),
            **{"tenant.id": secrets[1], "http.request.header.authorization": secrets[2]},
        )
    )
    (only,) = shop.door.errors("shop", begin=NOW - 3600, end=NOW)
    assert only.samples[0].message == "card [card] of [email] with [token]; [token]"
    shop.store.close()
    for path in tmp_path.iterdir():
        content = path.read_bytes()
        assert not any(secret.encode() in content for secret in secrets), path


async def test_latency_is_told_by_route_within_one_percent(shop: Shop) -> None:
    shop.send(spans(99, took=20_000_000))
    shop.send(spans(1, took=900_000_000, first=200))
    shop.send(spans(10, took=5_000_000, first=300, route="/cart"))
    async with shop.client() as client:
        found = (await client.get("/v1/latency/shop")).json()
        one = (await client.get("/v1/latency/shop", params={"route": "/cart"})).json()
        long = (await client.get("/v1/latency/shop", params={"from": iso(NOW - 90 * 86400)})).json()
    assert [route["route"] for route in found["routes"]] == ["/cart", "/pay"]
    pay = found["routes"][1]
    assert pay["events"] == 100
    assert pay["relative_error"] == "1/100"
    assert abs(Fraction(pay["p50"]) - 20) <= Fraction(20, 100)
    assert pay["p99"] < 21
    assert one["routes"] == found["routes"][:1]
    assert parse_instant(long["to"]) - parse_instant(long["from"]) == 14 * 86400, (
        "no longer than samples are kept"
    )
    assert [route["events"] for route in long["routes"]] == [10, 100]


@pytest.mark.parametrize(
    "text",
    ["tempo", "https://tempo/", "ftp://x/{trace_id}", "https://u:p@x/{trace_id}", "https://x/{trace_id}{y}"],
)
async def test_a_link_that_leads_nowhere_is_refused(text: str) -> None:
    with pytest.raises(ProblemError, match=re.escape("trace-link")):
        checked_link(text)


async def test_coverage_says_what_is_promised_and_not_seen(shop: Shop) -> None:
    shop.send(spans(5, route="/cart", **{"http.request.header.cookie": "a"}))
    shop.send(spans(1, service="stranger", first=50, failed=True, **{"user.email": "ada@example.org"}))
    async with shop.client() as client:
        found = (await client.get("/v1/coverage")).json()
    assert found["ratio"] == "1"
    (ours, stranger) = found["services"]
    assert (ours["name"], ours["signals"]["spans"], ours["unseen_routes"]) == ("shop", 5, ["/pay"])
    assert ours["attributes"]["service.version"] == "1"
    assert (stranger["name"], stranger["declared"]) == ("stranger", False)
    codes = {(one["code"], one["service"]) for one in found["findings"]}
    assert codes == {
        ("route-unseen", "shop"),
        ("promise-unseen", "shop"),
        ("attribute-missing", "shop"),
        ("attribute-missing", "stranger"),
        ("service-undeclared", "stranger"),
        ("sensitive-data", "stranger"),
    }


async def test_who_has_been_silent_for_a_day_is_not_covered(shop: Shop) -> None:
    shop.send(spans(5))
    shop.now += 2 * 86400
    async with shop.client() as client:
        found = (await client.get("/v1/coverage")).json()
    assert found["ratio"] == "0"
    assert [one["code"] for one in found["findings"]] == ["service-unseen"]


def histograms(*, at: int, explicit: tuple[int, ...], exponential: int) -> Any:
    """Cumulative seconds by route: `/pay` with bounds of 0.1, 0.2 and 0.4, `/cart` of 0.25 s and up to 1 % more."""
    request = ExportMetricsServiceRequest()
    part = request.resource_metrics.add()
    part.resource.attributes.add(key="service.name").value.string_value = "shop"
    times = {"start_time_unix_nano": (NOW - 200) * SECOND, "time_unix_nano": at * SECOND}
    by_bounds, by_base = (
        part.scope_metrics.add().metrics.add(name="http.server.request.duration", unit="s") for _ in range(2)
    )
    by_bounds.histogram.aggregation_temporality = by_base.exponential_histogram.aggregation_temporality = 2
    one = by_bounds.histogram.data_points.add(
        **times, count=sum(explicit), bucket_counts=explicit, explicit_bounds=[0.1, 0.2, 0.4]
    )
    one.attributes.add(key="http.route").value.string_value = "/pay"
    other = by_base.exponential_histogram.data_points.add(**times, count=exponential, scale=6)
    other.positive.offset = -128
    other.positive.bucket_counts.append(exponential)
    other.attributes.add(key="http.route").value.string_value = "/cart"
    return request


async def test_histograms_say_how_long_requests_took(shop: Shop) -> None:
    """Though no promise counts them; only what is new, however often it is sent, and also after a restart."""
    shop.measure(histograms(at=NOW - 120, explicit=(90, 10, 0, 0), exponential=5))
    shop.measure(histograms(at=NOW - 120, explicit=(90, 10, 0, 0), exponential=5))
    shop.door.flush()
    shop.open()
    shop.measure(histograms(at=NOW - 60, explicit=(90, 10, 100, 0), exponential=7))
    async with shop.client() as client:
        routes = (await client.get("/v1/latency/shop")).json()["routes"]
    cart, pay = routes
    assert [(one["route"], one["source"], one["events"]) for one in routes] == [
        ("/cart", "metrics", 7),
        ("/pay", "metrics", 200),
    ]
    assert 249 <= cart["p50"] <= 255
    assert (pay["p50"] < 200, 200 < pay["p90"] < 400, pay["relative_error"]) == (True, True, None)
