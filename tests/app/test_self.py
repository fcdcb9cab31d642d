"""Allowance's promises about itself: the shipped contract is clean, and a Prometheus that scrapes it measures them."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from allowance.cli.main import run
from tests.fakes.nursery import served
from tests.peers import free_port, need, running, wait_until

CONTRACT = """
apiVersion: allowance/v1
kind: Service
metadata: {{name: shop}}
spec:
  source: {{prometheus: "{url}"}}
  slos:
    - {{name: availability, promql: {{total: a, good: b}}}}
"""

SCRAPING = """
global: {{scrape_interval: 1s}}
scrape_configs:
  - job_name: allowance
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""


def test_the_shipped_contract_is_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["init", "--self", "--from", "http://prometheus:9090"]) == 0
    assert "(no warnings)" in capsys.readouterr().out
    assert run(["check", "allowance-self.yaml", "--strict"]) == 0
    assert run(["init", "--self"]) == 2
    assert "is there already" in capsys.readouterr().err


def test_a_prometheus_that_scrapes_a_running_server_measures_its_promises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.chdir(tmp_path)
    program, port, scraper = need("prometheus", "prometheus"), free_port(), free_port()
    url = f"http://127.0.0.1:{scraper}"
    (tmp_path / "shop.yaml").write_text(CONTRACT.format(url=url))
    (tmp_path / "prometheus.yml").write_text(SCRAPING.format(port=port))
    prometheus = [
        program,
        f"--config.file={tmp_path / 'prometheus.yml'}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{scraper}",
    ]
    serve = ["shop.yaml", "--listen", f"127.0.0.1:{port}", "--delay", "1s"]
    with (
        running(prometheus, tmp_path / "prometheus.log"),
        served(serve, tmp_path, lambda: httpx.get(f"http://127.0.0.1:{port}/v1/slos").status_code == 200),
    ):

        def scraped() -> bool:
            query = {"query": "count_over_time(allowance_tick_lag_seconds[1m])"}
            found = httpx.get(f"{url}/api/v1/query", params=query).json()["data"]["result"]
            return bool(found) and int(found[0]["value"][1]) >= 3

        def measured() -> bool:
            for _ in range(3):
                httpx.get(f"http://127.0.0.1:{port}/v1/slos")
            assert run(["status", "allowance-self.yaml", "--json"]) == 0
            rows = json.loads(capfdbinary.readouterr().out)["slos"]
            known.update({row["slo"]: row for row in rows if row.get("total")})
            return {"ticks", "deliveries"} <= set(known)

        known: dict[str, dict[str, int]] = {}
        wait_until(scraped, "three scrapes", 120)
        assert run(["init", "--self", "--from", url]) == 0
        capfdbinary.readouterr()
        wait_until(measured, "the promises", 150, pause=1)
    assert known["ticks"]["good"] == known["ticks"]["total"]
    assert known["deliveries"]["good"] == known["deliveries"]["total"]
