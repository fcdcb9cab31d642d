"""The report as a file: self-contained, strict, readable without scripts, and drawn by a real browser."""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from playwright.sync_api import Browser, Page, sync_playwright

from allowance.budget.analysis import analyse
from allowance.core.buckets import empty
from allowance.core.problem import ProblemError
from allowance.edges.pages import vega, write_analysis
from allowance.edges.pages.html import html_of
from allowance.reports.analysis_page import analysis_page
from allowance.reports.chart_frame import VEGA_LITE
from tests.peers import need
from tests.reports.analyses import HOSTILE, Parts, any_parts, grouped_month, month, parts, question

pytestmark = pytest.mark.xdist_group("chromium")

AXE = "axe-core@4.10.3"
OWN_LIMIT = 450_000
"""Bytes of a month by region without the program that redraws charts."""


class Reader(HTMLParser):
    """Elements, ids, addresses, and the text of scripts, styles and headings."""

    def __init__(self) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.inline: dict[str, list[str]] = {"script": [], "style": []}
        self.policy = ""
        self.attributes: set[str] = set()
        self.headings: list[str] = []
        self._open: list[str] = []
        self._json = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.attributes |= set(found)
        self._open.append(tag)
        self._json = found.get("type") == "application/json"
        if "id" in found:
            self.ids.append(found["id"])
        self.addresses += [found[name] for name in ("href", "src", "action", "xlink:href") if name in found]
        if found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"]
        if tag in self.inline and not self._json:
            self.inline[tag].append("")
        if re.fullmatch("h[1-6]", tag):
            self.headings.append("")

    def handle_data(self, data: str) -> None:
        inside = self._open[-1] if self._open else ""
        if inside in self.inline and not self._json:
            self.inline[inside][-1] += data
        if re.fullmatch("h[1-6]", inside):
            self.headings[-1] += data

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop() != tag:
            pass


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    return reader


def hashed(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def no_drawing(spec: dict[str, Any], name: str) -> str:
    return f'<svg data-name="{name}"></svg>'


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A month by region as a file."""
    path = tmp_path_factory.mktemp("pages") / "month.html"
    write_analysis(str(path), **grouped_month())
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The system's Chromium."""
    path = need("chromium", "chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield running
        running.close()


@contextmanager
def opened(browser: Browser, path: Path, *, draws: bool = True, **context: Any) -> Iterator[Page]:
    """The file in a fresh window that fails the test on any complaint and on any request but for the file."""
    window = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **context})
    page = window.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on(
        "request",
        lambda request: said.append(request.url) if not request.url.startswith(("file:", "data:")) else None,
    )
    page.goto(path.as_uri())
    if draws:
        page.wait_for_function("document.querySelectorAll('figure:not(.drawn)').length === 0")
    yield page
    assert said == []
    window.close()


def test_the_file_holds_everything_and_allows_nothing_else(written: Path) -> None:
    html = written.read_text(encoding="utf-8")
    reader = read(html)
    assert all(address.startswith(("#", "data:image/svg+xml,")) for address in reader.addresses)
    assert {"style", "onclick", "onload", "onchange"} & reader.attributes == set()
    assert "default-src 'none'" in reader.policy
    assert "unsafe" not in reader.policy
    for what, directive in (("script", "script-src"), ("style", "style-src")):
        allowed = re.search(rf"{directive} ([^;]*)", reader.policy)
        assert allowed is not None
        assert allowed[1].split() == [hashed(text) for text in reader.inline[what]]
    assert len(reader.inline["script"]) == 2
    inside = {address[1:] for address in reader.addresses if address.startswith("#")}
    assert inside <= set(reader.ids)
    assert len(reader.ids) == len(set(reader.ids))
    assert len(reader.inline["script"][1].encode()) < 6_000
    assert len(html.encode()) - len(vega.bundle().encode()) < OWN_LIMIT


def test_names_from_outside_are_text(written: Path) -> None:
    html = written.read_text(encoding="utf-8")
    assert HOSTILE not in html
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html
    assert "{{ 7*7 }}" in html


