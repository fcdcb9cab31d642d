"""Every state that a page can be in, as it is read: written down in `golden/`, and compared word by word.

`UPDATE_GOLDEN=1` writes them anew; read the difference before it is committed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from allowance.contract.model import Contract, Service
from tests.web.busy import DAYS, MIN, NOW, Story, Town

pytestmark = pytest.mark.anyio

GOLDEN = Path(__file__).parent / "golden"
MONTH = DAYS * 1440


@dataclass(frozen=True, kw_only=True)
class Case:
    """One state: the stories that lead to it, what is done with them, and the page to look at."""

    address: str
    stories: dict[str, tuple[Story, ...]]
    minutes: int = 1
    prepare: Callable[[Town], None] = lambda town: None
    late: int = 0


def _down(town: Town) -> None:
    town.played.down.add("prom-eu")


def _empty(town: Town) -> None:
    town.loop.contract = Contract()


def _bare(town: Town) -> None:
    town.loop.contract = Contract(services=(*town.loop.contract.services, Service(name="new")))


QUIET = {"shop": (Story(name="orders", traffic=3),)}
CASES = {
    "first-run": Case(address="/executive", stories=QUIET, prepare=_empty),
    "first-run-list": Case(address="/slos", stories=QUIET, prepare=_empty),
    "before-the-first-tick": Case(address="/executive", stories=QUIET, minutes=-1),
    "before-the-first-tick-oncall": Case(address="/oncall", stories=QUIET, minutes=-1),
    "empty-filter": Case(address="/slos?q=team%3Dpayments+state%3Dbroken+x", stories=QUIET),
    "empty-good": Case(address="/oncall", stories=QUIET),
    "all-kept": Case(address="/executive", stories=QUIET),
    "no-data": Case(address="/slos", stories={"shop": (Story(name="orders", silent=2 * MONTH),)}),
    "no-data-since": Case(address="/oncall", stories={"shop": (Story(name="orders", silent=43),)}, minutes=2),
    "too-little": Case(address="/slos", stories={"shop": (Story(name="orders", traffic=0.005, usual=0.0),)}),
    "partial": Case(address="/services/shop", stories={"shop": (Story(name="orders", traffic=3, first=5),)}),
    "stale": Case(address="/executive", stories=QUIET, late=21 * MIN),
    "source-down": Case(address="/services/shop", stories=QUIET, minutes=0, prepare=_down),
    "no-promise": Case(address="/services/new", stories=QUIET, prepare=_bare),
    "nothing-found": Case(address="/search?q=zzz", stories=QUIET),
    "not-found": Case(address="/services/zzz", stories=QUIET),
}


@pytest.mark.parametrize("name", CASES)
async def test_each_state_is_as_it_was_agreed(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    town = Town(tmp_path, case.stories)
    case.prepare(town)
    town.run(minutes=case.minutes)
    town.clock.now = NOW + 10 + case.late
    transport = httpx.ASGITransport(town.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8787") as browser:
        page = (await browser.get(case.address, headers={"Accept": "text/html"})).text
    town.engine.dispose()
    shown = _inside(page)
    path = GOLDEN / f"{name}.html"
    if os.environ.get("UPDATE_GOLDEN"):
        path.write_text(shown, encoding="utf-8")
    assert shown == path.read_text(encoding="utf-8")


def test_no_golden_page_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*.html")} == set(CASES)


def _inside(page: str) -> str:
    """What stands between the frame's top and bottom, one element per line, drawings left out."""
    body = page.partition('<div id="live">')[2].partition("<dialog")[0] or page.partition("<main")[2]
    body = re.sub(r"<svg.*?</svg>", "<svg/>", body, flags=re.DOTALL)
    body = re.sub(r"Allowance \d+\.\d+\.\d+\S*", "Allowance VERSION", body)
    lines = (line.strip() for line in body.splitlines())
    return "\n".join(line for line in lines if line) + "\n"
