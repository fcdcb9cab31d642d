"""Slack, by an incoming webhook."""

from __future__ import annotations

from dataclasses import dataclass

from allowance.alerting.alert import Event, Notice
from allowance.alerting.delivery import Outcome, Refused, Sent
from allowance.edges.channels.given import Given
from allowance.edges.channels.http import Receiver
from allowance.edges.channels.secret import Secret
from allowance.edges.channels.words import cut

MOST_TITLE, MOST_TEXT, MOST_FIELD, MOST_FIELDS = 150, 3000, 2000, 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Slack:
    """One incoming webhook; its address is the secret."""

    name: str
    url: Secret

    @property
    def hears(self) -> frozenset[Event]:
        """Who has taken it, so that nobody else looks."""
        return frozenset({"taken"})

    def send(self, notice: Notice) -> Outcome:
        """Post one message. Slack says `ok` where it took it."""
        receiver = Receiver(called="Slack", secrets=(self.url,))
        answer = receiver.ask("POST", self.url.reveal(), json=body_of(notice))
        outcome = receiver.outcome(answer)
        if isinstance(outcome, Sent) and answer.text.strip() != "ok":
            said = receiver.clean(answer.text.strip()[:200])
            return Refused(reason=f"Slack answered 200, but not ok: {said}")
        return outcome


def build(name: str, given: Given) -> Slack | None:
    """`urlEnv`: the address of the webhook."""
    url = given.secret("urlEnv")
    return Slack(name=name, url=url) if url else None


def body_of(notice: Notice) -> dict[str, object]:
    """The title for the notification on the phone, and blocks for the channel."""
    message = notice.message
    blocks: list[dict[str, object]] = [
        {"type": "header", "text": {"type": "plain_text", "text": cut(message.title, MOST_TITLE)}}
    ]
    text = "\n".join(line for line in (*message.lines, message.first_step) if line)
    if text:
        blocks.append({"type": "section", "text": {"type": "mrkdwn", "text": cut(escaped(text), MOST_TEXT)}})
    fields = [
        {"type": "mrkdwn", "text": cut(f"*{escaped(name)}*\n{escaped(value)}", MOST_FIELD)}
        for name, value in message.facts.items()
    ]
    if fields:
        blocks.append({"type": "section", "fields": fields[:MOST_FIELDS]})
    if message.link:
        link = f"<{escaped(message.link)}|The budget at that instant>"
        blocks.append({"type": "context", "elements": [{"type": "mrkdwn", "text": cut(link, MOST_TEXT)}]})
    return {"text": escaped(message.title), "blocks": blocks}


def escaped(text: str) -> str:
    """Text that cannot become markup or ring for everybody (`<!channel>`)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
