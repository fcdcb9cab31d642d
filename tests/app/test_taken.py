"""Who took an alert, and what has changed, is told to those channels that want to know, once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from allowance.alerting.escalation import Ladder, Step
from allowance.alerting.lifecycle import Entry, Life
from allowance.alerting.route import Directory, Route
from allowance.alerting.word import changed
from allowance.app.deliver import deliver_once, hearing
from allowance.app.escalate import Taking, escalate, tell_changes, tell_taken
from allowance.app.law import Law
from allowance.changes.deploys import Deploy
from allowance.contract.budget_policy import FreezeModel
from allowance.edges.channels.alertmanager import Alertmanager
from allowance.edges.channels.pagerduty import PagerDuty
from allowance.edges.channels.secret import Secret
from allowance.edges.channels.webhook import Webhook
from allowance.edges.store import Store, open_store
from allowance.edges.store.database import connect
from allowance.edges.store.ledger import StoredLedger
from allowance.governance.bullets import ask_bullet
from allowance.governance.freezes import begin_by_hand, end_by_hand
from allowance.governance.ledger import Entry as LedgerEntry
from allowance.governance.overrides import OverrideAsk, ask_override
from allowance.web.rounds import CHANGES_WITHIN, Noted, changes
from tests.alerting.notices import T0, notice
from tests.fakes.receiver import Receiver, Reply, receiving
from tests.governance.ruling import EVE, bullet, policy

FIRING = Life(state="firing", since=T0, timer=T0, entries=(Entry(begin=T0),), told=True)
LADDER = Ladder(name="loud", steps=(Step(after=900, to=("hook",)),))
DIRECTORY = Directory(
    channels=frozenset({"pager", "hook", "am"}),
    routes=(
        Route(to=("pager", "am"), services=frozenset({"checkout"}), ladder="loud"),
        Route(to=("hook",)),
    ),
    ladders={"loud": LADDER},
)
ADA = Taking(by="ada", note="rolled back", at=T0 + 120)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving(lambda _: Reply(status=202)) as running:
        yield running


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(str(tmp_path / "a.db"))
    one = notice()
    with opened.writing() as writing:
        writing.save_lives({one.signature: FIRING})
        writing.tell([one], {one.key: ("pager", "am")}, now=T0)
    yield opened
    opened.close()


def _channels(url: str) -> list[PagerDuty | Webhook | Alertmanager]:
    key = Secret(env="KEY", _value="k3y")
    return [
        PagerDuty(name="pager", key=key, url=url),
        Webhook(name="hook", url=f"{url}/hook"),
        Alertmanager(name="am", url=url),
    ]


def _taken(store: Store, url: str, taking: Taking | None, now: int) -> int:
    hear = hearing(_channels(url), "taken")
    return tell_taken(store, DIRECTORY, hear, lambda _: taking, now=now)


def test_an_acknowledgement_reaches_who_was_told_and_understands_it_once(
    store: Store, receiver: Receiver
) -> None:
    for now in range(T0, T0 + 600, 60):
        taking = ADA if now >= ADA.at else None
        _taken(store, receiver.url, taking, now)
        deliver_once(store, _channels(receiver.url), now=now)
    events = [r.json for r in receiver.got if r.path == "/v2/enqueue"]
    assert [event["event_action"] for event in events] == ["trigger", "acknowledge"]
    assert len({event["dedup_key"] for event in events}) == 1
    assert [r for r in receiver.got if r.path == "/hook"] == []  # it was never told of the alert


def test_who_was_told_by_an_escalation_hears_of_it_too(store: Store, receiver: Receiver) -> None:
    late = replace(ADA, at=T0 + 1000)
    escalate(store, DIRECTORY, acknowledged=lambda _: None, now=T0 + 930)
    for now in (T0 + 1000, T0 + 1060):
        _taken(store, receiver.url, late, now)
        deliver_once(store, _channels(receiver.url), now=now)
    words = [r.json for r in receiver.got if r.path == "/hook"]
    assert [word["says"] for word in words] == ["opened", "taken"]
    assert words[1]["title"] == "taken by ada: checkout availability: 28 of 100 requests fail"
    assert (words[1]["lines"], words[1]["labels"]["taken_by"]) == (["rolled back"], "ada")
    assert words[0]["incident"] == words[1]["incident"]


def test_what_is_taken_goes_on_firing_for_an_alertmanager(store: Store, receiver: Receiver) -> None:
    deliver_once(store, _channels(receiver.url), now=T0)
    _taken(store, receiver.url, ADA, T0 + 120)
    deliver_once(store, _channels(receiver.url), now=T0 + 120)
    assert [one.says for one in store.told("am", since=T0)] == ["opened"]
    assert [one.says for one in store.told("pager", since=T0)] == ["opened"]
    assert [one.says for one in store.firing()] == ["opened"]


def test_what_was_told_late_is_escalated_too(store: Store) -> None:
    late = notice(2, at=T0 + 600)
    with store.writing() as writing:
        writing.save_lives({late.signature: FIRING})
        writing.tell([late], {late.key: ("pager",)}, now=T0 + 600)
    assert [one.key for one in store.firing()] == [late.key]
    assert escalate(store, DIRECTORY, acknowledged=lambda _: None, now=T0 + 1499) == 0
    assert escalate(store, DIRECTORY, acknowledged=lambda _: None, now=T0 + 1500) == 1
    assert [one.key for one in store.firing()] == [late.key]  # the step itself is no alert of its own


DEPLOY = Deploy(
    id="7",
    service="checkout",
    version="4.14.0",
    commit="abc",
    environment="production",
    at=T0,
    state="ok",
    source="ci",
)


def test_a_deploy_stands_beside_the_incidents_of_its_service(store: Store, receiver: Receiver) -> None:
    hear = hearing(_channels(receiver.url), "changed")
    assert hear == {"pager"}
    some = [
        DEPLOY,
        replace(DEPLOY, id="8", state="rolled-back", at=T0 + 10),
        replace(DEPLOY, id="9", service="search"),
        replace(DEPLOY, id="10", state="failed", at=T0 + 20),
        replace(DEPLOY, id="10", at=T0 + 30),
    ]
    for now in (T0, T0 + 60):
        tell_changes(
            store, DIRECTORY, hear, [changed(one, link="https://a.example") for one in some], now=now
        )
        deliver_once(store, _channels(receiver.url), now=now)
    assert _change_events(receiver) == [
        "checkout 4.14.0 was deployed in production",
        "checkout 4.14.0 was rolled back in production",
        "checkout 4.14.0 failed to deploy in production",
        "checkout 4.14.0 was deployed in production",
    ]
    assert changed(DEPLOY, link="").message.facts["commit"] == "abc"


def _change_events(receiver: Receiver) -> list[str]:
    return [r.json["payload"]["summary"] for r in receiver.got if r.path == "/v2/change/enqueue"]


def test_freezes_and_what_goes_through_them_stand_there_too_once(
    store: Store, receiver: Receiver, tmp_path: Path
) -> None:
    engine = connect(str(tmp_path / "a.db"))
    law = Law(StoredLedger(engine))

    def freeze(model: FreezeModel, now: int) -> Sequence[LedgerEntry]:
        return law.act(
            lambda s: [begin_by_hand(s, "checkout", model, reason="a sale", by="ann", until=None, now=now)]
        )

    freeze("hard", T0 - CHANGES_WITHIN - 1)  # no news any more
    freeze("governance", T0)
    law.act(lambda s: [end_by_hand(s, "freeze-1", reason="sold out", by="ben", now=T0 + 5)])
    once = policy(two_people=False)
    law.act(lambda s: ask_bullet(bullet(), once, s, EVE, now=T0 + 10))
    wish = OverrideAsk(**{**asdict(bullet("PR-2")), "freeze": ""})
    law.act(lambda s: ask_override(wish, once, s, EVE, may_override=True, now=T0 + 20))
    for now in (T0 + 30, T0 + 60):
        words = changes(engine, law.ledger, link="https://a.example", now=now)
        tell_changes(store, DIRECTORY, hearing(_channels(receiver.url), "changed"), words, now=now)
        deliver_once(store, _channels(receiver.url), now=now)
    assert _change_events(receiver) == [
        "checkout was frozen by ann (freeze-2, governance): a sale",
        "checkout: freeze-1 was ended by ben: sold out",
        "checkout: a silver bullet of shop was spent on PR-1 in production: the sale begins tomorrow",
        "checkout: freeze-2 was overridden by eve for PR-2 in production: the sale begins tomorrow",
    ]
    told = next(r.json for r in receiver.got if "bullet" in r.body.decode())
    assert told["links"] == [{"href": "https://a.example/ledger/4", "text": "in Allowance"}]
    assert told["payload"]["custom_details"]["change"] == "PR-1"
    engine.dispose()


def test_the_log_says_why_a_channel_did_not_take_a_notice(store: Store) -> None:
    with receiving(lambda _: Reply(status=401)) as refusing, capture_logs() as said:
        deliver_once(Noted(store), _channels(refusing.url)[:1], now=T0)
    assert [(one["channel"], one["state"]) for one in said] == [("pager", "due")]
    assert "401" in said[0]["reason"]
    assert "k3y" not in str(said)
