"""A house with a real store, a loop over a recorded history, and one token for each role."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from allowance.alerting.plan import Settings as AlertSettings
from allowance.app.collect import Read
from allowance.app.serve import Loop
from allowance.contract.indicator import PromRatio
from allowance.contract.model import Contract, Service, Slo
from allowance.contract.rules import WORKBOOK
from allowance.contract.source import Prometheus, Source
from allowance.core.buckets import Buckets
from allowance.core.problem import refuse
from allowance.core.time import Instant
from allowance.core.window import RollingWindow
from allowance.edges.store import Store
from allowance.edges.store.database import connect
from allowance.edges.token_file import Token, digest
from allowance.governance.roles import ROLE_NAMES, Role
from allowance.web.api import build_api
from allowance.web.live import LoopState
from allowance.web.state import Settings
from allowance.web.tokens import Tokens
from tests.budget.histories import MIN, even

START = 1_790_000_040 - 1_790_000_040 % 86400
TEXTS: dict[Role, str] = {role: f"alw_{role}-secret" for role in ROLE_NAMES}
KNOWN = [Token(name=f"the-{role}", role=role, sha256=digest(text)) for role, text in TEXTS.items()]


class Recorded:
    """A source that plays a history; with `down` it fails."""

    def __init__(self, history: Buckets) -> None:
        self.history = history
        self.down = False

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
        if self.down:
            raise refuse("prom-reach", "the server does not answer")
        whole = self.history
        low = min(max(0, (begin - whole.start) // MIN), len(whole))
        high = min(max(low, (end - whole.start) // MIN), len(whole))
        part = Buckets(
            start=whole.start + low * MIN, step=MIN, good=whole.good[low:high], total=whole.total[low:high]
        )
        groups = ("globex", "initech") if by else ("",)
        return Read(gains={(slo.id, g): part for slo in slos for g in groups}, memory={"to": end})


class Clock:
    """Stands until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> int:
        return self.now


class House:
    """Everything a test wants to touch."""

    def __init__(self, store: Store, engine: Any) -> None:
        self.clock = Clock()
        self.source = Recorded(even(300, 100, {range(100, 160): 100}, start=START))
        self.loop = Loop(
            contract=contract(),
            store=store,
            reader=self.source,
            targets=lambda notice, at: ("pager",),
            settings=AlertSettings(),
        )
        self.loop.start(now=START)
        self.state = LoopState(loop=self.loop, store=store, engine=engine)
        self.settings = Settings(open_reading=False, rate=1000, burst=100_000)

    def app(self, **changes: Any) -> FastAPI:
        """The application; `changes` are settings."""
        fields = {name: getattr(self.settings, name) for name in self.settings.__slots__}
        return build_api(self.state, Tokens(lambda: KNOWN), self.clock, Settings(**fields | changes))

    def run_to(self, minute: int) -> None:
        """Tick on, and let some seconds pass."""
        self.clock.now = START + minute * MIN + 7
        self.loop.advance(now=self.clock.now)
        self.state.tick_seconds = 0.25

    def client(self, role: Role | None = "admin", **changes: Any) -> httpx.AsyncClient:
        """Somebody with the token of a role, or with none."""
        transport = httpx.ASGITransport(self.app(**changes), raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {TEXTS[role]}"} if role else {}
        return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080", headers=headers)


def slo(service: str, name: str, **changes: Any) -> Slo:
    fields: dict[str, Any] = {
        "name": name,
        "service": service,
        "indicator": PromRatio(total=f"{service}_{name}", good="g"),
        "target": Fraction("0.999"),
        "window": RollingWindow(seconds=30 * 86400),
        "rules": WORKBOOK,
        "source": Prometheus(url="http://user:hunter2@prometheus.example:9090/base"),
        "owner": "shop",
        "labels": {"region": "eu"},
    }
    return Slo(**fields | changes)


def contract() -> Contract:
    checkout = (slo("checkout", "availability"), slo("checkout", "latency", sla=Fraction("0.99")))
    payments = (slo("payments", "charges", group_by=("tenant",), owner=None),)
    return Contract(
        services=(Service(name="checkout", slos=checkout), Service(name="payments", slos=payments))
    )


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    engine = connect(str(tmp_path / "allowance.db"))
    yield House(Store(engine), engine)
    engine.dispose()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
async def api(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """An admin at a house that has run into an outage."""
    house.run_to(120)
    async with house.client() as client:
        yield client
