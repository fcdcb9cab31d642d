"""What the API needs of the running program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from allowance.alerting.alert import Mute
from allowance.alerting.delivery import Trouble
from allowance.alerting.route import Directory
from allowance.app.collect import Standing
from allowance.app.law import Law
from allowance.app.protection import Pending
from allowance.app.tick import Key, Tick
from allowance.app.verdicts import Verdicts
from allowance.budget.budget import Windowed
from allowance.changes.deploys import Deploy
from allowance.contract.model import Contract, NoDataAlert
from allowance.core.buckets import Buckets
from allowance.core.duration import MINUTE
from allowance.core.problem import Problem
from allowance.core.time import Instant
from allowance.edges.github_file import GithubSettings
from allowance.edges.notify_fields import USUAL, DeployWindow
from allowance.edges.store.acks import Ack, Arrival
from allowance.edges.store.notes import Note
from allowance.governance.expressions import Say
from allowance.web.contract_files import ContractFiles
from allowance.web.event_door import EventDoor
from allowance.web.otlp_door import OtlpDoor
from allowance.web.tally import Tally


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluator:
    """Which replica evaluates and delivers: `here` if it is this one; `name` is empty where it is not known."""

    here: bool
    name: str


class LiveState(Protocol):
    """The loop and its store, as the API sees them. Every method may block and may come from several threads."""

    @property
    def evaluator(self) -> Evaluator: ...

    @property
    def contract(self) -> Contract: ...

    @property
    def contract_files(self) -> ContractFiles | None:
        """Where the contract comes from; nothing where it is not read from files."""
        ...

    @property
    def tally(self) -> Tally:
        """How the program has answered since its start."""
        ...

    @property
    def now(self) -> Tick | None:
        """The newest tick; none before the first."""
        ...

    @property
    def problems(self) -> Mapping[str, Problem]:
        """Why a source could not be read at the newest tick, by the name of its standing."""
        ...

    @property
    def standings(self) -> Mapping[str, Standing]: ...

    @property
    def tick_seconds(self) -> float | None:
        """How long the newest tick took."""
        ...

    @property
    def late(self) -> NoDataAlert | None:
        """When a source that is read late is an alert; nothing: never."""
        ...

    @property
    def histories(self) -> Mapping[Key, Buckets]:
        """What is counted of every SLO and group, read when it is asked for."""
        ...

    def counted(self, slo_id: str, group: str = "", /) -> Windowed | None:
        """What the budget of an SLO counts, over all its groups or of one; nothing where there is no such SLO."""
        ...

    @property
    def say(self) -> Say:
        """Who works the CEL expressions of policies out."""
        ...

    @property
    def law(self) -> Law:
        """The ledger, and what stands by it."""
        ...

    @property
    def verdicts(self) -> Verdicts:
        """What the gate has said of versions and commits."""
        ...

    def mutes(self, *, now: Instant) -> Sequence[Mute]:
        """Those that have not ended."""
        ...

    def save_mute(self, mute: Mute) -> None:
        """A new one, or another one of the same id."""
        ...

    def events(self, *, since: Instant, service: str = "") -> Sequence[Mapping[str, Any]]:
        """What alerts said and what was held back, oldest first: `at`, `signature`, `says`, and why."""
        ...

    def acks(self, *, since: Instant) -> Sequence[Ack]:
        """What people said about alerts, oldest first."""
        ...

    @property
    def directory(self) -> Directory | None:
        """Who is told; nothing where nobody wrote that down."""
        ...

    def outbox_counts(self) -> Mapping[tuple[str, str], int]:
        """How many notices are in each (channel, state)."""
        ...

    def outbox_oldest(self) -> Mapping[str, Instant]:
        """For each channel with notices that wait, the instant of the oldest."""
        ...

    def troubles(self) -> Sequence[Trouble]:
        """Channels whose last try failed, those first that fail the longest."""
        ...

    def latest_acks(self, signatures: Sequence[str]) -> Mapping[str, Ack]: ...

    def save_ack(self, ack: Ack) -> None: ...

    def unseen(self, arrivals: Sequence[Arrival]) -> Sequence[Arrival]:
        """Those events that have not been here before, each once."""
        ...

    def remember(self, arrivals: Sequence[Arrival], *, now: Instant) -> Sequence[str]:
        """Events that were dealt with, counted where an SLO is over them; why some were not."""
        ...

    @property
    def told(self) -> EventDoor:
        """Where events, beacons and probes are counted."""
        ...

    @property
    def received(self) -> OtlpDoor:
        """Where OTLP is counted, and what it shows."""
        ...

    def save_deploys(self, deploys: Sequence[Deploy]) -> None:
        """Each is kept once, by its source and id."""
        ...

    def deploys(self, *, begin: Instant, end: Instant, service: str | None = None) -> Sequence[Deploy]:
        """Those in `[begin, end)`, oldest first."""
        ...

    def save_note(self, note: Note) -> Note:
        """A remark on a period; it comes back with its number."""
        ...

    def notes(self, *, begin: Instant, end: Instant, service: str | None = None) -> Sequence[Note]:
        """Those that touch `[begin, end)`, oldest first."""
        ...

    def judge_again(self) -> None:
        """Look at the newest tick once more: the ledger says something new about its counts."""
        ...

    def save_pending(self, pending: Pending) -> None:
        """A deployment that waits for the gate; it is kept once, by its id."""
        ...

    def try_write(self, *, now: Instant) -> None:
        """A small durable write. Errors: whatever the store raises."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How the API behaves. Sizes in bytes, spans in seconds.

    `delay`: how long after its end a step is ticked, so that late telemetry is in it; nobody is late for that.
    `rate` and `burst`: requests per second that a token or an address may go on with, and how many at once.
    `open_reading`: whether who comes from this machine may read without a token.
    `deploys`: what a deploy event holds back.
    `github`: whose webhooks are believed, and how they are answered.
    """

    step: int = MINUTE
    delay: int = 0
    open_reading: bool = True
    most_body: int = 1 << 20
    rate: float = 50
    burst: int = 200
    deploys: DeployWindow = USUAL
    github: GithubSettings | None = None
