"""A town of services in every state that a page can show, over a month that is always the same."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import uvicorn
from fastapi import FastAPI

from allowance.alerting.alert import Mute
from allowance.alerting.plan import Settings as AlertSettings
from allowance.app.collect import Read
from allowance.app.serve import Loop
from allowance.changes.deploys import Deploy
from allowance.contract.indicator import PromRatio
from allowance.contract.model import Contract, Dependency, NoDataAlert, Service, Slo
from allowance.contract.rules import WORKBOOK
from allowance.contract.source import Prometheus, Source
from allowance.core.buckets import Buckets
from allowance.core.problem import refuse
from allowance.core.time import Instant, parse_instant
from allowance.core.window import RollingWindow
from allowance.edges.store import Store
from allowance.edges.store.database import connect
from allowance.edges.store.sessions import Guest, Session, StoredSessions
from allowance.edges.token_file import digest
from allowance.governance.roles import Role
from allowance.web.api import build_api
from allowance.web.live import LoopState
from allowance.web.sessions import Sessions
from allowance.web.state import Settings
from allowance.web.tokens import Tokens
from tests.peers import free_port, wait_until
from tests.web.conftest import KNOWN, Clock

NOW = parse_instant("2026-11-21T14:22:00Z")
DAYS, MIN, DAY = 28, 60, 86400
SECRET = "a-session-of-the-tests"


@dataclass(frozen=True, kw_only=True)
class Story:
    """What happens to one promise: traffic per minute, a usual share of failures, and bad spells.

    With `first` it is measured only since so many days before now.

    A spell is (days before now, how long in minutes, share that fails). `silent`: minutes before now without events.
    """

    name: str
    target: str = "0.999"
    traffic: float = 40
    usual: float = 0.0002
    spells: tuple[tuple[float, int, float], ...] = ()
    silent: int = 0
    window: int = DAYS * DAY
    source: str = "prom-eu"
    group_by: tuple[str, ...] = ()
    first: float | None = None
    title: str | None = None
    owner: str = ""


TOWN: dict[str, tuple[Story, ...]] = {
    "checkout": (
        Story(name="availability", spells=((9, 192, 0.28), (0.014, 20, 0.28)), usual=0.0001),
        Story(name="latency", target="0.99", usual=0.003),
        Story(name="freshness", target="0.99", usual=0.001),
    ),
    "invoices": (Story(name="freshness", target="0.99", spells=((2, 1500, 0.4),)),),
    "search": (
        Story(name="latency-300-ms", target="0.995", usual=0.001, spells=((4, 500, 0.13),)),
        Story(name="availability"),
    ),
    "login": (Story(name="availability", target="0.9995", usual=0.0003, spells=((0.5, 100, 0.03),)),),
    "exports": (
        Story(name="coverage", target="0.99", silent=1482, source="prom-us"),
        Story(name="freshness", target="0.99", usual=0.002, source="prom-us"),
    ),
    "refunds": (Story(name="availability", traffic=0.005, usual=0.0),),
    "catalog": (Story(name="availability"), Story(name="latency", target="0.99", usual=0.002)),
    "payments-gw": (Story(name="availability", target="0.9995", usual=0.0001, group_by=("region",)),),
    "mail": (Story(name="delivery", target="0.98", usual=0.004),),
    "reports": (Story(name="nightly", target="0.95", traffic=4, usual=0.01, window=7 * DAY),),
}


def history(story: Story, seed: int, *, end: Instant = NOW + DAY) -> Buckets:
    """The counts per minute of a story, up to a day after now."""
    rng = np.random.default_rng(seed)
    start = NOW - 2 * DAYS * DAY
    minutes = np.arange(start, end, MIN)
    wave = 1 + 0.5 * np.sin((minutes % DAY) / DAY * 2 * np.pi - 1.8)
    total = rng.poisson(story.traffic * wave)
    if story.first is not None:
        total[: int((NOW - story.first * DAY - start) // MIN)] = 0
    rate = np.full(len(minutes), story.usual)
    for before, length, share in story.spells:
        low = int((NOW - before * DAY - start) // MIN)
        rate[low : low + length] = share
    if story.silent:
        total[int((NOW - start) // MIN) - story.silent :] = 0
    bad = rng.binomial(total, rate)
    return Buckets(start=start, step=MIN, good=total - bad, total=total)


class Played:
    """A reader that plays the stories; the sources in `down` do not answer."""

    def __init__(self, stories: Mapping[str, Buckets]) -> None:
        self.stories, self.down = dict(stories), set[str]()

    def __call__(
        self,
        source: Source,
        slos: Sequence[Slo],
        by: str | None,
        memory: Any,
        *,
        begin: Instant,
        end: Instant,
    ) -> Read:
        assert isinstance(source, Prometheus)
        if any(name in source.url for name in self.down):
            raise refuse("prom-reach", f"{source.url} does not answer", hint="is it up?")
        gains = {}
        for slo in slos:
            part = _cut(self.stories[slo.id], begin, end)
            if not by:
                gains[slo.id, ""] = part
                continue
            third = Buckets(start=part.start, step=MIN, good=part.good // 3, total=part.total // 3)
            rest = Buckets(
                start=part.start,
                step=MIN,
                good=part.good - third.good,
                total=np.maximum(part.total - third.total, part.good - third.good),
            )
            gains |= {(slo.id, "eu"): rest, (slo.id, "us"): third}
        return Read(gains=gains, memory={"to": end})


def _cut(whole: Buckets, begin: Instant, end: Instant) -> Buckets:
    low, high = (min(max(0, (at - whole.start) // MIN), len(whole)) for at in (begin, end))
    return Buckets(
        start=whole.start + low * MIN, step=MIN, good=whole.good[low:high], total=whole.total[low:high]
    )


def town(stories: Mapping[str, Sequence[Story]] = TOWN) -> Contract:
    """Its contract."""
    owners = ("Mira", "Tom", "Ana", "Ben", "Ida")
    services = []
    for number, (name, own) in enumerate(stories.items()):
        slos = tuple(
            Slo(
                name=one.name,
                service=name,
                indicator=PromRatio(total=f"{name}_{one.name}", good="g"),
                target=Fraction(one.target),
                window=RollingWindow(seconds=one.window),
                rules=WORKBOOK,
                source=Prometheus(url=f"http://{one.source}:9090"),
                owner=one.owner or owners[number % len(owners)],
                display_name=one.title,
                runbook=f"https://runbooks.example/{name}",
                group_by=one.group_by,
                no_data_alert=NoDataAlert(severity="ticket", after=900) if one.silent else None,
            )
            for one in own
        )
        needs = ("payments-gw", "login", "catalog") if name == "checkout" else ()
        services.append(
            Service(
                name=name,
                slos=slos,
                tier=min(number, 3),  # type: ignore[arg-type]
                owner=("payments", "growth", "data", "core")[number % 4],
                dependencies=tuple(Dependency(service=one) for one in needs),
            )
        )
    return Contract(services=tuple(services))


class Town:
    """A house over the town, with a store, and people who are signed in."""

    def __init__(self, folder: Path, stories: Mapping[str, Sequence[Story]] = TOWN) -> None:
        self.clock = Clock()
        self.clock.now = NOW + 10
        self.engine = connect(str(folder / "town.db"))
        self.store = Store(self.engine)
        contract = town(stories)
        histories = {
            slo.id: history(next(s for s in stories[slo.service] if s.name == slo.name), seed)
            for seed, slo in enumerate(contract.slos)
        }
        self.played = Played(histories)
        self.loop = Loop(
            contract=contract,
            store=self.store,
            reader=self.played,
            targets=lambda notice, at: (),
            settings=AlertSettings(),
        )
        self.loop.start(now=NOW - 20 * MIN)
        self.state = LoopState(loop=self.loop, store=self.store, engine=self.engine)
        self.sessions = StoredSessions(self.engine)

    def run(self, *, minutes: int = 20) -> Town:
        """Tick to now, minute by minute from so many minutes before."""
        for back in range(minutes, -1, -1):
            self.loop.advance(now=NOW - back * MIN)
        return self

    def decorate(self) -> Town:
        """Deploys and mutes."""
        self.state.save_deploys(
            [
                Deploy(
                    id="1",
                    service="checkout",
                    version="v4.13.0",
                    commit="3f9a",
                    environment="production",
                    at=NOW - 22 * MIN,
                    state="ok",
                    source="ci",
                ),
                Deploy(
                    id="2",
                    service="checkout",
                    version="v4.12.4",
                    commit="91bc",
                    environment="production",
                    at=NOW - 9 * DAY - 300,
                    state="rolled-back",
                    source="ci",
                ),
            ]
        )
        mute = Mute(
            id="silence-1",
            kind="silence",
            begin=NOW - 3600,
            end=NOW + 20 * MIN,
            labels={"service": "login"},
            by="Ben",
            why="the identity provider is being moved",
        )
        self.state.save_mute(mute)
        self.state.save_mute(
            replace(
                mute,
                id="maintenance-1",
                kind="maintenance",
                end=NOW + 98 * MIN,
                labels={"service": "exports"},
                by="Ida",
                why="disks are exchanged",
            )
        )
        return self

    def app(self, **changes: Any) -> FastAPI:
        """The application, with people who sign in."""
        settings = replace(Settings(open_reading=True, rate=10_000, burst=100_000), **changes)
        return build_api(
            self.state, Tokens(lambda: KNOWN), self.clock, settings, sessions=Sessions(self.sessions)
        )

    def cookie(self, role: Role = "engineer", name: str = "Mira") -> dict[str, str]:
        """The cookie of somebody who is signed in."""
        text = f"{SECRET}-{role}-{name}"
        session = Session(guest=Guest(name=name, role=role), began=NOW, ends=NOW + DAY, via="link")
        if self.sessions.find(digest(text), now=NOW) is None:
            self.sessions.begin(digest(text), session)
        return {"allowance-session": text}

    @contextmanager
    def served(self, **changes: Any) -> Iterator[str]:
        """Its address, on a real port."""
        port = free_port()
        app = self.app(**changes)
        server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="warning"))
        thread = threading.Thread(target=server.run, daemon=True)
        thread.start()
        wait_until(lambda: server.started, "the server", 60)
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            app.state.pulse.close()
            server.should_exit = True
            thread.join(20)
