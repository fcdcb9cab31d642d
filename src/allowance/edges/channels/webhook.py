"""A webhook of your own: JSON, signed, with an idempotency key."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

import orjson

from allowance.alerting.alert import Event, Notice
from allowance.alerting.delivery import Outcome, at_most, incident
from allowance.core.time import iso
from allowance.edges import clock
from allowance.edges.channels.given import Given
from allowance.edges.channels.http import Receiver
from allowance.edges.channels.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An address that takes JSON by POST. Without a secret nothing is signed.

    Headers: `Idempotency-Key` is the same whenever the same notice is sent again (the body's `key`,
    percent-encoded and at most 255 long); `X-Allowance-Timestamp` (seconds
    since 1970) and `X-Allowance-Signature: v1=` with the HMAC-SHA256, in hex, of timestamp, a dot, and the body.
    """

    name: str
    url: str | Secret
    secret: Secret | None = None

    @property
    def hears(self) -> frozenset[Event]:
        """Who has taken it: `says` is `taken`, and `labels.taken_by` who."""
        return frozenset({"taken"})

    def send(self, notice: Notice) -> Outcome:
        """Post it; any 2xx is an answer."""
        body = orjson.dumps(body_of(notice))
        stamp = str(clock.now())
        headers = {
            "Content-Type": "application/json",
            "Idempotency-Key": at_most(quote(notice.key, safe="/=,:@"), 255),
            "X-Allowance-Timestamp": stamp,
        }
        if self.secret is not None:
            headers["X-Allowance-Signature"] = f"v1={self.secret.sign(stamp.encode() + b'.' + body)}"
        hidden = [secret for secret in (self.secret, self.url) if isinstance(secret, Secret)]
        receiver = Receiver(called=f"the webhook {self.name}", secrets=tuple(hidden))
        url = self.url.reveal() if isinstance(self.url, Secret) else self.url
        return receiver.outcome(receiver.ask("POST", url, content=body, headers=headers))


def build(name: str, given: Given) -> Webhook | None:
    """`url`, or `urlEnv` where the address is itself a secret; `secretEnv` to sign."""
    hidden = given.secret("urlEnv", required=False)
    url = hidden or given.url("url")
    return Webhook(name=name, url=url, secret=given.secret("secretEnv", required=False)) if url else None


def body_of(notice: Notice) -> dict[str, object]:
    """What is posted: version 1 of the format; keys may be added, never changed."""
    message = notice.message
    return {
        "version": 1,
        "key": notice.key,
        "says": notice.says,
        "incident": incident(notice),
        "signature": notice.signature,
        "severity": notice.severity,
        "service": notice.service,
        "opened": iso(notice.opened),
        "since": iso(notice.since),
        "at": iso(notice.at),
        "labels": dict(notice.labels),
        "title": message.title,
        "lines": list(message.lines),
        "facts": dict(message.facts),
        "firstStep": message.first_step,
        "link": message.link,
    }
