"""The documented templates of Argo Rollouts and Flagger, run against the gate and judged as those programs judge."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
import yaml

from tests.docs.blocks import ROOT, blocks
from tests.fakes.rollouts import effect, hook, kayenta_verdict, measurement, metric_check
from tests.web.conftest import House
from tests.web.test_gate import replace_good, sign

pytestmark = pytest.mark.anyio

PAGE = (ROOT / "docs" / "gate.md").read_text()


def _documented(mark: str) -> list[Any]:
    """The documents of the YAML block of docs/gate.md that holds a mark."""
    (text,) = [one.text for one in blocks(PAGE, "docs/gate.md") if mark in one.text]
    return list(yaml.safe_load_all(text))


def _metric() -> Any:
    (template,) = _documented("kind: AnalysisTemplate")
    (metric,) = template["spec"]["metrics"]
    return metric


async def _measured(house: House, change: str = "feature") -> httpx.Response:
    """A measurement, at the address of the template."""
    web = _metric()["provider"]["web"]
    parts = urlsplit(web["url"].replace("{{args.service}}", "checkout"))
    assert web["jsonPath"] == "{$}"
    async with house.client("viewer") as api:
        return await api.get(parts.path, params={"change": change})


async def test_the_documented_metric_lets_a_rollout_go_pause_or_abort(house: House) -> None:
    metric = _metric()
    sign(house)
    house.source.history = replace_good(house)
    house.run_to(50)
    go = measurement(await _measured(house), metric)
    house.source.down = True
    house.run_to(51)
    hold = measurement(await _measured(house), metric)
    assert (go, hold) == ("Successful", "Inconclusive")
    assert (effect([go, go], metric), effect([go, hold], metric)) == ("continue", "pause")


async def test_a_stop_aborts_and_a_repair_goes_on(house: House) -> None:
    metric = _metric()
    sign(house)
    house.run_to(200)
    stop = measurement(await _measured(house), metric)
    repair = measurement(await _measured(house, "hotfix"), metric)
    assert (stop, repair) == ("Failed", "Successful")
    assert effect([repair, stop], metric) == "abort"


async def test_what_is_no_verdict_is_an_error_and_never_a_success(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Argo takes what is no JSON for a success, so each kind of failure has to be told apart from it."""
    metric = _metric()
    async with house.client(None) as nobody, house.client("viewer", rate=1, burst=1) as hurried:
        failures = [await nobody.get("/v1/argo/gates/checkout")]
        failures += [await hurried.get("/v1/argo/gates/checkout") for _ in range(3)][-1:]

        def crash(*_: object, **__: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr("allowance.web.argo.looked", crash)
        async with house.client("viewer") as api:
            failures.append(await api.get("/v1/argo/gates/checkout"))
    assert [one.status_code for one in failures] == [401, 429, 500]
    for one in failures:
        assert one.headers["content-type"].startswith("application/json")
        one.json()
        assert measurement(one, metric) == "Error"
    assert measurement(None, metric) == "Error"


def test_the_documented_limits_outlast_a_restart_of_the_server() -> None:
    """With the usual limit 40 seconds without an answer abort a rollout; with the documented one three minutes do not."""
    metric = _metric()
    outage: list[Any] = ["Successful", *["Error"] * 18, "Successful"]
    assert effect(outage, metric) == "continue"
    assert effect(outage, {}) == "abort"


@pytest.mark.parametrize(
    ("score", "phase"),
    [
        (100.0, "Successful"),
        (94.9, "Inconclusive"),
        (75.0, "Inconclusive"),
        (0.0, "Failed"),
        ("97", "Error"),
        (None, "Error"),
    ],
)
def test_the_emulated_kayenta_client_cuts_scores(score: Any, phase: str) -> None:
    assert kayenta_verdict(score, {"pass": 95, "marginal": 75}) == phase


async def _webhooks(house: House, *, as_: Any) -> dict[str, str]:
    """What Flagger does after each of the documented webhooks."""
    canary = _documented("may-it-begin")[0]
    posted = {"name": "checkout", "namespace": "shop", "phase": "Progressing", "checksum": "7d9f6c"}
    found = {}
    async with house.client(as_) as api:
        for one in canary["analysis"]["webhooks"]:
            assert all(isinstance(value, str) for value in one["metadata"].values())
            path = urlsplit(one["url"]).path
            answer = await api.post(path, json=posted | {"metadata": one["metadata"]})
            found[one["type"]] = hook(one["type"], answer.status_code)
    return found


async def test_the_documented_webhooks_wait_under_a_stop_and_never_roll_back(house: House) -> None:
    waits = {"confirm-rollout": "waits", "confirm-promotion": "waits", "rollback": "goes on"}
    assert await _webhooks(house, as_=None) == waits, "nobody has a token"
    sign(house)
    assert (await _webhooks(house, as_="deployer"))["rollback"] == "goes on", "before the first tick"
    house.run_to(200)
    assert await _webhooks(house, as_="deployer") == waits
    async with house.client("deployer") as api:
        decided = {"service": "checkout", "change": "rollback", "change_id": "7d9f6c"}
        assert (await api.post("/v1/decisions", json=decided)).status_code == 201
    assert (await _webhooks(house, as_="deployer"))["rollback"] == "rolls back", "somebody decided so"


async def test_the_documented_metric_template_passes_where_the_gate_says_go(house: House) -> None:
    canary, template = _documented("may-it-begin")
    limits = canary["analysis"]["metrics"][0]["thresholdRange"]
    spec = template["spec"]
    base = urlsplit(spec["provider"]["address"]).path
    sign(house)
    house.run_to(200)
    async with house.client("viewer") as api, house.client(None) as nobody:

        async def checked(who: httpx.AsyncClient, query: str) -> str:
            asked = {"query": " ".join(query.split())}
            return metric_check(await who.get(f"{base}/api/v1/query", params=asked), limits)

        assert await checked(api, "vector(1)") == "pass", "Flagger asks this first"
        assert await checked(api, spec["query"]) == "fail"
        assert await checked(api, 'allowance_gate{\n  service="checkout",\n  change="hotfix"\n}') == "pass"
        assert await checked(api, 'allowance_gate{service="nobody"}') == "no values"
        assert await checked(nobody, spec["query"]) == "error"
        assert await checked(api, "up") == "error"
