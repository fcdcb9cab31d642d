"""A running program under load that is killed again and again, and what must be true afterwards."""

from __future__ import annotations

import json
import random
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from allowance.budget.evaluate import evaluate
from allowance.contract.model import Contract
from allowance.contract.read import read
from allowance.core.buckets import Buckets
from allowance.core.time import iso, parse_instant
from allowance.edges.documents import read_paths
from allowance.edges.store import Store, open_store
from allowance.edges.store.acks import acks
from allowance.edges.store.ledger import StoredLedger
from allowance.edges.token_file import mint
from allowance.governance.verify import Verified, verify
from allowance.reports.analysis_json import budget_json
from allowance.web import otlp_sink
from allowance.web.otlp_door import OtlpDoor
from tests.fakes.nursery import Clock, Nursery, nursery
from tests.fakes.receiver import Receiver, Reply, Request, receiving
from tests.peers import free_port, wait_until

CONTRACT = """
apiVersion: allowance/v1
kind: Service
metadata: {name: checkout}
spec:
  owner: payments
  runbook: https://runbooks.example.com/checkout
  source: {otlp: traces}
  slos:
    - name: availability
      target: 99%
      valid: kind = 'server'
      good: status < 500
    - name: payments
      target: 99.9%
      valid: kind = 'server' and "http.route" = '/pay'
      good: status < 500
"""

NOTIFY = """
channels:
  pager: {{kind: webhook, url: "{url}/page"}}
  chat: {{kind: webhook, url: "{url}/chat"}}
routes:
  - to: [pager, chat]
"""

SPEED = 60
"""A minute is a second."""
STARVED = 20
"""Seconds after which a life lasts until spans were acknowledged: a sender that waits for an hour of the clock is too
late."""
SPANS = 20
WORDS = {"opened": "open", "reopened": "open", "resolved": "resolved"}


def spans(name: str, at: int, statuses: list[int]) -> bytes:
    """One request in OTLP's JSON; the ids follow from its name."""
    made = [
        {
            "traceId": f"{random.Random(f'{name}/{number}').getrandbits(128):032x}",
            "spanId": f"{random.Random(f'{name}+{number}').getrandbits(64) | 1:016x}",
            "name": "GET",
            "kind": 2,
            "startTimeUnixNano": str(at * 10**9),
            "endTimeUnixNano": str(at * 10**9 + 10**7),
            "attributes": [
                {"key": "http.response.status_code", "value": {"intValue": str(status)}},
                {"key": "http.route", "value": {"stringValue": "/pay" if number % 2 else "/cart"}},
            ],
        }
        for number, status in enumerate(statuses)
    ]
    service = {"key": "service.name", "value": {"stringValue": "checkout"}}
    resource = {"resource": {"attributes": [service]}, "scopeSpans": [{"spans": made}]}
    return json.dumps({"resourceSpans": [resource]}).encode()


@dataclass(slots=True)
class Mailbox:
    """A receiver that knows notices by their key, and now and then hangs up after it has taken one."""

    taken: dict[tuple[str, str], Any] = field(default_factory=dict)
    repeats: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: Request) -> Reply:
        """Take it once."""
        with self._lock:
            key = request.path, request.headers["idempotency-key"]
            again = key in self.taken
            self.repeats += again
            self.taken.setdefault(key, request.json)
            return Reply(status=0 if not again and len(self.taken) % 3 == 0 else 204)


@dataclass(slots=True)
class Shop:
    """One folder, one store, one load: what was acknowledged is remembered here."""

    folder: Path
    clock: Clock
    receiver: Receiver
    store: str = "allowance.db"
    port: int = field(default_factory=free_port)
    otlp: int = field(default_factory=free_port)
    token: str = ""
    begun: int = 0
    bodies: list[tuple[int, bytes]] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    tries: Counter[str] = field(default_factory=Counter)
    refused: list[str] = field(default_factory=list)
    answered: list[dict[str, Any]] = field(default_factory=list)
    heard: float = field(default_factory=time.monotonic)
    over: threading.Event = field(default_factory=threading.Event)

    def prepare(self) -> None:
        """The contract, the channels, and a token of somebody who may do all of it."""
        (self.folder / "shop.yaml").write_text(CONTRACT)
        (self.folder / "notify.yaml").write_text(NOTIFY.format(url=self.receiver.url))
        self.token = mint(self.folder / "allowance-tokens.json", name="mallory", role="engineer")

    @property
    def arguments(self) -> list[str]:
        """What is run."""
        ports = ["--listen", f"127.0.0.1:{self.port}", "--otlp", f"127.0.0.1:{self.otlp}"]
        files = ["shop.yaml", "--notify", "notify.yaml", "--store", self.store]
        return ["serve", *files, "--delay", "1s", *ports]

    def ask(self, path: str) -> Any:
        """What the API answers."""
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=10).json()

    def keep_sending(self) -> list[threading.Thread]:
        """The load: four clients, each of which repeats a request until it is acknowledged."""
        self.begun = int(self.clock.now())
        works = (self._spans, self._events, self._acks, self._mutes)
        threads = [threading.Thread(target=self._until_over, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        return threads

    def _until_over(self, work: Callable[[httpx.Client, int], None]) -> None:
        number = 0
        headers = {"Authorization": f"Bearer {self.token}"}
        with httpx.Client(headers=headers, timeout=10) as client:
            while not self.over.is_set():
                work(client, number)
                number += 1
                time.sleep(0.03)

    def _acknowledged(
        self, client: httpx.Client, url: str, body: Any, *, good: tuple[int, ...], never: tuple[int, ...] = ()
    ) -> bool:
        """Repeat until it is; false where the answer is that it never will be."""
        kind = "application/cloudevents+json" if url.endswith("events") else "application/json"
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        for _ in range(6000):
            self.tries[url.rpartition("/")[2]] += 1
            try:
                answer = client.post(url, content=content, headers={"Content-Type": kind})
            except httpx.HTTPError:
                time.sleep(0.02)
                continue
            if answer.status_code in good or answer.status_code in never:
                if "rejectedSpans" in answer.text:
                    self.refused.append(answer.text)
                return answer.status_code in good
            assert answer.status_code in (429, 503), (url, answer.status_code, answer.text)
            time.sleep(0.1)
        raise AssertionError(f"never acknowledged: {url}")

    def _spans(self, client: httpx.Client, number: int) -> None:
        now = int(self.clock.now())
        broken = (now - self.begun) // 60 % 14 < 6
        statuses = [500 if broken and k % 2 else 200 for k in range(SPANS)]
        body = spans(f"{number}", now - 5, statuses)
        self.bodies.append((now, body))
        url = f"http://127.0.0.1:{self.otlp}/v1/traces"
        assert self._acknowledged(client, url, body, good=(200,))
        self.heard = time.monotonic()

    def _events(self, client: httpx.Client, number: int) -> None:
        name = f"event-{number}"
        event = {
            "specversion": "1.0",
            "id": name,
            "source": "/pipeline",
            "type": "com.example.note",
            "time": iso(int(self.clock.now())),
            "data": {"number": number},
        }
        assert self._acknowledged(client, f"http://127.0.0.1:{self.port}/v1/events", event, good=(200,))
        self.events.append(name)

    def _acks(self, client: httpx.Client, number: int) -> None:
        said = {"note": f"note-{number}", "disposition": "test"}
        url = f"http://127.0.0.1:{self.port}/v1/alerts/checkout/availability/ticket/ack"
        if self._acknowledged(client, url, said, good=(200, 201)):
            self.notes.append(f"note-{number}")
        time.sleep(0.1)

    def _mutes(self, client: httpx.Client, number: int) -> None:
        reason = f"reason-{number}"
        end = iso(int(self.clock.now()) + 86_400)
        mute = {"end": end, "labels": {"service": f"other-{number}"}, "reason": reason}
        url = f"http://127.0.0.1:{self.port}/v1/mutes"
        if self._acknowledged(client, url, mute, good=(201,)):
            self.reasons.append(reason)
        time.sleep(0.2)


@contextmanager
def shop_in(folder: Path, store: str = "allowance.db") -> Iterator[tuple[Shop, Mailbox, Nursery]]:
    """A shop whose program is not started yet, its receiver of notices, and who starts programs."""
    mailbox = Mailbox()
    clock = Clock(base=int(time.time()), speed=SPEED)
    with receiving(mailbox.answer) as receiver, nursery() as starter:
        shop = Shop(folder=folder, clock=clock, receiver=receiver, store=store)
        shop.prepare()
        yield shop, mailbox, starter


def kill_again_and_again(shop: Shop, starter: Nursery, *, instants: int, seed: int, span: float) -> None:
    """Start it and kill it, at instants that are drawn evenly over `span` seconds of its life; under load.

    On a slow machine over more, so that a third of its lives are longer than a start.
    """
    rng = random.Random(seed)
    threads = shop.keep_sending()
    try:
        span = max(span, min(1.5 * _start_up(shop, starter), 10 * span))
        lives = [(number + rng.random()) / instants * span for number in range(instants)]
        rng.shuffle(lives)
        for life in lives:
            child = starter.start(shop.arguments, shop.folder, shop.clock)
            time.sleep(life)
            if time.monotonic() - shop.heard > STARVED:
                wait_until(lambda: time.monotonic() - shop.heard < STARVED, "an acknowledgement", 60)
            starter.kill(child)
        child = starter.start(shop.arguments, shop.folder, shop.clock)
        begun = int(shop.clock.now())
        wait_until(lambda: _ticked_after(shop, begun), "the program", 60)
    finally:
        shop.over.set()
        for thread in threads:
            thread.join(60)
    settle(shop)
    shop.answered = shop.ask("/v1/slos")["slos"]
    starter.stop(child)


def _start_up(shop: Shop, starter: Nursery) -> float:
    """Seconds from a fork until it answers; it is killed then."""
    starter.wait(starter.start(["--version"], shop.folder, shop.clock))  # now everything is imported
    began = time.monotonic()
    child = starter.start(shop.arguments, shop.folder, shop.clock)
    wait_until(lambda: shop.ask("/healthz") is not None, "the program", 60)
    took = time.monotonic() - began
    starter.kill(child)
    return took


def settle(shop: Shop) -> None:
    """Until everything that was sent has been judged and told."""
    end = int(shop.clock.now())
    wait_until(lambda: _ticked_after(shop, end), "a last tick", 60)
    wait_until(lambda: _nothing_due(shop.folder / shop.store), "the last notice", 60)


def _ticked_after(shop: Shop, instant: int) -> bool:
    ready = shop.ask("/readyz")
    return str(ready.get("tick", "")) > iso(instant)


def _nothing_due(path: Path) -> bool:
    with closing(sqlite3.connect(path, timeout=30)) as connection:
        return connection.execute("SELECT count(*) FROM outbox WHERE state = 'due'").fetchone() == (0,)


def check(shop: Shop, mailbox: Mailbox) -> dict[str, int]:
    """Nothing acknowledged is missing, nothing is there twice; how much there was of each."""
    log = (shop.folder / "serve.log").read_text()
    assert "Traceback" not in log, log[-5000:]
    assert not shop.refused, f"too slow a machine for a minute a second: {shop.refused[0]}"
    store = open_store(str(shop.folder / shop.store))
    found = {
        "requests": _spans_are_counted_once(shop, store),
        "events": _same("events", _column(shop, "SELECT id FROM arrivals"), shop.events),
        "notices": _told_once(store, mailbox),
    }
    notes = {one.note for one in acks(store._engine, since=0)}
    assert set(shop.notes) <= notes, "an acknowledgement is missing"
    reasons = {mute.why for mute in store.mutes(now=0)}
    assert set(shop.reasons) <= reasons, "a mute is missing"
    assert isinstance(verify(StoredLedger(store._engine).entries()), Verified)
    assert _column(shop, "PRAGMA integrity_check") == ["ok"]
    store.close()
    return found | {"acks": len(shop.notes), "mutes": len(shop.reasons), "tries": shop.tries.total()}


def contract_of(shop: Shop) -> Contract:
    """What is promised."""
    return read(read_paths([str(shop.folder / "shop.yaml")]).files).contract


def _spans_are_counted_once(shop: Shop, store: Store) -> int:
    """The counts, and the budgets that it answers, are those of an undisturbed run over the same requests."""
    contract = contract_of(shop)
    calm = open_store(":memory:")
    sent = shop.begun
    door = OtlpDoor(contract.slos, calm, lambda: sent)
    for sent, body in shop.bodies:  # noqa: B007 - the door's clock reads it
        door.accept([otlp_sink.Request("traces", body, "application/json")])
    wanted, found = _counted(calm), _counted(store)
    calm.close()
    assert found.keys() == wanted.keys()
    for slo in contract.slos:
        name = door.series(slo.id) or ""
        assert found[name] == wanted[name], (
            f"{slo.id}: {found[name].all()}, undisturbed {wanted[name].all()}, {len(shop.bodies)} requests"
        )
        (said,) = [one for one in shop.answered if one["id"] == slo.id]
        undisturbed = budget_json(evaluate(slo, wanted[name], now=parse_instant(said["at"])).budget)
        assert {key: said[key] for key in undisturbed} == undisturbed, "the budget that it answers"
    total = found[door.series("checkout/availability") or ""].all().total
    assert total == SPANS * len(shop.bodies)
    return len(shop.bodies)


def _counted(store: Store) -> dict[str, Buckets]:
    totals = store.totals(rows=100_000, step=60)
    totals.clear()
    while gains := store.gains(after=totals.seq):
        totals.apply(gains, until=0)
    return {name: totals.history(number, 0) for (name, _), number in store.series().items()}


def _told_once(store: Store, mailbox: Mailbox) -> int:
    with store._engine.begin() as connection:
        rows = connection.exec_driver_sql("SELECT key, channel, state, body FROM outbox").all()
    # A last tick may have queued more before the program was stopped; everything earlier was sent.
    assert {row[2] for row in rows} <= {"sent", "due"}
    paths = {"pager": "/page", "chat": "/chat"}
    queued = Counter((paths[row[1]], json.loads(row[3])["key"]) for row in rows)
    sent = Counter((paths[row[1]], json.loads(row[3])["key"]) for row in rows if row[2] == "sent")
    got = Counter((path, body["key"]) for (path, _), body in mailbox.taken.items())
    assert sent <= got <= queued, "told is what was queued, once"
    told: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for (path, _), body in mailbox.taken.items():
        told.setdefault((path, body["signature"]), []).append(body)
    for (path, signature), bodies in told.items():
        events = [(body["says"], body["since"]) for body in bodies if signature != "allowance/away"]
        assert len(set(events)) == len(events), f"{path} was told something twice: {events}"
        said = [WORDS[says] for says, _ in events if says in WORDS]
        assert said == ["open", "resolved"] * (len(said) // 2) + ["open"] * (len(said) % 2), (
            signature,
            events,
        )
    return len(rows)


def _column(shop: Shop, query: str) -> list[Any]:
    with closing(sqlite3.connect(shop.folder / shop.store)) as connection:
        return [row[0] for row in connection.execute(query)]


def _same(what: str, found: list[str], wanted: list[str]) -> int:
    assert Counter(found) == Counter(wanted), f"{what} are missing, or there twice"
    return len(found)
