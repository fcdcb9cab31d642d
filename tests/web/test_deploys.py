"""Deploys from events, each once, and how many of them went out during a freeze."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import httpx
import pytest

from allowance.changes.deploys import Deploy, version_of
from allowance.core.time import iso
from allowance.governance.adherence import Said, adherence, unasked
from allowance.governance.facts import Bullet, Freeze, Release, Standing, Waiver
from tests.web.conftest import START, House

pytestmark = pytest.mark.anyio
HEADERS = {"Content-Type": "application/cloudevents+json"}


def _event(kind: str, number: int, version: str, **content: Any) -> dict[str, Any]:
    artifact = f"pkg:oci/checkout@{version}?repository_url=r"
    subject = {
        "id": "checkout",
        "content": {"environment": {"id": "production"}, "artifactId": artifact, **content},
    }
    return {
        "specversion": "1.0",
        "type": f"dev.cdevents.service.{kind}",
        "id": f"id-{number}",
        "source": "/ci",
        "time": iso(START + 60 * number),
        "data": {"subject": subject, "customData": {"commit": f"c{number}"}},
    }


async def _send(api: httpx.AsyncClient, event: dict[str, Any]) -> None:
    answer = await api.post("/v1/events", json=event, headers=HEADERS)
    assert answer.status_code == 200, answer.text


async def test_cdevents_become_deploys_each_once(house: House) -> None:
    house.run_to(120)
    async with house.client("deployer") as api:
        await _send(api, _event("deployed.0.3.0", 1, "1.0.0"))
        await _send(api, _event("deployed.0.3.0", 1, "1.0.0"))
        await _send(api, _event("upgraded.0.2.0", 2, "1.1.0"))
        await _send(api, _event("rolledback.0.2.0", 3, "1.0.0"))
        await _send(api, _event("removed.0.2.0", 4, "1.0.0"))
        found = (await api.get("/v1/deploys", params={"service": "checkout"})).json()
    assert found["in_all"] == 3
    assert [(one["version"], one["commit"], one["state"]) for one in found["deploys"]] == [
        ("1.0.0", "c1", "ok"),
        ("1.1.0", "c2", "ok"),
        ("1.0.0", "c3", "rolled-back"),
    ]


@pytest.mark.parametrize("version", [{"specversion": "0.5.1"}, {"version": "0.4.1"}, {"specversion": "9.9"}])
async def test_a_cdevent_of_any_version_without_a_time_outside_has_the_one_inside(
    house: House, version: dict[str, str]
) -> None:
    house.run_to(120)
    event = _event("deployed.9.9.9", 1, "1.0.0")
    del event["time"]
    event["data"]["context"] = {**version, "timestamp": iso(START + 60)}
    async with house.client("deployer") as api:
        await _send(api, event)
        (found,) = (await api.get("/v1/deploys")).json()["deploys"]
        event["data"]["context"]["timestamp"] = "yesterday"
        refused = await api.post("/v1/events", json=event | {"id": "other"}, headers=HEADERS)
    assert (found["version"], found["at"]) == ("1.0.0", iso(START + 60))
    assert (refused.status_code, refused.json()["code"]) == (400, "cloudevent")


async def test_adherence_over_the_api_and_the_metrics(house: House) -> None:
    house.run_to(120)
    async with house.client("deployer") as api:
        empty = (await api.get("/v1/adherence")).json()
        assert (empty["deploys"], empty["share"]) == (0, None)
        await _send(api, _event("deployed.0.3.0", 1, "1.0.0"))
        found = (await api.get("/v1/adherence", params={"service": "checkout"})).json()
        assert len(found["unasked"]) == 1, "nobody asked the gate about it"
        assert (found["deploys"], found["during_freeze"], found["share"]) == (1, 0, "0")
        metrics = (await api.get("/metrics")).text
        nothing = await api.get("/v1/adherence", params={"from": iso(START), "to": iso(START)})
    assert 'allowance_deploys{frozen="no",service="checkout"} 1.0' in metrics
    assert 'allowance_deploys_unasked{service="checkout"} 1.0' in metrics
    assert nothing.json()["deploys"] == 0


def _deploy(id_: str, at: int, **changes: Any) -> Deploy:
    one = Deploy(
        id=id_,
        service="checkout",
        version=id_,
        commit="",
        environment="production",
        at=at,
        state="ok",
        source="ci",
    )
    return replace(one, **changes)


def _freeze(**changes: Any) -> Freeze:
    one = Freeze(
        id="F-1",
        service="checkout",
        slo="",
        begin=100,
        end=200,
        model="hard",
        policy="p",
        clause=2,
        why="spent",
        by="allowance",
        ends_when="",
        seq=1,
    )
    return replace(one, **changes)


def _said(at: int, **fields: Any) -> Said:
    one = Said(service="checkout", version="", commit="", environment="production", at=at, go=True)
    return replace(one, **fields)


def _ids(deploys: Sequence[Deploy]) -> tuple[str, ...]:
    return tuple(one.id for one in deploys)


def test_deploys_that_the_gate_was_not_asked_about_are_named() -> None:
    verdicts = [
        _said(90, version="1"),
        _said(120, version="1", commit="c"),
        _said(130, version="9", service="payments"),
        _said(140),
    ]
    deploys = [
        _deploy("asked", 100, version="1"),
        _deploy("by-commit", 130, version="2", commit="c"),
        _deploy("asked-too-late", 110, version="", commit="c"),
        _deploy("of-another-service", 150, version="9", commit=""),
        _deploy("nameless", 150, version="", commit=""),
        _deploy("back", 160, version="0", commit="", state="rolled-back"),
    ]
    assert _ids(unasked(deploys, verdicts)) == ("asked-too-late", "nameless", "of-another-service")


def test_what_the_gate_let_go_in_a_freeze_is_not_against_it() -> None:
    verdicts = [
        _said(90, version="before"),
        _said(100, version="hotfix"),
        _said(101, commit="c"),
        _said(102, version="staged", environment="staging"),
        _said(103, version="stopped", go=False),
        _said(103, version="twice"),
        _said(104, version="twice", go=False),
        _said(130, version="late"),
    ]
    names = ("before", "hotfix", "staged", "stopped", "twice", "late")
    deploys = [*(_deploy(one, 120) for one in names), _deploy("commit", 120, commit="c")]
    standing = Standing(freezes={"F-1": _freeze()})
    found = adherence(deploys, standing, verdicts, begin=0, end=1000)
    assert (found.during, found.allowed) == (7, 2)
    assert _ids(found.against) == ("before", "late", "staged", "stopped", "twice")


def test_adherence_counts_by_the_half_open_freeze() -> None:
    deploys = [
        _deploy("before", 99),
        _deploy("first", 100),
        _deploy("last", 199),
        _deploy("after", 200),
        _deploy("back", 150, state="rolled-back"),
        _deploy("elsewhere", 150, service="payments"),
        _deploy("outside", 1000),
    ]
    standing = Standing(freezes={"F-1": _freeze(), "F-2": _freeze(id="F-2", begin=0, end=None, model="soft")})
    found = adherence(deploys, standing, (), begin=0, end=1000)
    assert (found.deploys, found.during, found.allowed) == (6, 2, 0)
    assert _ids(found.against) == ("first", "last")
    assert str(found.share) == "1/3"


def test_an_exception_allows_what_is_inside_it() -> None:
    bullet = Bullet(
        id="B-1",
        unit="shop",
        period="2026-Q4",
        service="checkout",
        change="pr-1",
        environment="production",
        begin=100,
        end=150,
        by="a",
        approved_by=("b",),
        reason="r",
        memo={},
        obligation="O-1",
        seq=2,
    )
    standing = Standing(freezes={"F-1": _freeze()}, bullets={"B-1": bullet})
    deploys = [_deploy("in", 149), _deploy("late", 150), _deploy("staging", 120, environment="staging")]
    found = adherence(deploys, standing, (), begin=0, end=1000)
    assert (found.during, found.allowed, _ids(found.against)) == (3, 1, ("staging", "late"))


def test_a_release_allows_once_everything_was_shown_and_a_waiver_what_it_lifts() -> None:
    release = Release(
        id="R-1",
        service="checkout",
        change="pr-1",
        environment="production",
        begin=100,
        end=150,
        by="a",
        approved_by=("b",),
        plan="a flag",
        conditions={"the flag is off": "https://ci/1", "burn below 2 over 1h": ""},
        seq=2,
    )
    waiver = Waiver(
        id="W-1",
        service="checkout",
        slo=_freeze().slo,
        dependency="mail",
        mode="lenient",
        begin=150,
        end=160,
        by="a",
        reason="r",
        evidence=(),
        seq=3,
    )
    standing = Standing(freezes={"F-1": _freeze()}, releases={"R-1": release}, waivers={"W-1": waiver})
    deploys = [_deploy("released", 149), _deploy("waived", 159), _deploy("neither", 160)]
    assert _ids(adherence(deploys, standing, (), begin=0, end=1000).against) == ("neither",)
    promised = replace(release, conditions={"the flag is off": "", "burn below 2 over 1h": ""})
    other = replace(_freeze(), id="F-2", slo="checkout/other")
    standing = replace(standing, releases={"R-1": promised}, freezes={"F-1": _freeze(), "F-2": other})
    assert adherence(deploys, standing, (), begin=0, end=1000).allowed == 0


@pytest.mark.parametrize(
    ("purl", "version"),
    [
        ("pkg:oci/checkout@sha256%3Aabc?tag=1", "sha256:abc"),
        ("pkg:npm/a@1.2.3#sub", "1.2.3"),
        ("4.14.0", "4.14.0"),
        ("", ""),
    ],
)
def test_the_version_of_an_artifact(purl: str, version: str) -> None:
    assert version_of(purl) == version
