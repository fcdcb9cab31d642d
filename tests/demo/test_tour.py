"""The demo as a newcomer meets it: one command, a browser, ten steps, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from allowance.demo.live.shop import PLACES
from tests.demo.walk import demo, walk
from tests.peers import need, wait_until

SHOP = """
import sys, time
from pathlib import Path
from allowance.demo.living.processes import Shop

if __name__ == "__main__":
    shop = Shop(Path(sys.argv[1]), collector="http://127.0.0.1:9")
    shop.start()
    print(*shop.running, flush=True)
    time.sleep(600)
"""


def _shop_processes(folder: Path) -> list[int]:
    """The processes whose command line speaks of a folder's demo, by its ports and collector."""
    found = []
    for one in Path("/proc").iterdir():
        if one.name.isdigit():
            try:
                words = (one / "environ").read_bytes()
            except OSError:
                continue
            if f"DEMO_TEST={folder}".encode() in words:
                found.append(int(one.name))
    return found


@pytest.mark.timeout(900)
def test_the_tour_can_be_walked_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chromium = need("chromium", "chromium")
    monkeypatch.setenv("DEMO_TEST", str(tmp_path))
    with demo(tmp_path) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        wrong: list[str] = []
        page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
        walk(page, address)
        assert wrong == []
        browser.close()
    ours = {os.getpid()}
    wait_until(lambda: not set(_shop_processes(tmp_path)) - ours, "the end of the shop", 60)


def test_no_process_outlives_a_demo_that_is_killed(tmp_path: Path) -> None:
    parent = subprocess.Popen(
        [sys.executable, "-c", SHOP, str(tmp_path)],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert parent.stdout is not None
    numbers = [int(word) for word in parent.stdout.readline().split()]
    assert len(numbers) == len(PLACES) + 1
    wait_until(lambda: all(_runs(one) for one in numbers), "the shop", 60)
    os.kill(parent.pid, signal.SIGKILL)
    parent.wait(30)
    parent.stdout.close()
    wait_until(lambda: not any(_runs(one) for one in numbers), "the end of the shop", 60)


def _runs(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
