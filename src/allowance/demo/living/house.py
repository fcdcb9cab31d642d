"""The demo as a whole: prepared, started, shown, and ended without leaving anything behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
import urllib.error
import urllib.request
from contextlib import redirect_stderr, suppress
from pathlib import Path
from typing import TextIO

import structlog

from allowance.demo.living.control import more
from allowance.demo.living.prepare import Prepared, prepare
from allowance.demo.living.processes import LOOPBACK, Shop, free_pair, free_ports, is_free
from allowance.demo.living.scenarios import Faultline
from allowance.edges import clock
from allowance.edges.store.database import connect
from allowance.edges.store.sessions import Guest, StoredSessions
from allowance.governance.roles import Role
from allowance.web.composed import Serving
from allowance.web.listening import Address
from allowance.web.serve import serve_until_stopped
from allowance.web.sessions import new_link

DELAY = 2
"""Seconds after a minute's end at which it is judged: the shop's telemetry is a second behind."""
PATIENCE = 60.0
GUESTS: tuple[tuple[str, Role], ...] = (
    ("Emre Engineer", "engineer"),
    ("Ines Product", "tpm"),
    ("Bo Business", "executive"),
)


def live(folder: Path, *, port: int, own_port: bool, seconds: int, shown: bool) -> int:
    """Run until Ctrl-C, or for `seconds`. `own_port`: no other port will do. Errors: `Problem`s of the server."""
    began = time.monotonic()
    otlp = free_pair()
    chosen = port if own_port or is_free(port) else free_ports(1)[0]
    address = Address(host=LOOPBACK, port=chosen)
    shop = Shop(folder.resolve().parent / f"{folder.name}-shop", collector=f"http://{LOOPBACK}:{otlp}")
    print("The shop opens, and a month of its past is counted ...", flush=True)
    shop.start()
    try:
        log = _logging(folder)
        prepared = prepare(folder, now=clock.now())
        serving = Serving(
            contract=prepared.contract,
            paths=(str(prepared.contract_path),),
            store=prepared.store,
            notify=None,
            address=address,
            delay=DELAY,
            link=f"http://{address}",
            tokens=folder / "tokens.json",
            otlp=Address(host=LOOPBACK, port=otlp),
            more=more(Faultline(shop)),
        )
        threading.Thread(target=_show, args=(prepared, address, began, shown), daemon=True).start()
        if seconds:
            threading.Thread(target=_end_after, args=(seconds,), daemon=True).start()
        # Ctrl-C is how a demo ends; the server has ended in order when it comes out here.
        with redirect_stderr(log), suppress(KeyboardInterrupt):
            serve_until_stopped(serving)
    finally:
        shop.stop()
        print("The shop is closed; nothing of it runs any more.", flush=True)
    os.dup2(log.fileno(), 2)  # what libraries say while the program ends
    return 0


def _logging(folder: Path) -> TextIO:
    """What the program logs goes into a file beside the folder, so that the terminal stays readable."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    log = (folder.parent / f"{folder.name}.log").open("a", buffering=1, encoding="utf-8")
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(file=log))
    return log


def _show(prepared: Prepared, address: Address, began: float, shown: bool) -> None:
    tour = f"http://{address}/tour"
    if not _answers(tour):
        print(f"Nothing answers at {tour} yet; see the log beside {prepared.folder}", flush=True)
        return
    print(f"\n  {tour}\n", flush=True)
    print(f"Open after {time.monotonic() - began:.0f} s. The tour has ten steps; /demo breaks things.")
    sessions = StoredSessions(connect(prepared.store))
    print("Looking needs no sign-in. To act, be one of them (each address works once, for 15 minutes):")
    for name, role in GUESTS:
        link = new_link(sessions, Guest(name=name, role=role), now=clock.now())
        print(f"  {name:<14} {role:<10} http://{address}/sign-in?token={link}")
    print("Ctrl-C ends it all.", flush=True)
    if shown and _has_screen():
        import webbrowser

        webbrowser.open(tour)


def _answers(url: str) -> bool:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    return False


def _end_after(seconds: int) -> None:
    time.sleep(seconds)
    os.kill(os.getpid(), signal.SIGINT)


def _has_screen() -> bool:
    """Whether a person looks at this terminal and has a screen for a browser."""
    if "CI" in os.environ or not sys.stdout.isatty():
        return False
    return sys.platform in ("darwin", "win32") or any(
        name in os.environ for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )
