"""Exceptions from end to end, over the API: bullets, releases, waivers, bankruptcies, and who may do what to them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from fractions import Fraction
from typing import Any

import httpx
import pytest

from allowance.budget.promise import composites
from allowance.changes.deploys import Deploy
from allowance.core.duration import DAY, HOUR
from allowance.core.time import iso
from allowance.edges.token_file import Token
from allowance.governance.facts import Standing
from allowance.governance.fold import fold
from allowance.governance.roles import Role
from tests.budget.histories import MIN
from tests.web.conftest import KNOWN, START, House
from tests.web.exceptions import MAIL_IS_DOWN, OUTAGE, furnish, history, shop

pytestmark = pytest.mark.anyio
LAUNCH = {"service": "checkout", "change": "feature", "change_id": "PR-1041"}
BULLET = {"service": "checkout", "change": "PR-1041", "reason": "the sale begins tomorrow", "hours": 4}


class People:
    """A client for each role, at one house."""

    def __init__(self, house: House, clients: dict[Role, httpx.AsyncClient]) -> None:
        self.house, self.clients = house, clients

    async def ask(self, role: Role, method: str, path: str, status: int, **body: Any) -> Any:
        answer = await self.clients[role].request(method, path, **({"json": body} if body else {}))
        assert answer.status_code == status, answer.text
        return answer.json()

    async def verdict(self) -> Any:
        found = await self.ask("deployer", "POST", "/v1/decisions", 201, **LAUNCH)
        decision = await self.ask("viewer", "GET", f"/v1/decisions/{found['id']}", 200)
        assert decision["replays"] is True
        return found


@pytest.fixture
async def people(house: House) -> AsyncIterator[People]:
    async with AsyncExitStack() as stack:
        roles: tuple[Role, ...] = ("viewer", "deployer", "engineer", "tpm", "executive", "admin")
        clients = {role: await stack.enter_async_context(house.client(role)) for role in roles}
        yield People(house, clients)


async def test_a_bullet_by_two_people_lifts_the_stop_for_one_change_until_it_ends(people: People) -> None:
    house = people.house
    furnish(house, shop(), MAIL_IS_DOWN)
    assert (await people.verdict())["verdict"] == "stop"
    price = await people.ask("engineer", "POST", "/v1/bullets", 200, **BULLET, dry_run=True)
    assert (price["quota"]["left"], price["left_after"], price["approvers"]) == (2, 1, ["business"])
    assert price["memo_markdown"].startswith("# Risk acceptance: PR-1041\n")
    assert house.state.law.standing().pending == {}
    waits = await people.ask("engineer", "POST", "/v1/bullets", 202, **BULLET)
    assert (await people.verdict())["verdict"] == "stop", "nobody has approved it"
    for role, status in (("engineer", 403), ("viewer", 403), ("admin", 403), ("tpm", 403)):
        await people.ask(role, "POST", f"/v1/bullets/{waits['id']}/approve", status)  # type: ignore[arg-type]
    spent = await people.ask("executive", "POST", f"/v1/bullets/{waits['id']}/approve", 201)
    assert (spent["by"], spent["approved_by"]) == ("the-engineer", ["the-executive"])
    assert spent["memo"]["remaining"]["checkout/availability"].startswith("-")
    assert "| accepted by | the-engineer, the-executive |" in spent["memo_markdown"]
    found = await people.verdict()
    assert found["verdict"] == "go"
    assert any(one["lifted_by"] == f"silver {spent['id']}" for one in found["reasons"])
    (holds,) = (await people.ask("viewer", "GET", "/v1/exceptions?service=checkout", 200))["exceptions"]
    assert (holds["id"], holds["end"]) == (spent["id"], spent["end"])
    listed = await people.ask("viewer", "GET", "/v1/bullets", 200)
    assert [(one["unit"], one["left"]) for one in listed["quotas"]] == [("shop", 1), ("mail", 2)]
    house.clock.now += 4 * HOUR
    assert (await people.verdict())["verdict"] == "stop"
    assert (await people.ask("viewer", "GET", "/v1/exceptions", 200))["exceptions"] == []


async def test_the_policy_names_who_approves_a_bullet(people: People) -> None:
    furnish(people.house, shop(approvers=("engineering",)), MAIL_IS_DOWN)
    waits = await people.ask("tpm", "POST", "/v1/bullets", 202, **BULLET)
    path = f"/v1/bullets/{waits['id']}/approve"
    refused = await people.ask("executive", "POST", path, 403)
    assert "speaks for business; the policy wants a yes of engineering" in refused["message"]
    spent = await people.ask("engineer", "POST", path, 201)
    assert (spent["by"], spent["approved_by"]) == ("the-tpm", ["the-engineer"])
    assert (await people.verdict())["verdict"] == "go"
    assert people.house.state.law.standing().denied == 1


async def test_the_postmortem_is_owed_and_keeps_the_next_bullet_away(people: People) -> None:
    house = people.house
    furnish(house, shop(), MAIL_IS_DOWN)
    waits = await people.ask("engineer", "POST", "/v1/bullets", 202, **BULLET)
    await people.ask("executive", "POST", f"/v1/bullets/{waits['id']}/approve", 201)
    house.clock.now += 7 * DAY
    (owed,) = (await people.ask("viewer", "GET", "/v1/obligations?open=true", 200))["obligations"]
    assert (owed["overdue"], owed["unit"], owed["kind"]) == (True, "shop", "postmortem")
    refused = await people.ask("engineer", "POST", "/v1/bullets", 409, **BULLET | {"change": "PR-2"})
    assert refused["message"].startswith(f"shop owes the postmortem {owed['id']} since")
    path = f"/v1/obligations/{owed['id']}/done"
    done = await people.ask("engineer", "POST", path, 200, evidence="https://wiki/pm-212")
    assert done["evidence"] == "https://wiki/pm-212"
    await people.ask("engineer", "POST", path, 409, evidence="again")
    await people.ask("engineer", "POST", "/v1/bullets", 202, **BULLET | {"change": "PR-2"})


async def test_a_release_waits_while_the_service_burns(people: People) -> None:
    furnish(people.house, shop(two_people=False), MAIL_IS_DOWN, minute=OUTAGE.stop)
    asked = {"service": "checkout", "change": "PR-1041", "plan": "behind a flag"}
    await people.ask("tpm", "POST", "/v1/releases", 201, **asked, conditions=["burn below 2 over 1h"])
    stop = await people.verdict()
    assert stop["verdict"] == "stop"
    assert any("checkout/availability burns 4" in one["text"] for one in stop["ways"])
    people.house.run_to(OUTAGE.stop + 70)
    assert (await people.verdict())["verdict"] == "go"


WAIVER = {
    "slo": "checkout/availability",
    "dependency": "mail",
    "reason": "the provider was down",
    "hours": 72,
}


async def test_what_is_not_measured_cannot_be_proven_by_naming_its_hours(people: People) -> None:
    furnish(people.house, shop(), MAIL_IS_DOWN)
    fault = f"maps={iso(START + 700 * MIN)}/{iso(START + 760 * MIN)}"
    asked = WAIVER | {"dependency": "maps", "evidence": ["https://git/1"], "faults": [fault]}
    refused = await people.ask("tpm", "POST", "/v1/waivers", 409, **asked)
    assert "nothing of it can be attributed" in refused["message"]
    await people.ask("tpm", "POST", "/v1/waivers", 409, **asked | {"faults": ["maps"]})
    furnish(people.house, shop(dependencies="lenient"), MAIL_IS_DOWN, minute=1501)
    await people.ask("tpm", "POST", "/v1/waivers", 201, **asked, owner="shop")


async def test_an_own_failure_is_not_waived_for_a_dependency_that_was_up(people: People) -> None:
    histories = {
        "checkout/availability": history({OUTAGE: 40}),
        "mail/sending": history({range(100, 110): 90}),
    }
    furnish(people.house, shop(), histories)
    refused = await people.ask("tpm", "POST", "/v1/waivers", 409, **WAIVER, evidence=["https://git/1"])
    assert "nothing of it can be attributed" in refused["message"]
    found = await people.ask("viewer", "GET", "/v1/attribution/checkout/availability", 200)
    assert found["unattributed"]["share"] == 1.0


async def test_a_bankruptcy_of_three_signatures_begins_the_budget_anew_and_forgets_nothing(
    people: People,
) -> None:
    house = people.house
    furnish(house, shop(), MAIL_IS_DOWN)
    told = (await people.ask("viewer", "GET", "/v1/slos/checkout/availability", 200))["budget"]
    assert told["remaining"] < 0
    sprint = [{"what": "load test", "owner": "ada", "due": iso(house.clock.now + 20 * DAY)}]
    asked = {"service": "checkout", "reason": "a lost month", "sprint": sprint}
    await people.ask("tpm", "POST", "/v1/bankruptcies", 403, **asked)
    waits = await people.ask("executive", "POST", "/v1/bankruptcies", 202, **asked)
    path = f"/v1/bankruptcies/{waits['id']}/signatures"
    await people.ask("executive", "POST", path, 409)
    await people.ask("tpm", "POST", path, 201)
    assert house.state.law.standing().epochs == {}
    begun = await people.ask("engineer", "POST", path, 201)
    (epoch,) = begun["epochs"]
    assert epoch["spent_before"]["spent"] == told["spent"]
    house.run_to(1502)
    anew = await people.ask("viewer", "GET", "/v1/slos/checkout/availability", 200)
    assert (anew["budget"]["spent"], anew["from"]) == (0, epoch["begin"])
    assert (await people.verdict())["verdict"] == "go"
    again = await people.ask("executive", "POST", "/v1/bankruptcies", 409, **asked)
    assert "is unpaid" in again["message"]
    counted = house.loop.histories["checkout/availability", ""]
    assert counted.all().bad >= told["spent"], "what was counted stays"
    done = await people.ask(
        "engineer", "POST", f"/v1/obligations/{waits['id']}.1/done", 200, evidence="https://git/77"
    )
    assert done["done"] == iso(house.clock.now)


async def test_muting_waiving_and_correcting_change_no_count(people: People) -> None:
    house = people.house
    furnish(house, shop(), MAIL_IS_DOWN)

    def counted() -> dict[object, object]:
        return {key: buckets.all() for key, buckets in house.state.histories.items()}

    before = counted()
    begin, end = iso(START + 700 * MIN), iso(START + 730 * MIN)
    found = await people.ask("viewer", "GET", "/v1/attribution/checkout/availability", 200)
    mute = {"labels": {"service": "checkout"}, "end": iso(house.clock.now + HOUR), "reason": "known"}
    await people.ask("engineer", "POST", "/v1/mutes", 201, **mute)
    await people.ask("tpm", "POST", "/v1/waivers", 201, **WAIVER, evidence=["https://git/queue"])
    # Half of the outage was no outage: it is taken out of the budget, and causes are looked for in what is left.
    said = {"slo": "checkout/availability", "kind": "exclude", "begin": begin, "end": end, "reason": "ours"}
    effect = (await people.ask("engineer", "POST", "/v1/corrections", 201, **said))["effect"]
    left = await people.ask("viewer", "GET", "/v1/attribution/checkout/availability", 200)
    assert left["bad"] == effect["total_after"] - effect["good_after"] == found["bad"] - 30 * 40 - 2
    assert [one["name"] for one in left["caused"]] == ["mail"], "that of mail stays as it was measured"
    assert counted() == before


async def test_a_promise_above_its_hard_dependency_cannot_hold_and_the_waiver_says_what_it_lifts(
    people: People,
) -> None:
    """Checkout promises 99.9 % on a mail service of 99.5 %: the sums say so, and only what mail burned is waived."""
    contract = shop()
    (found,) = composites(contract)
    assert not found.can_hold
    assert found.why.availability < Fraction("0.995")
    half = {
        "checkout/availability": history({OUTAGE: 40, range(200, 230): 4}),
        "mail/sending": MAIL_IS_DOWN["mail/sending"],
    }
    furnish(people.house, contract, half)
    told = await people.ask("viewer", "GET", "/v1/attribution/checkout/availability", 200)
    (part,) = told["caused"]
    usual = Fraction(
        120 * 61, 1439
    )  # what fails outside mail's hour and the minute after it, over these 61 minutes
    assert Fraction(part["bad"]) == pytest.approx(2400 - usual)
    assert told["unattributed"]["share"] == pytest.approx(float((120 + usual) / 2520)), (
        "the rest stays its own"
    )
    asked = WAIVER | {"evidence": ["https://git/queue"], "hours": 24 * 31}
    refused = await people.ask("tpm", "POST", "/v1/waivers", 409, **asked)
    assert "longer than the burn stays in the window" in refused["message"]
    await people.ask("tpm", "POST", "/v1/waivers", 201, **asked | {"hours": 24})
    people.house.clock.now += DAY
    assert (await people.verdict())["true_verdict"] != "go", "a waiver ends by itself"


async def test_the_ledger_alone_says_all_of_it_again(people: People) -> None:
    furnish(people.house, shop(), MAIL_IS_DOWN)
    waits = await people.ask("engineer", "POST", "/v1/bullets", 202, **BULLET)
    await people.ask("executive", "POST", f"/v1/bullets/{waits['id']}/approve", 201)
    await people.ask("tpm", "POST", "/v1/waivers", 201, **WAIVER, evidence=["https://git/1"])
    law = people.house.state.law
    assert fold(law.ledger.entries(), Standing()) == law.standing()


async def test_a_token_for_one_service_asks_for_no_exception_of_another(house: House) -> None:
    furnish(house, shop(), MAIL_IS_DOWN)
    bound = next(one for one in KNOWN if one.role == "engineer")
    scoped = Token(name=bound.name, role=bound.role, sha256=bound.sha256, services=("mail",))
    KNOWN[KNOWN.index(bound)] = scoped
    try:
        async with house.client("engineer") as api:
            answer = await api.post("/v1/bullets", json=BULLET)
    finally:
        KNOWN[KNOWN.index(scoped)] = bound
    assert (answer.status_code, answer.json()["code"]) == (403, "scope")


async def test_the_risk_comes_from_the_record(people: People) -> None:
    house = people.house
    furnish(house, shop(), MAIL_IS_DOWN)
    little = await people.ask("viewer", "GET", "/v1/risk/checkout", 200)
    assert little["chance"] is None
    assert little["sentence"].startswith("Too little data")
    house.state.save_deploys([deploy(n, "failed" if n == 7 else "ok") for n in range(20)])
    found = await people.ask("viewer", "GET", "/v1/risk/checkout?lift=1200 EUR/day", 200)
    assert found["inputs"]["own"] == {"deploys": 20, "failed": 1}
    assert found["inputs"]["per_minute"] == "120 EUR"
    assert found["outage_minutes"]["usual"] == pytest.approx(24.03)
    assert found["chance"]["low"] < found["chance"]["mean"] < found["chance"]["high"]
    assert found["expected_loss"]["usual"] == pytest.approx(found["chance"]["mean"] * 24.03 * 120)
    for version in ("2.7.0", "2.8.0"):  # the gate was asked about two of them
        said = {"service": "checkout", "change": "config", "version": version}
        await people.ask("deployer", "POST", "/v1/decisions", 201, **said)
    found = (await people.ask("viewer", "GET", "/v1/risk/checkout?change=config", 200))["inputs"]
    assert (found["own"]["deploys"], found["own_of_this_class"]) == (20, {"deploys": 2, "failed": 1})
    assert (await people.ask("viewer", "GET", "/v1/risk/nothing", 404))["code"] == "service"
    assert (await people.ask("viewer", "GET", "/v1/risk/checkout?lift=much", 422))["code"] == "request"


def deploy(number: int, state: Any) -> Deploy:
    return Deploy(
        id=str(number), service="checkout", version=f"2.{number}.0", commit="", environment="production",
        at=START + 30 * MIN * number, state=state, source="ci",
    )  # fmt: skip


async def test_a_failed_version_is_a_cause_beside_the_dependency(people: People) -> None:
    house = people.house
    histories = {
        "checkout/availability": history({range(300, 330): 30, OUTAGE: 40}),
        "mail/sending": history({OUTAGE: 90}),
    }
    furnish(house, shop(), histories)
    out = Deploy(
        id="1", service="checkout", version="2.14.0", commit="", environment="production",
        at=START + 300 * MIN, state="ok", source="ci",
    )  # fmt: skip
    back = Deploy(
        id="2", service="checkout", version="2.13.0", commit="", environment="production",
        at=START + 330 * MIN, state="rolled-back", source="ci",
    )  # fmt: skip
    house.state.save_deploys([out, back])
    found = await people.ask("viewer", "GET", "/v1/attribution/checkout/availability", 200)
    assert [(one["kind"], one["name"], one["bad"]) for one in found["caused"]] == [
        ("dependency", "mail", "2400"),
        ("version", "2.14.0", "900"),
    ]
    assert found["unattributed"]["bad"] == "0"
