"""The pages in a real browser: axe, keys, phones, paper, no scripts, and what happens when something changes."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from playwright.sync_api import TimeoutError as TooLate

from allowance.core.time import iso
from allowance.governance.roles import Role
from tests.peers import need
from tests.web.busy import MIN, NOW, Town
from tests.web.decreed import decree, governed
from tests.web.shots import addresses

pytestmark = pytest.mark.xdist_group("chromium")

AXE = "axe-core@4.10.3"
PATIENCE = 60_000


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Town, str]]:
    """The busy town and its address."""
    town = Town(tmp_path_factory.mktemp("town")).run().decorate()
    with town.served() as address:
        yield town, address
    town.engine.dispose()


@pytest.fixture(scope="module")
def decreed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Town, str]]:
    """A town in which much was decided, and its address."""
    town = decree(governed(tmp_path_factory.mktemp("decreed")))
    with town.served() as address:
        yield town, address
    town.engine.dispose()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    path = need("chromium", "chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


@contextmanager
def opened(
    browser: Browser, town: tuple[Town, str], path: str, *, role: Role = "engineer", **context: Any
) -> Iterator[Page]:
    """A page for an engineer, or for another role; it fails on any complaint and on any request to elsewhere."""
    house, address = town
    window = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **context})
    window.set_default_timeout(PATIENCE)
    for name, value in house.cookie(role).items():
        window.add_cookies([{"name": name, "value": value, "url": address}])
    page = window.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda one: None if one.url.startswith((address, "data:")) else said.append(one.url))
    page.goto(address + path, wait_until="load")
    yield page
    window.close()
    assert [one for one in said if "404 (Not Found)" not in one] == []


@pytest.fixture(scope="module")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """axe-core's text, fetched by npm where that is possible."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed, so axe-core cannot be fetched: apt-get install npm")
    folder = tmp_path_factory.mktemp("axe")
    command = [npm, "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts", AXE]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, timeout=120)
    if done.returncode:
        pytest.skip(f"npm could not fetch {AXE}; the registry is out of reach")
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


LOOKS: tuple[tuple[str, int, str, str], ...] = (
    ("light", 1280, "none", ""),
    ("dark", 400, "none", "runOnly: ['color-contrast', 'target-size', 'scrollable-region-focusable']"),
    ("dark", 320, "active", ""),
)
"""Colours, widths, whether colours are forced, and what can be otherwise than in the look before."""


FITS = "width => document.documentElement.scrollWidth <= width"


def test_axe_finds_nothing_and_everything_fits_on_every_page(
    browser: Browser, decreed: tuple[Town, str], axe: str
) -> None:
    house, address = decreed
    faults: list[tuple[Any, ...]] = []
    with opened(browser, decreed, "/help", role="tpm", bypass_csp=True) as page:
        for name, path in addresses(house).items():
            page.set_viewport_size({"width": LOOKS[0][1], "height": 900})
            page.goto(address + path, wait_until="load")
            page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
            page.evaluate(axe)
            for scheme, width, forced, rules in LOOKS:
                page.set_viewport_size({"width": width, "height": 900})
                page.emulate_media(color_scheme=scheme, forced_colors=forced)  # type: ignore[arg-type]
                try:  # charts follow a new width in a moment
                    page.wait_for_function(FITS, arg=width, timeout=10_000)
                except TooLate:
                    faults.append((name, width, page.evaluate("document.documentElement.scrollWidth")))
                if forced == "none":
                    seen = page.evaluate(f"axe.run({{resultTypes: ['violations'], {rules}}})")["violations"]
                    faults += [(name, scheme, one["id"], one["nodes"][0]["target"]) for one in seen]
            page.emulate_media(color_scheme="light", forced_colors="none")
    assert not faults, "\n".join(str(fault) for fault in faults)


