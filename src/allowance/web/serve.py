"""One process: the loop in a thread, the post beside it, and the API in front."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import structlog
import uvicorn
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette

from allowance.alerting.alert import Notice
from allowance.alerting.plan import Settings
from allowance.app.govern import Govern
from allowance.app.probing import Probing
from allowance.app.serve import Loop
from allowance.contract.model import Contract
from allowance.core.problem import ProblemError, refuse
from allowance.core.time import Instant
from allowance.edges import clock
from allowance.edges.documents import STDIN
from allowance.edges.github_file import read_github
from allowance.edges.notify_file import Notify, read_notify
from allowance.edges.oidc_file import read_oidc
from allowance.edges.prober import attempt
from allowance.edges.read import read
from allowance.edges.samples_file import read_samples
from allowance.edges.store.acks import acknowledged_at
from allowance.edges.store.database import connect
from allowance.edges.store.lease import DatabaseLease, lock_file
from allowance.edges.store.sessions import Guest, StoredSessions
from allowance.edges.store.store import Store
from allowance.edges.token_file import FIRST, first_token, tokens_of
from allowance.governance.facts import Standing
from allowance.governance.hand_backs import rotation_for
from allowance.web.api import build_api
from allowance.web.contract_files import ContractFiles
from allowance.web.event_door import EventDoor
from allowance.web.github_answers import answering
from allowance.web.live import LoopState
from allowance.web.oidc import Provider
from allowance.web.otlp import routes, spare_collector
from allowance.web.otlp_door import OtlpDoor
from allowance.web.otlp_grpc import otlp_server
from allowance.web.pages.front import Front
from allowance.web.pages.page import NOTHING_MORE, More
from allowance.web.rounds import looking, posting, ticking
from allowance.web.sessions import Sessions, new_link
from allowance.web.state import Settings as ApiSettings
from allowance.web.tally import Tally
from allowance.web.tokens import Tokens

try:
    from uvloop import new_event_loop as loop_factory
except ImportError:  # Windows and PyPy have none; asyncio's own does the same, at half the speed.
    from asyncio import new_event_loop as loop_factory  # type: ignore[assignment]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where the API listens."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """`127.0.0.1:8787`. Errors: `Problem` `listen`."""
        host, colon, port = text.rpartition(":")
        if not colon or not port.isdigit() or not 0 < int(port) < 65536:
            raise refuse("listen", f"{text!r} is not an address", hint="write it as 127.0.0.1:8787")
        return cls(host=host.strip("[]") or "127.0.0.1", port=int(port))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Serving:
    """What `serve` was asked for."""

    contract: Contract
    paths: tuple[str, ...] = ()
    store: str
    notify: Path | None
    address: Address
    delay: int
    link: str
    tokens: Path
    otlp: Address
    oidc: Path | None = None
    github: Path | None = None
    samples: Path | None = None
    more: More = NOTHING_MORE


def serve_until_stopped(asked: Serving) -> None:
    """`run`, to its end. Errors: those of `run`."""
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(run(asked))


async def run(asked: Serving) -> None:
    """Serve until stopped. Errors: `Problem`s of the store, the tokens and the notify file, before anything runs."""
    notify = read_notify(asked.notify) if asked.notify is not None else None
    provider = Provider(read_oidc(asked.oidc)) if asked.oidc is not None else None
    github = read_github(asked.github) if asked.github is not None else None
    samples = read_samples(asked.samples) if asked.samples is not None else None
    lock = lock_file(asked.store)
    engine = connect(asked.store)
    lease = lock or DatabaseLease(asked.store)
    store, owned = Store(engine), Store(engine, lease)
    tally = Tally()
    door = OtlpDoor(asked.contract.slos, store, clock.now, tally, samples)
    told = EventDoor(asked.contract.slos, store, clock.now)
    loop = Loop(
        contract=asked.contract,
        store=owned,
        reader=read,
        targets=lambda notice, at: _targets(notify, engine, notice, state.law.known, at),
        settings=Settings(link=asked.link),
        doors=(door, told),
    )
    state = LoopState(loop=loop, store=store, engine=engine, lease=lease, tally=tally)
    loop.after = (*loop.after, Govern(state.law, lambda: loop.contract, loop.counted, say=state.say))
    loop.start(now=clock.now())
    state.contract_files = _files(asked, loop, (door, told), state)
    stored_sessions = StoredSessions(engine)
    _greet(asked, stored_sessions)
    app = build_api(
        state,
        Tokens(tokens_of(asked.tokens)),
        clock.now,
        ApiSettings(delay=asked.delay, open_reading=asked.address.is_loopback, github=github),
        sessions=Sessions(stored_sessions, link=asked.link),
        provider=provider,
        more=asked.more,
    )
    server = Front(
        uvicorn.Config(
            app, host=asked.address.host, port=asked.address.port, log_level="warning", server_header=False
        ),
        app.state.pulse,
    )
    otlp = _receiving(door, asked.otlp) if door.slos else ()
    work = [asyncio.create_task(ticking(loop, state, lease, delay=asked.delay))]
    if notify is not None:
        post = posting(
            owned, engine, notify, lease, lambda notice: acknowledged(engine, notice), link=asked.link
        )
        work.append(asyncio.create_task(post))
    if github is not None:
        work.append(asyncio.create_task(answering(engine, app.state.house, github)))
    if state.contract_files is not None:
        work.append(asyncio.create_task(looking(state.contract_files)))
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _hang_up, state.contract_files)
    work += [asyncio.create_task(one.serve()) for one in otlp]
    probing = Probing(lambda: told.probes if lease.held else (), attempt, told.take_probe, clock.now)
    threading.Thread(target=probing.run, name="probing", daemon=True).start()
    try:
        await server.serve()
    finally:
        probing.stop()
        for one in otlp:
            one.should_exit = True
        for task in work:
            task.cancel()
        await asyncio.gather(*work, return_exceptions=True)
        try:
            door.flush()
        except SQLAlchemyError as error:
            log.warning("the newest samples of errors and latencies are lost", error=type(error).__name__)
        lease.release()
        store.close()


def _files(
    asked: Serving, loop: Loop, doors: Sequence[OtlpDoor | EventDoor], state: LoopState
) -> ContractFiles | None:
    """What reads the contract's files again, where it was read from files that can be read twice."""
    if not asked.paths or STDIN in asked.paths:
        return None

    def adopt(contract: Contract) -> None:
        try:
            for door in doors:
                door.take_over(contract.slos)
        except ProblemError:
            for door in doors:
                door.take_over(loop.contract.slos)
            raise
        loop.adopt(contract)

    return ContractFiles(asked.paths, asked.contract, adopt, state.law, records=lambda: state.evaluator.here)


