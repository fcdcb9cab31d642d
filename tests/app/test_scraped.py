"""A Prometheus scrapes a service whose errors are turned up and down: the page comes and goes when arithmetic says."""

from __future__ import annotations

import itertools
import os
import time
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx

from allowance.budget.replay import Episode, replay
from allowance.contract.read import read
from allowance.contract.rules import BurnRule
from allowance.core.buckets import Buckets, from_rows
from allowance.core.time import iso
from allowance.edges.documents import read_paths
from tests.fakes.nursery import Clock, Nursery, nursery
from tests.fakes.receiver import Receiver, Reply, receiving
from tests.fakes.scraped import Scraped, scraped
from tests.peers import alertmanager_in, free_port, prometheus_in, wait_until

CONTRACT = """
apiVersion: allowance/v1
kind: Service
metadata: {{name: checkout}}
spec:
  owner: payments
  source: {{prometheus: "{url}"}}
  slos:
    - name: availability
      target: 90%
      window: 1d
      promql: {{total: http_requests_total, bad: 'http_requests_total{{code="500"}}'}}
      alerts: [{{severity: page, burn: 2, in: 3m, and: 1m}}]
"""

NOTIFY = """
channels:
  am: {{kind: alertmanager, url: "{url}"}}
routes:
  - to: am
"""

ALERTMANAGER = """
route: {{receiver: hook, group_wait: 0s, group_interval: 1s, repeat_interval: 1h}}
receivers:
  - name: hook
    webhook_configs: [{{url: "{url}", send_resolved: true}}]
"""

SCRAPES = """
scrape_configs:
  - job_name: shop
    scrape_interval: 200ms
    scrape_timeout: 200ms
    static_configs: [{{targets: ["127.0.0.1:{port}"]}}]
"""

BEHIND = 5000
"""Seconds that a fast clock begins behind the world's: a Prometheus takes no sample from far ahead of it."""
OLD_SAMPLES = "--storage.tsdb.min-block-duration=1d"
"""So that it takes samples from some hours behind."""


def _clock(speed: int, starter: Nursery) -> Clock:
    """Begins when everything is imported, so that a slow machine does not use it up."""
    starter.wait(starter.start(["--version"], Path(), Clock(base=0, speed=1), log=os.devnull))
    now = int(time.time())
    return Clock(base=now + BEHIND // (speed - 1) if speed > 1 else now, speed=speed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What people were told (by the webhook), what is recorded, and what the Prometheus has counted."""

    firing: dict[str, Any]
    resolved: dict[str, Any]
    events: list[tuple[str, str]]
    counts: Buckets
    heard: tuple[float, float]


def _counts(prometheus: str, now: float) -> Buckets:
    """What happened in each minute, from every sample that the Prometheus has: each counts in the minute it ends in."""
    query = {"query": "http_requests_total[1h]", "time": str(now)}
    (first, *more) = httpx.get(f"{prometheus}/api/v1/query", params=query).json()["data"]["result"]
    rows = []
    for series in (first, *more):
        values = [(float(at), int(value)) for at, value in series["values"]]
        for (_, before), (at, after) in itertools.pairwise(values):
            gain = after - before
            good = gain if series["metric"]["code"] == "200" else 0
            rows.append((int(-(-at // 60)) * 60 - 60, good, gain))
    return from_rows(rows)


def _episode(told: Told, rules: tuple[BurnRule, ...]) -> Episode:
    (episode,) = replay(told.counts, rules, Fraction(9, 10), period=86_400).episodes("page")
    return episode


def _hook(hook: Receiver, status: str) -> list[dict[str, Any]]:
    return [one for request in list(hook.got) for one in request.json["alerts"] if one["status"] == status]


def story(folder: Path, speed: int) -> Told:
    """Two calm minutes, errors in half of all requests until somebody is paged, and calm until it is over."""
    port = free_port()
    (folder / "am").mkdir()
    (folder / "prometheus").mkdir()
    with (
        receiving(lambda _: Reply()) as hook,
        alertmanager_in(folder / "am", ALERTMANAGER.format(url=hook.url)) as alertmanager,
        nursery() as starter,
        scraped(clock := _clock(speed, starter)) as service,
        prometheus_in(
            folder / "prometheus", OLD_SAMPLES, scrapes=SCRAPES.format(port=service.port)
        ) as prometheus,
    ):
        (folder / "shop.yaml").write_text(CONTRACT.format(url=prometheus))
        (folder / "notify.yaml").write_text(NOTIFY.format(url=alertmanager))
        words = ["serve", "shop.yaml", "--notify", "notify.yaml", "--listen", f"127.0.0.1:{port}"]
        child = starter.start([*words, "--delay", "20s"], folder, clock)
        heard = _turned_up_and_down(service, hook, clock)
        events = httpx.get(f"http://127.0.0.1:{port}/v1/alerts/events").json()["events"]
        starter.stop(child)
        (firing,), (resolved,) = _hook(hook, "firing"), _hook(hook, "resolved")
        return Told(
            firing=firing,
            resolved=resolved,
            events=[(one["says"], one["at"]) for one in events],
            counts=_counts(prometheus, clock.now()),
            heard=heard,
        )


def _turned_up_and_down(service: Scraped, hook: Receiver, clock: Clock) -> tuple[float, float]:
    """The instants at which the page and its end were heard."""
    begin = clock.now()
    wait_until(lambda: clock.now() >= begin + 120, "two calm minutes", 300)
    service.fails_every = 2
    wait_until(lambda: bool(_hook(hook, "firing")), "the page", 600 if clock.speed == 1 else 60)
    heard = clock.now()
    service.fails_every = 0
    wait_until(lambda: bool(_hook(hook, "resolved")), "its end", 600 if clock.speed == 1 else 60)
    return heard, clock.now()


def test_a_page_comes_and_goes_at_the_instants_that_the_counts_say(tmp_path: Path) -> None:
    told = story(tmp_path, speed=30)
    (slo,) = read(read_paths([str(tmp_path / "shop.yaml")]).files).contract.slos
    episode = _episode(told, slo.rules)
    over = episode.last + 60
    assert told.events == [("opened", iso(episode.first)), ("resolved", iso(over))]
    assert (told.firing["startsAt"], told.resolved["endsAt"]) == (iso(episode.first), iso(over))
    assert told.heard[0] > episode.first, "nobody knows before the minute is over"
    assert told.heard[1] > over
