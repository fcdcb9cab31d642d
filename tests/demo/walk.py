"""The guided tour, walked in a real browser; what is asserted on the way is what a newcomer is promised."""

from __future__ import annotations

import contextlib
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
from playwright.sync_api import Locator, Page, expect

from allowance.core.duration import MINUTE
from allowance.edges import clock
from tests.peers import free_port, wait_until

STEPS = 10
STOPPED = re.compile(r"^\s*stop", re.IGNORECASE)
LIVE_IN_TIME = 240_000
"""Milliseconds for what is broken to be seen: two minutes at most, and a machine that is busy."""
ENOUGH = 25
"""Seconds of a minute that must be broken for the minute's end to see it."""


@contextlib.contextmanager
def demo(folder: Path) -> Iterator[str]:
    """`allowance demo` as a process of its own; the address of its pages. It is ended as Ctrl-C does."""
    port = free_port()
    words = ["demo", "--no-open-browser", "--folder", str(folder / "living"), "--port", str(port)]
    with (folder / "demo.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-m", "allowance", *words], stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until(lambda: httpx.get(f"{address}/tour").status_code == 200, "the tour", 120)
        yield address
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0, (folder / "demo.log").read_text()


def walk(page: Page, address: str, shot: Callable[[str], None] = lambda name: None) -> None:
    """All ten steps. `shot` is told of the moments that are worth a picture."""
    page.goto(f"{address}/tour")
    expect(page.locator("tr[data-done]")).to_have_count(STEPS)
    for number in (1, 2, 3, 4, 5):
        expect(_step(page, number)).to_have_attribute("data-done", "yes", timeout=LIVE_IN_TIME)
    for number in (6, 10):  # a busy machine may slow the real shop down, and have 7 to 9 happen by itself
        expect(_step(page, number)).to_have_attribute("data-done", "no")
    shot("tour")
    _follow(page, address, 1, "of 8 promises kept")
    shot("executive")
    _follow(page, address, 2, "the promise is broken")
    shot("service")
    _follow(page, address, 3, STOPPED)
    shot("gate")
    _follow(page, address, 4, "1 silver bullet spent")
    expect(page.get_by_text("PR-1041", exact=True)).to_be_visible()
    _follow(page, address, 5, "Checkout orders is broken")
    expect(page.get_by_role("row", name=re.compile("payments.*confidence over 99.9"))).to_be_visible()

    _follow(page, address, 6, "The shop works")
    _wait_for_a_young_minute()
    page.locator("#lever-errors button").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("search fails")
    page.goto(f"{address}/tour")
    for number in (6, 7, 8, 9):
        expect(_step(page, number)).to_have_attribute("data-done", "yes", timeout=LIVE_IN_TIME)
    _follow(page, address, 7, re.compile(".+"))
    expect(page.locator(".card.page", has_text=re.compile("search", re.IGNORECASE)).first).to_be_visible()
    shot("oncall")
    _follow(page, address, 8, "Search")
    _follow(page, address, 9, STOPPED)

    page.goto(f"{address}/demo")
    page.get_by_role("button", name="Mend everything").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("The shop works")
    page.goto(f"{address}/tour")
    expect(_step(page, 10)).to_contain_text("the freeze ends by itself")
    _follow(page, address, 10, "decisions written down")
    expect(page.locator("#chain")).to_contain_text("✓")
    expect(page.get_by_role("cell", name="state.changed").first).to_be_visible()


def _step(page: Page, number: int) -> Locator:
    return page.locator(f"#step-{number}")


def _follow(page: Page, address: str, number: int, heading: str | re.Pattern[str]) -> None:
    page.goto(f"{address}/tour")
    _step(page, number).locator("a").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(heading)


def _wait_for_a_young_minute() -> None:
    while clock.now() % MINUTE > MINUTE - ENOUGH:
        time.sleep(0.2)
