"""Alertmanager, by its API v2, so that existing routes, groups and silences keep working."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from allowance.alerting.alert import Notice
from allowance.alerting.delivery import Outcome, Sent
from allowance.core.time import iso
from allowance.edges.channels.given import Given
from allowance.edges.channels.http import Receiver
from allowance.edges.channels.secret import Secret
from allowance.reports.export_names import ALERTS

NOT_A_LABEL = re.compile(r"[^a-zA-Z0-9_]")
MOST_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Alertmanager:
    """One Alertmanager. It forgets a firing alert after its `resolve_timeout`, so `refresh` repeats them.

    Its identity of an alert is the set of labels: they hold names only, and what changes is an annotation.
    """

    name: str
    url: str
    token: Secret | None = None

    def send(self, notice: Notice) -> Outcome:
        """Post one alert, firing or resolved."""
        return self._post([notice])

    def refresh(self, notices: Sequence[Notice]) -> Outcome:
        """Post again what still fires, every minute or so; the first failure ends it."""
        for first in range(0, len(notices), MOST_AT_ONCE):
            outcome = self._post(notices[first : first + MOST_AT_ONCE])
            if not isinstance(outcome, Sent):
                return outcome
        return Sent()

    def _post(self, notices: Sequence[Notice]) -> Outcome:
        secrets = (self.token,) if self.token else ()
        receiver = Receiver(called=f"the Alertmanager {self.name}", secrets=secrets)
        headers = {"Authorization": f"Bearer {self.token.reveal()}"} if self.token else None
        url = f"{self.url.rstrip('/')}/api/v2/alerts"
        return receiver.outcome(
            receiver.ask("POST", url, json=[alert_of(n) for n in notices], headers=headers)
        )


def build(name: str, given: Given) -> Alertmanager | None:
    """`url`, and `tokenEnv` where it wants a bearer token."""
    url, token = given.url("url"), given.secret("tokenEnv", required=False)
    return Alertmanager(name=name, url=url, token=token) if url else None


def alert_of(notice: Notice) -> dict[str, object]:
    """A notice as Alertmanager wants it. `startsAt` is where this stretch of firing began."""
    message = notice.message
    alert: dict[str, object] = {
        "labels": labels_of(notice),
        "annotations": {
            "summary": message.title,
            "description": "\n".join(message.lines),
            "first_step": message.first_step,
            "signature": notice.signature,
        },
        "startsAt": iso(notice.since),
    }
    if notice.says == "resolved":
        alert["endsAt"] = iso(max(notice.at, notice.since))
    if message.link:
        alert["generatorURL"] = message.link
    return alert


def labels_of(notice: Notice) -> dict[str, str]:
    """The labels, with names that Alertmanager takes; empty ones are left out.

    The alert has the name of the exported rule, so exported routes and inhibition hold for it too.
    """
    named = {NOT_A_LABEL.sub("_", name): value for name, value in notice.labels.items() if value}
    valid = {name if not name[:1].isdigit() else f"_{name}": value for name, value in named.items() if name}
    return {**valid, "alertname": ALERTS[notice.severity]}
