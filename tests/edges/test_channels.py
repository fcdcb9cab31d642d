"""Channels against receivers that hold them to the contract: what is sent, what a retry does, what each answer means."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.alerting.alert import Message, Notice
from allowance.alerting.delivery import Later, Outcome, Refused, Sent
from allowance.app.deliver import Channel
from allowance.edges.channels.alertmanager import Alertmanager, labels_of
from allowance.edges.channels.apprise_channel import Apprise
from allowance.edges.channels.http import retry_after
from allowance.edges.channels.jira import Jira
from allowance.edges.channels.mail import Mail
from allowance.edges.channels.pagerduty import PagerDuty
from allowance.edges.channels.secret import Secret
from allowance.edges.channels.slack import MOST_FIELD, MOST_TEXT, MOST_TITLE, Slack, body_of
from allowance.edges.channels.stdout import Stdout
from allowance.edges.channels.webhook import Webhook
from tests.alerting.notices import T0, notice, notices
from tests.fakes.mail_server import mail_server
from tests.fakes.receiver import Reply, Request, receiving
from tests.peers import need

HIDDEN = "hunter2-s3cret"


def secret(value: str = HIDDEN) -> Secret:
    return Secret(env="THE_SECRET", _value=value)


MAKERS: dict[str, Callable[[str], Channel]] = {
    "alertmanager": lambda url: Alertmanager(name="am", url=url, token=secret()),
    "jira": lambda url: Jira(name="jira", url=url, project="REL", user="a@example.com", token=secret()),
    "pagerduty": lambda url: PagerDuty(name="pager", url=url, key=secret()),
    "slack": lambda url: Slack(name="chat", url=secret(f"{url}/services/{HIDDEN}")),
    "webhook": lambda url: Webhook(name="hook", url=secret(f"{url}/{HIDDEN}"), secret=secret()),
}


def tried(kind: str, reply: Reply) -> Outcome:
    with receiving(lambda _: reply) as receiver:
        return MAKERS[kind](receiver.url).send(notice())


@pytest.mark.parametrize("kind", MAKERS)
@pytest.mark.parametrize(
    ("reply", "expected"),
    [
        (Reply(status=400, body="bad"), Refused),
        (Reply(status=404, body="nobody here"), Refused),
        (Reply(status=302, headers={"Location": "http://example.com"}), Refused),
        (Reply(status=401), Later),
        (Reply(status=408), Later),
        (Reply(status=429, headers={"Retry-After": "77"}), Later),
        (Reply(status=500), Later),
        (Reply(status=503, headers={"Retry-After": "77"}), Later),
        (Reply(status=0), Later),
    ],
    ids=lambda value: getattr(value, "__name__", None) or str(value.status),
)
def test_what_each_answer_means(kind: str, reply: Reply, expected: type[Outcome]) -> None:
    outcome = tried(kind, reply)
    assert isinstance(outcome, expected)
    if isinstance(outcome, Later) and reply.headers:
        assert outcome.after == 77


@pytest.mark.parametrize("kind", MAKERS)
def test_a_receiver_that_is_not_there_is_tried_later_without_a_word_about_its_address(kind: str) -> None:
    outcome = MAKERS[kind]("http://127.0.0.1:1").send(notice())
    assert isinstance(outcome, Later)
    assert "ConnectError" in outcome.reason
    assert HIDDEN not in outcome.reason


@pytest.mark.parametrize("kind", MAKERS)
def test_a_receiver_that_repeats_our_secret_does_not_get_it_into_a_log(kind: str) -> None:
    outcome = tried(kind, Reply(status=400, body=f"the key {HIDDEN} is wrong"))
    assert isinstance(outcome, Refused)
    assert HIDDEN not in outcome.reason
    assert HIDDEN not in repr(MAKERS[kind]("http://127.0.0.1:1")).replace(f"/{HIDDEN}", "")


def test_no_library_writes_a_secret_into_the_log(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with receiving(lambda _: Reply(body="ok")) as receiver:
        for make in MAKERS.values():
            make(receiver.url).send(notice())
        url = f"{receiver.url.replace('http://', 'json://')}/{HIDDEN}"
        assert Apprise(name="any", url=secret(url)).send(notice()) == Sent()
        assert any(HIDDEN in request.path for request in receiver.got)
    assert HIDDEN not in caplog.text


def test_a_secret_never_shows_itself() -> None:
    assert HIDDEN not in f"{secret()} {secret()!r} {[secret()]}"


@given(st.text(max_size=20))
def test_any_retry_after_is_read_or_ignored(text: str) -> None:
    assert retry_after(text, now=T0) >= 0


def test_a_retry_after_may_be_a_date() -> None:
    assert retry_after("Wed, 18 Nov 2026 11:07:29 GMT", now=T0) == 30
    assert retry_after("Wed, 18 Nov 2020 11:07:29 GMT", now=T0) == 0


def test_pagerduty_opens_and_resolves_one_alert() -> None:
    with receiving(lambda _: Reply(status=202, body='{"status":"success"}')) as receiver:
        pager = PagerDuty(name="pager", url=receiver.url, key=secret())
        again = notice(says="reopened", at=T0 + 900, since=T0 + 900)
        for one in (notice(), again, notice(says="resolved")):
            assert pager.send(one) == Sent()
        assert pager.send(replace(notice(), says="taken")) == Sent()
    opened, reopened, resolved, seen = (request.json for request in receiver.got)
    assert {request.path for request in receiver.got} == {"/v2/enqueue"}
    assert [e["event_action"] for e in (opened, reopened, resolved, seen)] == [
        "trigger", "trigger", "resolve", "acknowledge",
    ]  # fmt: skip
    assert {e["dedup_key"] for e in (opened, reopened, resolved, seen)} == {
        f"checkout/availability-1/page/{T0}"
    }
    assert opened["routing_key"] == HIDDEN
    payload = opened["payload"]
    assert (payload["severity"], payload["source"]) == ("critical", "checkout")
    assert payload["timestamp"] == "2026-11-18T11:07:00Z"
    assert payload["summary"] == "checkout availability: 28 of 100 requests fail"
    assert opened["links"][0]["href"].startswith("https://slo.example.com/")


@given(notices)
def test_what_pagerduty_gets_stays_in_its_bounds(one: Notice) -> None:
    long = replace(
        one, signature=one.signature * 40 + "x" * 300, message=replace(one.message, title="t" * 5000)
    )
    sent: list[Any] = []

    class Deaf(PagerDuty):
        def _post(self, path: str, body: Any) -> Outcome:
            sent.append(body)
            return Sent()

    Deaf(name="p", key=secret()).send(long)
    assert len(sent[0]["dedup_key"]) <= 255
    assert len(sent[0].get("payload", {"summary": ""})["summary"]) <= 1024
    assert len(json.dumps(sent[0])) < 512_000


def test_pagerduty_is_told_of_changes() -> None:
    with receiving(lambda _: Reply(status=202)) as receiver:
        pager = PagerDuty(name="pager", url=receiver.url, key=secret())
        assert (
            pager.change("checkout 2.14.0", {"by": "ada"}, link="https://ci.example.com/1", at=T0) == Sent()
        )
    assert receiver.got[0].path == "/v2/change/enqueue"
    assert receiver.got[0].json["payload"]["summary"] == "checkout 2.14.0"
    assert receiver.got[0].json["payload"]["custom_details"] == {"by": "ada"}


def test_a_webhook_can_be_checked_by_its_receiver() -> None:
    with receiving(lambda _: Reply(status=204)) as receiver:
        hook = Webhook(name="hook", url=receiver.url, secret=secret())
        assert hook.send(notice()) == hook.send(notice()) == Sent()
    first, second = receiver.got
    stamp = first.headers["x-allowance-timestamp"]
    expected = hmac.new(HIDDEN.encode(), stamp.encode() + b"." + first.body, hashlib.sha256).hexdigest()
    assert first.headers["x-allowance-signature"] == f"v1={expected}"
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == notice().key
    assert first.body == second.body
    assert first.json["key"] == notice().key
    assert (first.json["version"], first.json["says"], first.json["opened"]) == (
        1, "opened", "2026-11-18T11:07:00Z",
    )  # fmt: skip


def test_any_key_fits_into_a_header() -> None:
    with receiving(lambda _: Reply()) as receiver:
        hook = Webhook(name="hook", url=receiver.url)
        for key in ("Größe/€\r\nX-Evil: 1", "k" * 1000):
            assert hook.send(notice(key=key)) == Sent()
    assert all(len(request.headers["idempotency-key"]) <= 255 for request in receiver.got)
    assert all("x-evil" not in request.headers for request in receiver.got)
    assert "x-allowance-signature" not in receiver.got[0].headers


def test_slack_must_say_ok() -> None:
    assert tried("slack", Reply(body="ok")) == Sent()
    assert isinstance(tried("slack", Reply(body='{"ok":false,"error":"channel_is_archived"}')), Refused)


def test_a_slack_message_reads_like_the_alert() -> None:
    body = json.loads(json.dumps(body_of(notice())))
    assert body["text"] == "checkout availability: 28 of 100 requests fail"
    header, text, facts, link = body["blocks"]
    assert header["text"]["text"] == body["text"]
    assert "the budget lasts 2 h" in text["text"]["text"]
    assert facts["fields"][0]["text"] == "*service*\ncheckout"
    assert link["elements"][0]["text"].startswith("<https://slo.example.com/slo/checkout")


@given(notices)
def test_no_text_rings_for_everybody_in_slack_or_breaks_its_bounds(one: Notice) -> None:
    message = replace(one.message, title="<!channel> & co " * 50, lines=("<@U1> " * 2000,))
    body = body_of(replace(one, message=message))
    shown = json.dumps(body)
    assert "<!" not in body["text"]  # type: ignore[operator]
    assert "<@" not in shown
    for text in re.findall(r'"mrkdwn", "text": "((?:[^"\\]|\\.)*)"', shown):
        assert len(text) <= 6 * MOST_TEXT
    blocks: Any = body["blocks"]
    assert len(blocks[0]["text"]["text"]) <= MOST_TITLE
    assert len(blocks[1]["text"]["text"]) <= MOST_TEXT
    assert all(len(f["text"]) <= MOST_FIELD for b in blocks for f in b.get("fields", []))


class JiraSite:
    """Enough of Jira to hold the channel to its contract: search by label, create, properties, comments."""

    def __init__(self) -> None:
        self.issues: list[dict[str, Any]] = []
        self.lose_answers = 0

    def __call__(self, request: Request) -> Reply:
        done = self.answer(request)
        if self.lose_answers and request.method != "GET" and "search" not in request.path:
            self.lose_answers -= 1
            return Reply(status=0)
        return done

    def answer(self, request: Request) -> Reply:
        assert request.headers["authorization"].startswith("Basic ")
        if request.path == "/rest/api/3/search/jql":
            [label] = re.findall(r'^labels = "([\w-]+)" ORDER BY', request.json["jql"])
            found = [{"key": issue["key"]} for issue in self.issues if label in issue["fields"]["labels"]]
            return Reply(body=json.dumps({"issues": found[:1]}))
        if request.path == "/rest/api/3/issue":
            assert all(" " not in label for label in request.json["fields"]["labels"])
            assert request.json["fields"]["description"]["type"] == "doc"
            marks = {mark["key"] for mark in request.json["properties"]}
            issue = {
                "key": f"REL-{len(self.issues) + 1}",
                "fields": request.json["fields"],
                "marks": marks,
                "comments": [],
            }
            self.issues.append(issue)
            return Reply(status=201, body=json.dumps({"key": issue["key"]}))
        _, _, _, _, _, key, what, *mark = request.path.split("/")
        [issue] = [issue for issue in self.issues if issue["key"] == key]
        if what == "comment":
            issue["comments"].append(request.json["body"])
            return Reply(status=201, body="{}")
        if request.method == "PUT":
            issue["marks"].add(mark[0])
            return Reply(status=201)
        return Reply(status=200 if mark[0] in issue["marks"] else 404, body="{}")


def test_jira_has_one_issue_per_alert_and_one_comment_per_notice() -> None:
    site = JiraSite()
    again = notice(says="reopened", at=T0 + 900, since=T0 + 900, severity="ticket")
    with receiving(site) as receiver:
        jira = Jira(name="jira", url=receiver.url, project="REL", user="a@example.com", token=secret())
        for one in (notice(), notice(), again, again, notice(says="resolved"), notice(2)):
            assert jira.send(one) == Sent()
        assert jira.send(notice(3, says="resolved")) == Sent(), "nothing to resolve"
    assert [issue["key"] for issue in site.issues] == ["REL-1", "REL-2"]
    assert len(site.issues[0]["comments"]) == 2
    assert site.issues[0]["fields"]["summary"] == "checkout availability: 28 of 100 requests fail"
    assert "At this pace the budget lasts 2 h." in json.dumps(site.issues[0]["fields"]["description"])


def test_an_answer_of_jira_that_is_lost_makes_no_second_issue() -> None:
    site = JiraSite()
    site.lose_answers = 1
    with receiving(site) as receiver:
        jira = Jira(name="jira", url=receiver.url, project="REL", user="a@example.com", token=secret())
        assert isinstance(jira.send(notice()), Later)
        assert jira.send(notice()) == Sent()
    assert len(site.issues) == 1
    assert site.issues[0]["comments"] == []


@pytest.mark.parametrize("body", ["", "[]", "<html>", '{"issues": 3}', '{"issues": [3]}'])
def test_nonsense_from_jira_is_an_outcome(body: str) -> None:
    with receiving(lambda _: Reply(body=body)) as receiver:
        jira = Jira(name="jira", url=receiver.url, project="REL", user="a@example.com", token=secret())
        assert isinstance(jira.send(notice()), Sent | Refused | Later)


def mail_to(port: int, **changes: Any) -> Mail:
    fields: dict[str, Any] = {
        "name": "mail", "host": "127.0.0.1", "port": port, "sender": "slo@example.com",
        "to": ("ada@example.com", "ben@example.com"), "security": "none",
    }  # fmt: skip
    return Mail(**fields | changes)


def test_a_mail_that_is_sent_again_is_the_same_mail_and_an_alert_is_one_thread() -> None:
    with mail_server() as server:
        mail = mail_to(server.port)
        for one in (notice(), notice(), notice(says="resolved")):
            assert mail.send(one) == Sent()
    first, second, resolved = server.got
    assert first["Message-ID"] == second["Message-ID"] != resolved["Message-ID"]
    assert first["References"] == resolved["References"]
    assert first["Subject"] == "[page] checkout availability: 28 of 100 requests fail"
    assert first["Date"] == "Wed, 18 Nov 2026 11:07:00 +0000"
    text = first.get_content().replace("\r\n", "\n")
    assert "At this pace the budget lasts 2 h.\n" in text
    assert "Open the runbook: https://runbooks.example.com/checkout\n" in text
    assert "target: 99.9 %" in text
    assert [line for line in server.heard if line.lower().startswith("rcpt")][:2] == [
        "rcpt TO:<ada@example.com>", "rcpt TO:<ben@example.com>",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("says", "expected"),
    [
        ({"RCPT": "550 nobody of that name"}, Refused),
        ({"RCPT": "450 grey list"}, Later),
        ({"MAIL": "451 busy"}, Later),
        ({"DATA": "554 spam"}, Refused),
        ({"DATA": "452 full"}, Later),
        ({"EHLO": "421 closing", "HELO": "421 closing"}, Later),
    ],
)
def test_what_a_mail_server_answers(says: dict[str, str], expected: type[Outcome]) -> None:
    with mail_server(says) as server:
        assert isinstance(mail_to(server.port).send(notice()), expected)


def test_no_password_goes_to_a_server_that_cannot_encrypt() -> None:
    with mail_server() as server:
        outcome = mail_to(server.port, security="starttls", user="slo", password=secret()).send(notice())
    assert isinstance(outcome, Later)
    assert HIDDEN not in outcome.reason
    assert not any("AUTH" in line or HIDDEN in line for line in server.heard)


def test_a_password_goes_through_encryption_to_a_server_that_is_who_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    certificate = tmp_path / "mail.pem"
    command = [
        need("openssl", "openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
        "-subj", "/CN=mail", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(certificate),
        "-out", str(tmp_path / "only.pem"),
    ]  # fmt: skip
    subprocess.run(command, check=True, capture_output=True)
    certificate.write_text(certificate.read_text() + (tmp_path / "only.pem").read_text())
    with mail_server(certificate=certificate) as server:
        mail = mail_to(server.port, security="starttls", user="slo", password=secret())
        assert isinstance(mail.send(notice()), Later), "nobody vouches for the certificate"
        assert not any(line.startswith("AUTH") for line in server.heard)
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "only.pem"))
        assert mail.send(notice()) == Sent()
    assert len(server.got) == 1
    assert f"AUTH PLAIN {base64.b64encode(f'{chr(0)}slo{chr(0)}{HIDDEN}'.encode()).decode()}" in server.heard


def test_a_mail_server_that_is_not_there_is_tried_later() -> None:
    assert isinstance(mail_to(1).send(notice()), Later)


@given(notices)
def test_any_notice_can_be_a_mail(one: Notice) -> None:
    text = mail_to(1).mail(one).as_bytes()
    assert text.count(b"\nSubject:") + text.startswith(b"Subject:") == 1


def test_apprise_reaches_what_it_knows() -> None:
    with receiving(lambda _: Reply(status=200)) as receiver:
        url = receiver.url.replace("http://", "json://")
        assert Apprise(name="any", url=secret(url)).send(notice()) == Sent()
    [request] = receiver.got
    assert request.json["title"] == "checkout availability: 28 of 100 requests fail"
    assert "the budget lasts 2 h" in request.json["message"]


def test_apprise_that_cannot_deliver_is_tried_later_and_silent(capfd: pytest.CaptureFixture[str]) -> None:
    for url in ("json://127.0.0.1:1/" + HIDDEN, "nonsense"):
        outcome = Apprise(name="any", url=secret(url)).send(notice())
        assert isinstance(outcome, Later)
        assert HIDDEN not in outcome.reason
    assert HIDDEN not in "".join(capfd.readouterr())


def test_standard_output_shows_the_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert Stdout(name="out").send(notice()) == Sent()
    head, *lines = capsys.readouterr().out.splitlines()
    assert head == "2026-11-18T11:07:00Z page checkout availability: 28 of 100 requests fail"
    assert "At this pace the budget lasts 2 h." in lines


@given(notices)
def test_labels_are_names_that_alertmanager_takes(one: Notice) -> None:
    labels = labels_of(one)
    assert all(re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", name) for name in labels)
    assert all(labels.values())


def test_what_changes_between_notices_is_no_label() -> None:
    other = notice(says="resolved", message=Message(title="x", lines=(), facts={}))
    assert labels_of(notice()) == labels_of(other)
    assert labels_of(notice())["alertname"] == "SloBurnPage"