@settings(max_examples=40)
@given(any_parts())
def test_any_state_is_a_whole_document(made: Parts) -> None:
    html = html_of(analysis_page(**made), interactive=False, draw=no_drawing)
    reader = read(html)
    assert len(reader.ids) == len(set(reader.ids))
    assert all(text.strip() for text in reader.headings)
    assert reader.headings[0].strip()
    shown = re.sub(r"<(script|style)[^>]*>.*?</\1>", "", html, flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", " ", shown)
    assert not re.search(r"\b(NaN|None|Infinity|undefined|null)\b", text)
    assert not re.search(r"(^|\s)-1(\s|$)", text)


def test_a_page_without_charts_leaves_the_drawing_program_out() -> None:
    page = analysis_page(**parts(analyse(empty(), question())))
    assert len(html_of(page)) < 40_000
    charts = analysis_page(**grouped_month())
    still = html_of(charts, interactive=False)
    assert len(read(still).inline["script"]) == 1
    assert "<svg" in still
    assert "application/json" not in still


def test_every_chart_is_a_valid_specification() -> None:
    import vl_convert

    for asked in (question("0.999", "30d"), question("0.9999", "month")):
        page = analysis_page(**parts(analyse(month(), asked)))
        for section in page.sections:
            for block in section.blocks:
                if block.kind == "figure":
                    for spec in (block.chart.wide, block.chart.narrow, block.chart.live):
                        compiled = vl_convert.vegalite_to_vega(spec, vl_version=VEGA_LITE)
                        assert compiled["marks"]


def test_drawings_have_their_own_names_and_no_roles() -> None:
    spec = analysis_page(**grouped_month()).sections[1].blocks[0].chart.wide  # type: ignore[union-attr]
    one, other = (vega.svg_of(spec, name) for name in ("a", "b"))
    assert 'role="' not in one
    assert one.startswith('<svg aria-hidden="true"')
    ids = [set(re.findall(r'\bid="([^"]*)"', drawn)) for drawn in (one, other)]
    assert not ids[0] & ids[1]
    assert set(re.findall(r"url\(#([^)]*)\)", one)) <= ids[0]


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    made = parts(analyse(empty(), question()))
    with pytest.raises(ProblemError) as refused:
        write_analysis(str(tmp_path / "absent" / "page.html"), **made)
    problem = refused.value.problems[0]
    assert problem.code == "write"
    assert "absent" in problem.message
    assert problem.hint
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(ProblemError):
        write_analysis(str(tmp_path / "folder.html"), **made)
    path = tmp_path / "page.html"
    path.write_text("before")
    write_analysis(str(path), **made)
    assert path.read_text(encoding="utf-8").startswith("<!doctype html>")
    assert sorted(one.name for one in tmp_path.iterdir()) == ["folder.html", "page.html"]


def test_the_same_facts_give_the_same_bytes(tmp_path: Path, written: Path) -> None:
    again = tmp_path / "again.html"
    write_analysis(str(again), **grouped_month())
    assert again.read_bytes() == written.read_bytes()


def test_the_charts_are_drawn_anew_by_the_browser(browser: Browser, written: Path) -> None:
    with opened(browser, written) as page:
        assert page.locator("figure.drawn").count() == page.locator("figure").count() == 3
        assert page.locator(".still").first.is_hidden()
        chart = page.locator("#spend-chart .live svg")
        chart.scroll_into_view_if_needed()
        box = chart.bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        tip = page.locator("#vg-tooltip-element")
        tip.wait_for(state="visible")
        assert "of the budget" in tip.inner_text()
        page.locator("#burn-chart .live svg").scroll_into_view_if_needed()
        box = page.locator("#burn-chart .live svg").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + 300, box["y"] + 60)
        page.mouse.move(box["x"] + 306, box["y"] + 62)
        page.wait_for_function("document.querySelector('#vg-tooltip-element').innerText.includes('long')")


def test_it_reads_without_scripts(browser: Browser, written: Path) -> None:
    with opened(browser, written, draws=False, java_script_enabled=False) as page:
        assert page.locator("h1").inner_text().startswith("Promise kept: 99.9")
        assert page.locator(".still.wide svg").first.is_visible()
        assert page.locator(".switches").is_hidden()
        page.locator("#spend summary").click()
        assert page.locator("#spend-chart tbody tr").count() == 30
        assert page.locator("#spend-chart tfoot").is_visible()


