"""PagerDuty, by its Events API v2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from allowance.alerting.alert import Event, Notice
from allowance.alerting.delivery import Outcome, incident
from allowance.contract.rules import Severity
from allowance.core.time import Instant, iso
from allowance.edges.channels.given import Given
from allowance.edges.channels.http import Receiver
from allowance.edges.channels.secret import Secret
from allowance.edges.channels.words import cut

URL = "https://events.pagerduty.com"
SEVERITY: dict[Severity, str] = {"page": "critical", "ticket": "warning", "log": "info"}
MOST_SUMMARY = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class PagerDuty:
    """One integration key. The alert and all its flaps are one `dedup_key`."""

    name: str
    key: Secret
    url: str = URL

    @property
    def hears(self) -> frozenset[Event]:
        """An acknowledgement stops the ringing; a deploy, a freeze or an override is a change event."""
        return frozenset({"taken", "changed"})

    def send(self, notice: Notice) -> Outcome:
        """Trigger, acknowledge, resolve, or put a change beside the incidents."""
        if notice.says == "taken":
            return self._event("acknowledge", incident(notice))
        if notice.says == "changed":
            message = notice.message
            return self.change(message.title, message.facts, link=message.link, at=notice.at)
        if notice.says == "resolved":
            return self._event("resolve", incident(notice))
        return self._event("trigger", incident(notice), **_payload(notice))

    def change(self, summary: str, details: Mapping[str, str], *, link: str = "", at: Instant) -> Outcome:
        """A deploy, freeze or override, shown beside incidents."""
        body = {
            "routing_key": self.key.reveal(),
            "payload": {
                "summary": cut(summary, MOST_SUMMARY),
                "source": "allowance",
                "timestamp": iso(at),
                "custom_details": dict(details),
            },
            "links": _links(link, "in Allowance"),
        }
        return self._post("/v2/change/enqueue", body)

    def _event(self, action: str, dedup_key: str, **rest: object) -> Outcome:
        body = {"routing_key": self.key.reveal(), "event_action": action, "dedup_key": dedup_key, **rest}
        return self._post("/v2/enqueue", body)

    def _post(self, path: str, body: Mapping[str, object]) -> Outcome:
        receiver = Receiver(called="PagerDuty", secrets=(self.key,))
        return receiver.outcome(receiver.ask("POST", self.url.rstrip("/") + path, json=body))


def build(name: str, given: Given) -> PagerDuty | None:
    """`keyEnv`: the integration key; `url` for the EU region."""
    key, url = given.secret("keyEnv"), given.url("url", default=URL)
    return PagerDuty(name=name, key=key, url=url) if key and url else None


def _payload(notice: Notice) -> dict[str, object]:
    message = notice.message
    details = dict(message.facts) | {"what": "\n".join(message.lines), "first step": message.first_step}
    payload = {
        "summary": cut(message.title, MOST_SUMMARY),
        "source": notice.service,
        "severity": SEVERITY[notice.severity],
        "timestamp": iso(notice.since),
        "component": notice.service,
        "group": notice.labels.get("owner") or notice.service,
        "class": "error budget",
        "custom_details": details,
    }
    return {
        "payload": payload,
        "client": "allowance",
        "links": _links(message.link, "the budget at that instant"),
    }


def _links(link: str, text: str) -> list[dict[str, str]]:
    return [{"href": link, "text": text}] if link else []