def test_keys_lead_everywhere_and_never_while_typing(browser: Browser, town: tuple[Town, str]) -> None:
    with opened(browser, town, "/executive") as page:
        page.keyboard.press("g")
        page.keyboard.press("s")
        page.wait_for_url("**/slos")
        page.keyboard.press("j")
        page.keyboard.press("j")
        expect(page.locator("tr.here")).to_contain_text("freshness")
        page.keyboard.press("k")
        expect(page.locator("tr.here a")).to_be_focused()
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("checkout"))
        page.keyboard.press("/")
        expect(page.locator("#search")).to_be_focused()
        page.keyboard.type("d?gs")
        expect(page.locator("#search")).to_have_value("d?gs")
        assert page.locator("html").get_attribute("data-theme") == "system"
        page.locator("h1").click()
        page.keyboard.press("d")
        page.keyboard.press("d")
        assert page.locator("html").get_attribute("data-theme") == "dark"
        page.reload()
        assert page.locator("html").get_attribute("data-theme") == "dark"
        page.keyboard.press("?")
        page.wait_for_url("**/help")
        page.get_by_role("button", name="Switch single keys off").click()
        page.wait_for_load_state()
        page.keyboard.press("d")
        assert page.locator("html").get_attribute("data-theme") == "dark"


def test_a_period_is_dragged_out_and_another_promise_tried_while_one_types(
    browser: Browser, town: tuple[Town, str]
) -> None:
    with opened(browser, town, "/slo/checkout/availability") as page:
        plot = page.locator("#chart-spend .timed").bounding_box()
        assert plot is not None
        middle = plot["y"] + plot["height"] / 2
        page.mouse.move(plot["x"] + plot["width"] * 0.5, middle)
        page.mouse.down()
        page.mouse.move(plot["x"] + plot["width"] * 0.8, middle, steps=3)
        page.mouse.up()
        chosen = page.locator("#chosen")
        expect(chosen).to_contain_text("requests failed within")
        assert re.search(r"from=2026-11-\d\dT\d\d%3A\d\d&to=", page.url), (
            "the address is that of what is seen"
        )
        count = page.locator(".timed[data-begin]").count()
        assert page.locator(".brush").count() == count > 2
        page.locator("#choose [name=from]").fill("2026-11-12T14:00")
        page.locator("#choose [name=to]").fill("2026-11-12T18:00")
        expect(chosen).to_contain_text("12 Nov 2026 14:00")
        page.locator("#correction [name=kind]").select_option("exclude")
        expect(page.locator("#preview")).to_contain_text("with the correction")
        page.locator("#try [name=if_target]").fill("99")
        expect(page.locator("#what-if-says")).to_contain_text("It would be")
        page.locator("#try [name=if_target]").fill("120")
        expect(page.locator("#what-if-says")).to_contain_text("no target")
        page.reload()
        expect(page.locator("#what-if-says")).to_contain_text("no target")
        page.locator("h1").click()
        page.keyboard.press("c")
        page.wait_for_url("**cmp=prev**")
        page.keyboard.press("[")
        page.wait_for_url("**end=2026-10-24**")
        page.keyboard.press("t")
        expect(page.locator("#chart-burn-numbers")).to_have_attribute("open", "")
        page.keyboard.press("]")
        page.wait_for_url(lambda address: "end=" not in address)


def test_the_command_menu_goes_to_what_is_typed(browser: Browser, town: tuple[Town, str]) -> None:
    with opened(browser, town, "/executive") as page:
        page.keyboard.press("Control+k")
        page.keyboard.type("invoices fresh")
        expect(page.locator("#menu li")).to_have_count(1)
        page.keyboard.press("Enter")
        page.wait_for_url(re.compile("invoices"))
        page.keyboard.press("Control+k")
        page.keyboard.type("zzzz")
        expect(page.locator("#menu p")).to_have_text("Nothing is called that.")
        page.keyboard.press("Escape")
        expect(page.locator("#menu")).not_to_be_visible()


