"""One process: the loop in a thread, the post beside it, and the API in front."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

import structlog
import uvicorn
from fastapi import FastAPI
from sqlalchemy.exc import SQLAlchemyError

from allowance.app.probing import Probing
from allowance.contract.model import Contract
from allowance.core.problem import ProblemError
from allowance.edges import clock
from allowance.edges.documents import STDIN
from allowance.edges.github_file import GithubSettings, read_github
from allowance.edges.notify_fields import USUAL
from allowance.edges.notify_file import Notify, read_notify
from allowance.edges.oidc_file import read_oidc
from allowance.edges.prober import attempt
from allowance.edges.samples_file import read_samples
from allowance.edges.store.sessions import Guest, StoredSessions
from allowance.edges.token_file import FIRST, first_token, tokens_of
from allowance.web.api import build_api
from allowance.web.composed import Composed, Serving, acknowledged, compose
from allowance.web.contract_files import ContractFiles
from allowance.web.github_answers import Answering, answering
from allowance.web.listening import Address, bound
from allowance.web.oidc import Provider
from allowance.web.otlp_reception import Reception, is_received
from allowance.web.pages.front import Front
from allowance.web.rounds import looking, posting, ticking
from allowance.web.sessions import Sessions, new_link
from allowance.web.state import Settings as ApiSettings
from allowance.web.tokens import Tokens

try:
    from uvloop import new_event_loop as loop_factory
except ImportError:  # Windows and PyPy have none; asyncio's own does the same, at half the speed.
    from asyncio import new_event_loop as loop_factory  # type: ignore[assignment]

log = structlog.get_logger()


def serve_until_stopped(asked: Serving) -> None:
    """`run`, to its end. Errors: those of `run`."""
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(run(asked))


async def run(asked: Serving) -> None:
    """Serve until stopped. Errors: `Problem`s of the addresses, the store, the tokens and the notify file, before
    anything runs."""
    notify = read_notify(asked.notify) if asked.notify is not None else None
    provider = Provider(read_oidc(asked.oidc)) if asked.oidc is not None else None
    github = read_github(asked.github) if asked.github is not None else None
    samples = read_samples(asked.samples) if asked.samples is not None else None
    with ExitStack() as stack:
        front = stack.enter_context(bound(asked.address, "--listen"))
        reception = Reception(asked.otlp, loop_factory)
        if is_received(asked.contract):
            reception.reserve()
            stack.callback(reception.stop)
        parts = compose(asked, notify, samples)
        parts.loop.start(now=clock.now())
        parts.state.contract_files = _files(asked, parts, reception)
        app = _api(asked, parts, notify, provider, github)
        if is_received(asked.contract):
            reception.open(parts.door)
        work = _working(asked, parts, notify)
        if github is not None:
            lease = parts.lease
            deployments = Answering(parts.engine, app.state.house, github, allowed=lambda: lease.held)
            work.append(asyncio.create_task(answering(deployments)))
        probing = _probing(parts)
        try:
            await _front(asked.address, app).serve(sockets=front)
        finally:
            probing.stop()
            await _stop(parts, reception, work)


def _api(
    asked: Serving,
    parts: Composed,
    notify: Notify | None,
    provider: Provider | None,
    github: GithubSettings | None,
) -> FastAPI:
    stored_sessions = StoredSessions(parts.engine)
    _greet(asked, stored_sessions)
    return build_api(
        parts.state,
        Tokens(tokens_of(asked.tokens)),
        clock.now,
        ApiSettings(
            delay=asked.delay,
            open_reading=asked.address.is_loopback,
            github=github,
            deploys=USUAL if notify is None else notify.deploys,
        ),
        sessions=Sessions(stored_sessions, link=asked.link),
        provider=provider,
        more=asked.more,
    )


def _front(address: Address, app: FastAPI) -> Front:
    config = uvicorn.Config(
        app, host=address.host, port=address.port, log_level="warning", server_header=False
    )
    return Front(config, app.state.pulse)


def _working(asked: Serving, parts: Composed, notify: Notify | None) -> list[asyncio.Task[None]]:
    """What goes round beside the API: ticks, the post, and looks at the contract's files."""
    lease, files = parts.lease, parts.state.contract_files
    rounds = [ticking(parts.loop, parts.state, lease, delay=asked.delay)]
    if notify is not None:
        taken = partial(acknowledged, parts.engine)
        ledger = parts.state.law.ledger
        rounds.append(posting(parts.owned, parts.engine, notify, lease, taken, ledger, link=asked.link))
    if files is not None:
        rounds.append(looking(files))
        asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, _hang_up, files)
    return [asyncio.create_task(one) for one in rounds]


def _probing(parts: Composed) -> Probing:
    """Probes, in a thread of their own, while it is up to this process to make them."""
    told, lease = parts.told, parts.lease
    probing = Probing(lambda: told.probes if lease.held else (), attempt, told.take_probe, clock.now)
    threading.Thread(target=probing.run, name="probing", daemon=True).start()
    return probing


async def _stop(parts: Composed, reception: Reception, work: Sequence[asyncio.Task[None]]) -> None:
    await asyncio.to_thread(reception.stop)
    for task in work:
        task.cancel()
    await asyncio.gather(*work, return_exceptions=True)
    try:
        parts.door.flush()
    except SQLAlchemyError as error:
        log.warning("the newest samples of errors and latencies are lost", error=type(error).__name__)
    try:
        await asyncio.to_thread(parts.loop.rest, now=True)
    except (SQLAlchemyError, OSError) as error:
        log.warning(
            "the next start has to count all again if the machine restarts", error=type(error).__name__
        )
    parts.reader.close()
    parts.lease.release()
    parts.store.close()


def _files(asked: Serving, parts: Composed, reception: Reception) -> ContractFiles | None:
    """What reads the contract's files again, where it was read from files that can be read twice.

    With its first promise over OTLP the receiver opens; where it cannot, the old contract stays.
    """
    if not asked.paths or STDIN in asked.paths:
        return None

    doors, loop, state = (parts.door, parts.told), parts.loop, parts.state

    def adopt(contract: Contract) -> None:
        try:
            for door in doors:
                door.take_over(contract.slos)
            if is_received(contract):
                reception.open(parts.door)
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


def _greet(asked: Serving, sessions: StoredSessions) -> None:
    token = first_token(asked.tokens)
    slos = len(asked.contract.slos)
    sys.stderr.write(f"watching {slos} promises; the API is at http://{asked.address}/v1/slos\n")
    if token is not None:
        link = new_link(sessions, Guest(name=FIRST, role="admin"), now=clock.now())
        sys.stderr.write(f"first token (role admin, shown once): {token}\n")
        sys.stderr.write(f"sign in within 15 minutes, once: {asked.link.rstrip('/')}/sign-in?token={link}\n")
    sys.stderr.flush()
