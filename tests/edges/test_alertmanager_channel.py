"""The real Alertmanager: an alert appears, reaches a webhook, is repeated while it fires, and is resolved."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from allowance.alerting.alert import Notice
from allowance.alerting.delivery import Sent
from allowance.app.deliver import refresh
from allowance.edges import clock
from allowance.edges.channels.alertmanager import Alertmanager
from tests.alerting.notices import notice
from tests.fakes.receiver import Receiver, Reply, receiving
from tests.peers import alertmanager_in, wait_until

CONFIG = """
global: {{resolve_timeout: {timeout}}}
route: {{receiver: hook, group_by: [service], group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}
receivers:
  - name: hook
    webhook_configs: [{{url: {url}, send_resolved: true}}]
"""


@pytest.fixture
def hook() -> Iterator[Receiver]:
    """The webhook that Alertmanager tells."""
    with receiving(lambda _: Reply()) as receiver:
        yield receiver


def told(hook: Receiver) -> list[tuple[str, str]]:
    """(status, slo) of what the webhook got, repeats aside."""
    every = [(a["status"], a["labels"]["slo"]) for r in hook.got for a in r.json["alerts"]]
    return [key for key, _ in itertools.groupby(every)]


def alerts(url: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = httpx.get(f"{url}/api/v2/alerts").json()
    return found


def page(number: int = 1, **changes: Any) -> Notice:
    now = clock.now()
    return notice(number, **{"opened": now - 60, "at": now - 60} | changes)


def test_an_alert_reaches_a_webhook_through_alertmanager_and_is_resolved(
    hook: Receiver, tmp_path: Path
) -> None:
    with alertmanager_in(tmp_path, CONFIG.format(timeout="5m", url=hook.url)) as url:
        channel = Alertmanager(name="am", url=url)
        opened = page()
        assert channel.send(opened) == channel.send(opened) == Sent()
        wait_until(lambda: bool(hook.got), "the notification")
        [alert] = alerts(url)
        assert alert["labels"] == {
            "alertname": "SloBurnPage", "service": "checkout", "slo": "availability-1", "severity": "page",
            "owner": "shop",
        }  # fmt: skip
        assert alert["annotations"]["summary"] == "checkout availability: 28 of 100 requests fail"
        assert alert["generatorURL"] == opened.message.link
        over = page(says="resolved", opened=opened.opened, at=clock.now())
        assert channel.send(over) == Sent()
        wait_until(lambda: ("resolved", "availability-1") in told(hook), "the resolution")
        assert told(hook) == [("firing", "availability-1"), ("resolved", "availability-1")]


def test_what_still_fires_outlives_the_time_after_which_alertmanager_forgets(
    hook: Receiver, tmp_path: Path
) -> None:
    with alertmanager_in(tmp_path, CONFIG.format(timeout="2s", url=hook.url)) as url:
        channel = Alertmanager(name="am", url=url)
        kept, forgotten = page(1), page(2)
        assert refresh(channel, [kept, forgotten]) == Sent()
        for _ in range(8):
            time.sleep(0.5)
            assert refresh(channel, [kept]) == Sent()
        assert [alert["labels"]["slo"] for alert in alerts(url)] == ["availability-1"]
        wait_until(lambda: ("resolved", "availability-2") in told(hook), "the forgotten one")
        assert ("resolved", "availability-1") not in told(hook)
