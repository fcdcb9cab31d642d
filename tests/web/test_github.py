"""GitHub's webhooks: signed, taken once; deployments wait for the gate, also over a restart."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from allowance.app.protection import EVERY, LONGEST
from allowance.core.problem import ProblemError
from allowance.core.time import iso
from allowance.edges.channels.secret import Secret
from allowance.edges.github_file import GithubSettings, read_github
from allowance.edges.store import github_pending
from allowance.web.github_answers import Answering
from tests.fakes import github as fake
from tests.fakes.github import Github
from tests.web.conftest import House
from tests.web.test_gate import sign

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def server() -> Iterator[Github]:
    with fake.github() as found:
        yield found


@pytest.fixture
def github(server: Github) -> Github:
    server.down = server.gone = False
    server.told.clear()
    return server


@pytest.fixture
def spent(house: House) -> House:
    sign(house)
    house.run_to(200)
    return house


def _settings(github: Github, **changes: Any) -> GithubSettings:
    fields: dict[str, Any] = {
        "services": {"octo/shop": "checkout"},
        "secret": Secret(env="HOOK", _value=fake.SECRET),
        "api": github.url,
        "app": "4711",
        "key": github.pem,
    }
    return GithubSettings(**fields | changes)


async def _send(
    house: House, settings: GithubSettings | None, kind: str, payload: Any, delivery: str = "d-1"
) -> httpx.Response:
    body = json.dumps(payload).encode()
    async with house.client(None, github=settings) as client:
        return await client.post("/v1/github", content=body, headers=fake.headers(kind, body, delivery))


@dataclass
class Lease:
    """Held by this process, or by another one."""

    held: bool = True


def _answering(house: House, settings: GithubSettings, lease: Lease | None = None) -> Answering:
    own = lease or Lease()
    asked = house.app(github=settings).state.house
    return Answering(house.state.engine, asked, settings, allowed=lambda: own.held)


def _attend(house: House, settings: GithubSettings) -> None:
    """One look, as the running program takes it every second, with nothing kept from the look before."""
    _answering(house, settings).look()


async def test_of_several_replicas_the_holder_of_the_lease_answers(spent: House, github: Github) -> None:
    settings = _settings(github)
    payload = fake.protection(github.url, payload={"change": "hotfix"})
    await _send(spent, settings, "deployment_protection_rule", payload)
    lease = Lease(held=False)
    other = _answering(spent, settings, lease)
    other.look()
    assert github.told == []
    assert spent.state.law.ledger.entries() == []
    lease.held = True
    other.look()
    assert github.states() == ["approved"]


async def test_a_deployment_that_may_go_is_approved(spent: House, github: Github) -> None:
    settings = _settings(github)
    payload = fake.protection(github.url, payload={"change": "hotfix"})
    answer = await _send(spent, settings, "deployment_protection_rule", payload)
    assert (answer.status_code, answer.json()) == (202, {"note": "the gate will answer"})
    _attend(spent, settings)
    assert github.states() == ["approved"]
    assert github.told[0]["environment_name"] == "production"
    assert github.told[0]["comment"].startswith("**GO**")
    (entry,) = spent.state.law.ledger.entries()
    assert (entry.actor, entry.payload["ask"]["change_id"]) == ("github:mona", "octo/shop#12")
    spent.clock.now += EVERY
    _attend(spent, settings)
    assert github.states() == ["approved"]


async def test_one_that_is_stopped_waits_and_is_approved_when_the_gate_opens(
    spent: House, github: Github
) -> None:
    settings = _settings(github)
    await _send(spent, settings, "deployment_protection_rule", fake.protection(github.url))
    for _ in range(3):
        _attend(spent, settings)
        spent.clock.now += EVERY
    assert github.states() == [None], "the reason is told once"
    assert "**STOP**" in github.told[0]["comment"]
    assert len(github.told[0]["comment"]) <= 1024
    spent.loop.contract = spent.loop.contract.__class__(services=spent.loop.contract.services)
    _attend(spent, settings)
    assert github.states() == [None, "approved"]


async def test_one_that_is_stopped_is_rejected_where_that_is_wanted(spent: House, github: Github) -> None:
    settings = _settings(github, stop="reject")
    await _send(spent, settings, "deployment_protection_rule", fake.protection(github.url))
    _attend(spent, settings)
    assert github.states() == ["rejected"]


async def test_an_answer_that_cannot_be_delivered_is_tried_again(spent: House, github: Github) -> None:
    settings = _settings(github)
    payload = fake.protection(github.url, payload={"change": "hotfix"})
    await _send(spent, settings, "deployment_protection_rule", payload)
    github.down = True
    for _ in range(3):
        _attend(spent, settings)
        spent.clock.now += 600
    assert github.told == []
    github.down = False
    _attend(spent, settings)
    assert github.states() == ["approved"]
    assert len(spent.state.law.ledger.entries()) == 1, "one decision, however often it is told"


async def test_nobody_waits_any_more(spent: House, github: Github) -> None:
    settings = _settings(github)
    payload = fake.protection(github.url, payload={"change": "hotfix"})
    await _send(spent, settings, "deployment_protection_rule", payload)
    github.gone = True
    _attend(spent, settings)
    await _send(spent, settings, "deployment_protection_rule", fake.protection(github.url), "d-2")
    spent.clock.now += LONGEST + 1
    _attend(spent, settings)
    github.gone = False
    spent.clock.now += 3600
    _attend(spent, settings)
    assert github.told == []
    assert github_pending.due(spent.state.engine, now=spent.clock.now) == []


async def test_a_delivery_is_taken_once(spent: House, github: Github) -> None:
    settings = _settings(github)
    payload = fake.protection(github.url)
    first = await _send(spent, settings, "deployment_protection_rule", payload)
    again = await _send(spent, settings, "deployment_protection_rule", payload)
    assert [first.json()["note"], again.json()["note"]] == ["the gate will answer", "taken already"]
    assert len(github_pending.due(spent.state.engine, now=spent.clock.now)) == 1


async def test_a_deployment_is_recorded_once_per_id(spent: House, github: Github) -> None:
    settings = _settings(github)
    for number, state in enumerate(("queued", "in_progress", "success", "inactive", "success")):
        answer = await _send(spent, settings, "deployment_status", fake.status(state), f"s-{number}")
        assert answer.status_code == 202
    found = spent.state.deploys(begin=0, end=2**40)
    assert [(one.id, one.state, one.source) for one in found] == [("9", "ok", "github:octo/shop")]


@pytest.mark.parametrize("first", ["failure", "error"])
async def test_the_first_success_of_a_deployment_counts_whatever_came_before_or_after_it(
    spent: House, github: Github, first: str
) -> None:
    settings = _settings(github)
    for minute, state in enumerate((first, "in_progress", "success", "success", first, "inactive")):
        payload = fake.status(state, at=f"2026-09-20T01:0{minute}:00Z")
        note = (await _send(spent, settings, "deployment_status", payload, f"s-{minute}")).json()["note"]
        assert note == ("no deploy" if state in ("in_progress", "inactive") else "deploy recorded")
        (found,) = spent.state.deploys(begin=0, end=2**40)
        assert found.state == ("failed" if minute < 2 else "ok")
        assert iso(found.at) == f"2026-09-20T01:0{0 if minute < 2 else 2}:00Z"


@pytest.mark.parametrize("signature", ["", "sha256=", "sha256=" + "0" * 64, "sha1=abc", "caf\xe9"])
async def test_a_wrong_signature_is_refused(spent: House, github: Github, signature: str) -> None:
    body = b"{}"
    headers = fake.headers("ping", body, "d-1") | {"X-Hub-Signature-256": signature}
    raw = [(name.encode(), text.encode("latin-1")) for name, text in headers.items()]
    async with spent.client(None, github=_settings(github)) as client:
        answer = await client.post("/v1/github", content=body, headers=raw)
    assert (answer.status_code, answer.json()["code"]) == (401, "signature")
    assert fake.SECRET not in answer.text


async def test_a_callback_to_somebody_else_is_refused(spent: House, github: Github) -> None:
    payload = fake.protection("http://169.254.169.254")
    answer = await _send(spent, _settings(github), "deployment_protection_rule", payload)
    assert answer.status_code == 400
    assert github_pending.due(spent.state.engine, now=spent.clock.now) == []


async def test_a_repository_speaks_for_its_own_service_only(spent: House, github: Github) -> None:
    settings = _settings(github, services={"octo/shop": "checkout", "octo/pay": "payments"})
    other = fake.protection(github.url) | {"repository": {"full_name": "evil/repo"}}
    answer = await _send(spent, settings, "deployment_protection_rule", other)
    assert "belongs to no service" in answer.json()["note"]
    foreign = fake.protection(github.url, payload={"service": "billing"})
    await _send(spent, settings, "deployment_protection_rule", foreign, "d-2")
    (one,) = github_pending.due(spent.state.engine, now=spent.clock.now)
    assert one.ask.service == "checkout"


async def test_without_a_github_there_is_none(spent: House, github: Github) -> None:
    assert (await _send(spent, None, "ping", {})).status_code == 404


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b""])
async def test_what_is_no_event_is_refused(spent: House, github: Github, body: bytes) -> None:
    async with spent.client(None, github=_settings(github)) as client:
        answer = await client.post("/v1/github", content=body, headers=fake.headers("ping", body, "d"))
    assert answer.status_code == 400


FILE = """
repositories: {octo/shop: checkout}
secret: HOOK
app: 4711
key: app.pem
"""


def test_the_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "app.pem").write_text("PEM")
    path = tmp_path / "github.yaml"
    path.write_text(FILE)
    found = read_github(path, {"HOOK": "s3cret"})
    assert (found.services, found.app, found.key, found.stop) == (
        {"octo/shop": "checkout"},
        "4711",
        "PEM",
        "hold",
    )
    assert "s3cret" not in repr(found)
    assert "PEM" not in repr(found)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("secret: HOOK", "secret: NOT_SET"), "NOT_SET is not set"),
        (("secret: HOOK", ""), "secret"),
        (("app: 4711", ""), "app"),
        (("key: app.pem", "key: none.pem"), "cannot be read"),
        (("octo/shop: checkout", "shop: checkout"), "does not lead to a service"),
        (("secret: HOOK", "secret: HOOK\nstop: never"), "never"),
        (("secret: HOOK", "secret: HOOK\ncolour: red"), "colour"),
    ],
)
def test_a_wrong_file_says_what_is_wrong(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    (tmp_path / "app.pem").write_text("PEM")
    path = tmp_path / "github.yaml"
    path.write_text(FILE.replace(*change))
    with pytest.raises(ProblemError, match=said):
        read_github(path, {"HOOK": "s3cret"})