def test_tab_reaches_every_control_in_order(browser: Browser, town: tuple[Town, str]) -> None:
    with opened(browser, town, "/oncall") as page:
        count = page.evaluate(
            "[...document.querySelectorAll('a[href],button,input:not([type=hidden]),summary,[tabindex=\"0\"]')]"
            ".filter(one => one.checkVisibility()).length"
        )
        seen = []
        for _ in range(count):
            page.keyboard.press("Tab")
            seen.append(
                page.evaluate(
                    "(() => { const one = document.activeElement; const box = one.getBoundingClientRect();"
                    "return [[...document.querySelectorAll('*')].indexOf(one), box.bottom > 0, "
                    "getComputedStyle(one).outlineStyle]; })()"
                )
            )
        places = [place for place, _, _ in seen]
        assert places == sorted(places)
        assert len(set(places)) == count
        assert all(visible for _, visible, _ in seen)
        assert {outline for _, _, outline in seen} <= {"solid", "auto"}


def test_without_scripts_everything_can_be_read_and_done(browser: Browser, town: tuple[Town, str]) -> None:
    with opened(browser, town, "/oncall", java_script_enabled=False) as page:
        assert page.locator("h1").inner_text() == "1 thing needs you"
        assert not page.locator("#pause").is_visible()
        page.get_by_role("button", name="dark").first.click()
        assert page.locator("html").get_attribute("data-theme") == "dark"
        page.locator("summary").first.click()
        page.locator("#search").fill("invoices")
        page.locator("#search").press("Enter")
        assert "found" in page.locator("h1").inner_text()
        page.get_by_role("link", name="Invoices", exact=True).click()
        assert page.locator("h1").inner_text().startswith("Invoices")


def test_times_are_shown_on_the_wall_clock_when_asked(browser: Browser, town: tuple[Town, str]) -> None:
    with opened(browser, town, "/executive", timezone_id="Asia/Tokyo", locale="en-GB") as page:
        shown = page.locator(".as-of time")
        expect(shown).to_have_text("21 Nov 2026 14:22")
        page.get_by_role("button", name="Local time").click()
        assert "23:22" in shown.inner_text()
        assert "local time" in page.locator(".as-of").inner_text()


def test_paper_is_light_and_nothing_is_cut(browser: Browser, town: tuple[Town, str]) -> None:
    with opened(browser, town, "/executive", color_scheme="dark") as page:
        pdf = page.pdf(format="A4")
        assert len(re.findall(rb"/Type\s*/Page\b", pdf)) == 1
        page.emulate_media(media="print")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        page.set_viewport_size({"width": 703, "height": 1000})
        assert page.evaluate("document.documentElement.scrollWidth") <= 703


def test_a_change_is_swapped_in_and_nothing_is_lost(browser: Browser, town: tuple[Town, str]) -> None:
    house, _ = town
    with opened(browser, town, "/oncall") as page:
        page.locator("summary").first.click()
        note = page.locator("[name=note]")
        note.fill("rolling back")
        later = house.loop.last
        assert later is not None
        _heard(page, later)
        house.clock.now = later + MIN + 10
        house.loop.advance(now=later + MIN)
        expect(page.locator(".as-of time")).to_contain_text(f"14:{(later + MIN - NOW) // MIN + 22}")
        expect(note).to_have_value("rolling back")
        expect(note).to_be_focused()
        expect(page.locator("details").first).to_have_attribute("open", "")
        page.get_by_role("button", name="Pause").click()
        expect(page.get_by_role("button", name="Paused")).to_be_focused()
        house.loop.advance(now=later + 2 * MIN)
        _heard(page, later + 2 * MIN)
        expect(page.locator(".as-of time")).to_contain_text(f"14:{(later + MIN - NOW) // MIN + 22}")
        page.get_by_role("button", name="Paused").click()
        expect(page.locator(".as-of time")).to_contain_text(f"14:{(later + 2 * MIN - NOW) // MIN + 22}")


def _heard(page: Page, tick: int) -> None:
    """The stream has told the page of a tick."""
    page.wait_for_function("at => document.body.dataset.heard?.includes(at)", arg=iso(tick))


def test_a_server_that_is_gone_is_said_so(browser: Browser, town: tuple[Town, str]) -> None:
    house, _ = town
    with house.served() as address:
        window = browser.new_context()
        page = window.new_page()
        page.goto(address + "/executive")
        expect(page.locator("h1")).to_be_visible()
    expect(page.locator("#lost")).to_contain_text("No connection to the server", timeout=PATIENCE)
    expect(page.locator("h1")).to_contain_text("promises kept")
    window.close()