def _hang_up(files: ContractFiles) -> None:
    """SIGHUP: read the files now, beside everything else. What is wrong with them is logged."""

    def reload() -> None:
        with contextlib.suppress(ProblemError):
            files.reload("SIGHUP", now=clock.now())

    threading.Thread(target=reload, name="reload", daemon=True).start()


class _Beside(uvicorn.Server):
    """A second server of the process: signals are for the first one."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone."""
        yield


def _receiving(door: OtlpDoor, address: Address) -> list[uvicorn.Server]:
    """The OTLP receiver over HTTP, and over gRPC on the port below it."""
    app = Starlette(routes=routes(door))
    config = uvicorn.Config(
        app, host=address.host, port=address.port, log_level="warning", server_header=False
    )
    server = _Beside(config)
    grpc_address = Address(host=address.host, port=address.port - 1)
    try:
        grpc_server, _ = otlp_server(door, str(grpc_address))
    except OSError:
        raise refuse("listen", f"{grpc_address} is taken", hint="choose another --otlp address") from None
    grpc_server.start()
    spare_collector()
    sys.stderr.write(f"receiving OTLP: http://{address} and gRPC on {grpc_address}\n")
    return [server]


def _targets(
    notify: Notify | None, engine: Engine, notice: Notice, standing: Standing, at: Instant
) -> tuple[str, ...]:
    """Who is told; while a service is handed back, its developers instead of who is usually on call for it."""
    if notify is None:
        return ()
    told = notice.since if notice.says == "resolved" else at
    instead = rotation_for(standing, notice.service, now=told)
    return notify.targets(notice, acknowledged=acknowledged(engine, notice), instead=instead, now=at)


def acknowledged(engine: Engine, notice: Notice) -> Instant | None:
    """When somebody took the alert that a notice speaks of; an older alert of the same name does not count."""
    return acknowledged_at(engine, notice.signature, notice.opened)


def _greet(asked: Serving, sessions: StoredSessions) -> None:
    token = first_token(asked.tokens)
    slos = len(asked.contract.slos)
    sys.stderr.write(f"watching {slos} promises; the API is at http://{asked.address}/v1/slos\n")
    if token is not None:
        link = new_link(sessions, Guest(name=FIRST, role="admin"), now=clock.now())
        sys.stderr.write(f"first token (role admin, shown once): {token}\n")
        sys.stderr.write(f"sign in within 15 minutes, once: {asked.link.rstrip('/')}/sign-in?token={link}\n")
    sys.stderr.flush()
