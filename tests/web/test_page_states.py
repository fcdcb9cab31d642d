"""Every state that a page can be in, as it is read: written down in `golden/`, and compared word by word.

`UPDATE_GOLDEN=1` writes them anew; read the difference before it is committed.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from allowance.alerting.delivery import Later, Refused, settled
from allowance.contract.budget_policy import ErrorBudgetPolicy
from allowance.contract.model import Contract, Service
from allowance.contract.policies import GREEN_YELLOW_RED
from allowance.governance.roles import Role
from tests.alerting.notices import notice
from tests.web.busy import DAYS, MIN, NOW, Story, Town
from tests.web.decreed import govern
from tests.web.test_gate import signed

pytestmark = pytest.mark.anyio

GOLDEN = Path(__file__).parent / "golden"
MONTH = DAYS * 1440


@dataclass(frozen=True, kw_only=True)
class Scene:
    """The stories that lead to a state, and what is done with them before and after the loop runs over them."""

    stories: dict[str, tuple[Story, ...]]
    minutes: int = 1
    prepare: Callable[[Town], None] = lambda town: None
    after: Callable[[Town], None] = lambda town: None


@dataclass(frozen=True, kw_only=True)
class Case:
    """One state: a scene, so many seconds later, and the page to look at."""

    address: str
    scene: Scene
    late: int = 0
    role: Role | None = None


def _down(town: Town) -> None:
    town.played.down.add("prom-eu")


def _deaf(town: Town) -> None:
    """The pager was never reached; the chat refused a page, and nothing waits for it."""
    reasons = {
        "pager": Later(reason="PagerDuty answered 503: busy"),
        "chat": Refused(reason="Slack answered 404"),
    }
    at = NOW - 6 * MIN
    for channel, outcome in reasons.items():
        with town.store.writing() as writing:
            writing.tell([notice(at=at)], {notice(at=at).key: [channel]}, now=at)
        (due,) = town.store.due(channel, now=at)
        town.store.settle(due, settled(due, outcome, now=at))


def _empty(town: Town) -> None:
    town.loop.contract = Contract()


def _bare(town: Town) -> None:
    town.loop.contract = Contract(services=(*town.loop.contract.services, Service(name="new")))


def _ruled(town: Town, policy: ErrorBudgetPolicy) -> None:
    town.loop.contract = replace(town.loop.contract, budget_policies=(policy,))


def _signed(town: Town) -> None:
    _ruled(town, signed(GREEN_YELLOW_RED))


def _unsigned(town: Town) -> None:
    _ruled(town, GREEN_YELLOW_RED)


ORDERS = Story(name="orders", traffic=3)
QUIET = Scene(stories={"shop": (ORDERS,)})
DEAF = replace(QUIET, after=_deaf)
FIRST_RUN = replace(QUIET, prepare=_empty)
BEFORE = replace(QUIET, minutes=-1)
NOTHING_SEEN = Scene(stories={"shop": (replace(ORDERS, silent=2 * MONTH),)})
SILENT = Scene(stories={"shop": (Story(name="orders", silent=43),)}, minutes=2)
LITTLE = Scene(stories={"shop": (Story(name="orders", traffic=0.005, usual=0.0),)})
PARTIAL = Scene(stories={"shop": (replace(ORDERS, first=5),)})
SOURCE_DOWN = replace(QUIET, minutes=0, prepare=_down)
SPENT = {"shop": (replace(ORDERS, spells=((2, 1500, 0.4),)),)}
FROZEN = Scene(stories=SPENT, prepare=_signed, after=govern)
ADVISED = Scene(stories=SPENT, prepare=_unsigned, after=govern)
CASES = {
    "first-run": Case(address="/executive", scene=FIRST_RUN),
    "first-run-list": Case(address="/slos", scene=FIRST_RUN),
    "first-run-contract": Case(address="/contract", scene=FIRST_RUN),
    "first-run-map": Case(address="/map", scene=FIRST_RUN),
    "first-run-gate": Case(address="/gate", scene=FIRST_RUN),
    "first-run-governance": Case(address="/governance", scene=FIRST_RUN),
    "before-the-first-tick": Case(address="/executive", scene=BEFORE),
    "before-the-first-tick-oncall": Case(address="/oncall", scene=BEFORE),
    "before-the-first-tick-gate": Case(address="/gate?service=shop", scene=BEFORE),
    "before-the-first-tick-governance": Case(address="/governance", scene=BEFORE),
    "empty-filter": Case(address="/slos?q=team%3Dpayments+state%3Dbroken+x", scene=QUIET),
    "empty-good": Case(address="/oncall", scene=QUIET),
    "empty-governance": Case(address="/governance", scene=QUIET),
    "empty-decisions": Case(address="/decisions", scene=QUIET),
    "empty-ledger": Case(address="/ledger?verify=yes", scene=QUIET),
    "empty-search": Case(address="/search", scene=QUIET),
    "not-reached": Case(address="/oncall", scene=DEAF),
    "no-journey": Case(address="/contract", scene=QUIET),
    "all-kept": Case(address="/executive", scene=QUIET),
    "frozen": Case(address="/governance", scene=FROZEN),
    "frozen-gate": Case(address="/gate?service=shop", scene=FROZEN),
    "frozen-gate-stale": Case(address="/gate?service=shop", scene=FROZEN, late=21 * MIN),
    "frozen-ledger": Case(address="/ledger?verify=yes", scene=FROZEN),
    "advised": Case(address="/governance", scene=ADVISED),
    "advised-gate": Case(address="/gate?service=shop", scene=ADVISED),
    "advised-sign": Case(address="/governance/sign?policy=green-yellow-red", scene=ADVISED),
    "form-refused": Case(address="/governance/override?service=shop&change=C-1&reason=a+fair", scene=FROZEN),
    "no-data": Case(address="/slos", scene=NOTHING_SEEN),
    "no-data-gate": Case(address="/gate?service=shop", scene=NOTHING_SEEN),
    "no-data-service": Case(address="/services/shop", scene=NOTHING_SEEN),
    "no-data-since": Case(address="/oncall", scene=SILENT),
    "too-little": Case(address="/slos", scene=LITTLE),
    "partial": Case(address="/services/shop", scene=PARTIAL),
    "partial-executive": Case(address="/executive", scene=PARTIAL),
    "stale": Case(address="/executive", scene=QUIET, late=21 * MIN),
    "stale-oncall": Case(address="/oncall", scene=QUIET, late=21 * MIN),
    "source-down": Case(address="/services/shop", scene=SOURCE_DOWN),
    "source-down-contract": Case(address="/contract", scene=SOURCE_DOWN),
    "no-promise": Case(address="/services/new", scene=replace(QUIET, prepare=_bare)),
    "nothing-found": Case(address="/search?q=zzz", scene=QUIET),
    "not-found": Case(address="/services/zzz", scene=QUIET),
    "not-found-verdict": Case(address="/gate/99", scene=QUIET),
    "not-found-entry": Case(address="/ledger/99", scene=QUIET),
    "not-allowed": Case(address="/silence", scene=QUIET, role="viewer"),
}


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Scene], Town]]:
    """A town for each scene; it is only looked at, so it is built once."""
    towns: dict[int, Town] = {}

    def of(scene: Scene) -> Town:
        if id(scene) not in towns:
            town = towns[id(scene)] = Town(tmp_path_factory.mktemp("scene"), scene.stories)
            scene.prepare(town)
            town.run(minutes=scene.minutes)
            scene.after(town)
        return towns[id(scene)]

    yield of
    for town in towns.values():
        town.engine.dispose()


@pytest.mark.parametrize("name", CASES)
async def test_each_state_is_as_it_was_agreed(name: str, seen: Callable[[Scene], Town]) -> None:
    case = CASES[name]
    town = seen(case.scene)
    town.clock.now = NOW + 10 + case.late
    transport = httpx.ASGITransport(town.app())
    cookies = town.cookie(case.role) if case.role else {}
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1:8787", cookies=cookies
    ) as browser:
        page = (await browser.get(case.address, headers={"Accept": "text/html"})).text
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