@pytest.mark.parametrize("width", [320, 400])
@pytest.mark.parametrize("scripts", [True, False])
def test_nothing_runs_out_of_a_phone(browser: Browser, written: Path, width: int, scripts: bool) -> None:
    size = {"width": width, "height": 700}
    with opened(browser, written, draws=scripts, viewport=size, java_script_enabled=scripts) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.locator("h1").is_visible()
        answer = page.locator("h1").bounding_box()
        assert answer is not None
        assert answer["y"] + answer["height"] < 700


def test_light_and_dark_follow_the_system_and_the_switch(browser: Browser, written: Path) -> None:
    ground = "getComputedStyle(document.body).backgroundColor"
    bar = "getComputedStyle(document.querySelector('#spend-chart .live [fill=\"#2B78D0\"]')).fill"
    with opened(browser, written, color_scheme="dark") as page:
        assert page.evaluate(ground) == "rgb(14, 17, 22)"
        assert page.evaluate(bar) == "rgb(61, 143, 241)"
        page.locator("label:has-text('light')").click()
        assert page.evaluate(ground) == "rgb(255, 255, 255)"
        assert page.evaluate(bar) == "rgb(43, 120, 208)"
        page.emulate_media(media="print")
        page.locator("label:has-text('dark')").evaluate("label => label.control.click()")
        assert page.evaluate(ground) == "rgb(255, 255, 255)"


def test_times_turn_local_and_back(browser: Browser, written: Path) -> None:
    with opened(browser, written, timezone_id="Asia/Tokyo", locale="en-GB") as page:
        as_of = page.locator(".as-of")
        assert "1\u00a0Nov 2026 00:00 UTC" in as_of.inner_text()
        page.locator("label:has-text('local')").click()
        assert "1 Nov 2026, 09:00 local time" in as_of.inner_text()
        page.locator("label:has-text('UTC')").click()
        assert "1\u00a0Nov 2026 00:00 UTC" in as_of.inner_text()


def test_paper_has_everything_opened(browser: Browser, written: Path) -> None:
    with opened(browser, written) as page:
        page.emulate_media(media="print")
        assert page.locator("#spend-chart tbody tr").first.is_visible()
        assert page.locator("#sums tbody tr").first.is_visible()
        assert page.locator("nav").is_hidden()
        pdf = page.pdf(format="A4")
        assert pdf.startswith(b"%PDF")


def test_forced_colours_keep_shapes_and_patterns(browser: Browser, written: Path) -> None:
    with opened(browser, written, forced_colors="active") as page:
        fill = "getComputedStyle(document.querySelector('#spend-chart .live [fill=\"{}\"]')).fill"
        met, missed = (page.evaluate(fill.format(colour)) for colour in ("#2B78D0", "#C07A00"))
        assert met != missed
        assert "url" in missed


def test_tab_reaches_links_switches_and_details(browser: Browser, written: Path) -> None:
    with opened(browser, written) as page:
        reached = set()
        for _ in range(40):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.tagName"))
        assert {"A", "INPUT", "SUMMARY", "DIV"} <= reached


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


@pytest.mark.parametrize(("scheme", "width"), [("light", 400), ("dark", 1280)])
def test_axe_finds_nothing(browser: Browser, written: Path, axe: str, scheme: str, width: int) -> None:
    size = {"width": width, "height": 900}
    with opened(browser, written, color_scheme=scheme, viewport=size, bypass_csp=True) as page:
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        page.evaluate(axe)
        found = page.evaluate("axe.run({resultTypes: ['violations']})")
        assert [(one["id"], one["nodes"][0]["target"]) for one in found["violations"]] == []


def test_the_drawing_process_ends_with_a_server_that_is_killed(tmp_path: Path) -> None:
    """It holds the output open: were it to stay, the command would not come to its end."""
    script = tmp_path / "killed.py"
    script.write_text(
        "import os, signal\n"
        "from allowance.edges.pages.drawing import _executor\n"
        "if __name__ == '__main__':\n"
        "    print(_executor().submit(os.getpid).result() != os.getpid(), flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (-signal.SIGKILL, "True\n")
