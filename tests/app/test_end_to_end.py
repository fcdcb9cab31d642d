"""From unmodified SDKs through the running program and a real Alertmanager to a webhook; on the way its contract changes."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.trace import SpanKind

from tests.fakes.nursery import served
from tests.fakes.receiver import Reply, receiving
from tests.peers import NODE, alertmanager_in, free_port, node_sdk, wait_until

CONTRACT = """
apiVersion: allowance/v1
kind: Service
metadata: {name: shop, labels: {team: web}}
spec:
  owner: team-shop
  tier: 1
  source: {otlp: traces}
  slos:
    - name: availability
      target: 99%
      valid: kind = 'server'
      good: http_status < 500
      alerts: [{severity: page, burn: 5, in: 10m, and: 10m}]
"""

NOTIFY = """
channels:
  am: {{kind: alertmanager, url: "{url}"}}
routes:
  - when: {{labels: {{tier: 1, team: web}}}}
    to: am
  - to: []
"""

ALERTMANAGER = """
route: {{receiver: hook, group_by: [service], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}
receivers:
  - name: hook
    webhook_configs: [{{url: "{url}"}}]
"""


def _serving(folder: Path, port: int, otlp: int) -> AbstractContextManager[int]:
    def ready() -> bool:
        lives = httpx.get(f"http://127.0.0.1:{port}/healthz").status_code == 200
        return lives and httpx.post(f"http://127.0.0.1:{otlp}/v1/traces").status_code in (200, 415)

    words = ["shop.yaml", "--notify", "notify.yaml", "--delay", "1s", "--listen", f"127.0.0.1:{port}"]
    return served([*words, "--otlp", f"127.0.0.1:{otlp}"], folder, ready)


def _python(address: str) -> None:
    """Twenty requests of some minutes ago, ten of which failed."""
    provider = TracerProvider(resource=Resource.create({"service.name": "shop"}))
    provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter(f"{address}/v1/traces")))
    begin = time.time_ns() - 180 * 10**9
    for number in range(20):
        span = provider.get_tracer("shop").start_span("GET /cart", kind=SpanKind.SERVER, start_time=begin)
        span.set_attribute("http.response.status_code", 503 if number % 2 else 200)
        span.end(end_time=begin + 10**7)
    provider.shutdown()


def _node(address: str) -> None:
    """Twenty requests of now, two of which failed, by an unmodified SDK of Node.js."""
    subprocess.run([node_sdk(), "service.js", address, "proto"], cwd=NODE, check=True, timeout=60)


def test_failing_requests_reach_a_person_and_a_contract_changes_on_the_way(tmp_path: Path) -> None:
    port, otlp = free_port(), free_port()
    (tmp_path / "am").mkdir()
    (tmp_path / "shop.yaml").write_text(CONTRACT)
    api = f"http://127.0.0.1:{port}"

    def slo() -> dict[str, object]:
        found: dict[str, object] = httpx.get(f"{api}/v1/slos/shop/availability").json()
        return found

    with (
        receiving(lambda _: Reply()) as hook,
        alertmanager_in(tmp_path / "am", ALERTMANAGER.format(url=hook.url)) as alertmanager,
    ):
        (tmp_path / "notify.yaml").write_text(NOTIFY.format(url=alertmanager))
        with _serving(tmp_path, port, otlp) as process:
            _python(f"http://127.0.0.1:{otlp}")
            _node(f"http://127.0.0.1:{otlp}")

            (tmp_path / "shop.yaml").write_text(CONTRACT.replace("team-shop", "team-web"))
            os.kill(process, signal.SIGHUP)
            wait_until(lambda: slo()["owner"] == "team-web", "the new contract", 60)
            (tmp_path / "shop.yaml").write_text(CONTRACT.replace("99%", "99 of 100"))
            os.kill(process, signal.SIGHUP)

            wait_until(lambda: len(hook.got) >= 1, "the page", 150)
            ready = httpx.get(f"{api}/readyz").json()
            assert ready["contract"]["where"].startswith("shop.yaml:11:"), ready
            found = slo()
    (alert,) = hook.got[0].json["alerts"]
    assert alert["labels"]["alertname"] == "SloBurnPage"
    assert (alert["labels"]["team"], alert["labels"]["tier"]) == ("web", "1")
    early, whole = "10 of 20 requests fail", "12 of 40 requests fail"
    assert alert["annotations"]["summary"] in (f"shop availability: {early}", f"shop availability: {whole}")
    assert found["owner"] == "team-web"
    assert found["total"] in (20, 40)  # those of this very minute may still be to come
    log = (tmp_path / "serve.log").read_text()
    assert "SLO shop/availability: owner team-shop -> team-web" in log
    assert "the contract was not reloaded" in log
