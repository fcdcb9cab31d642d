"""`python -m tests.web.shots OUT [PAGE...]`: every page of a busy town as pictures and as paper, to be looked at."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

from allowance.app.law import Asked
from tests.peers import need
from tests.web.busy import Town
from tests.web.decreed import decree, governed

PAGES = {
    "oncall": "/oncall",
    "executive": "/executive",
    "slos": "/slos?group=team",
    "service": "/services/checkout",
    "slo": "/slo/checkout/availability?cmp=prev&chart=burn-down&at=2026-11-12T16:00:00Z"
    "&from=2026-11-12T14:00&to=2026-11-12T18:00&kind=exclude&if_target=99",
    "gate-asked": "/gate?service=checkout&version=v5",
    "verdict": "/gate/{decision}",
    "decisions": "/decisions",
    "governance": "/governance",
    "bullet": "/governance/bullet?service=catalog&change=CHG-7&reason=a+fair",
    "override": "/governance/override",
    "release": "/governance/release",
    "waiver": "/governance/waiver",
    "bankruptcy": "/governance/bankruptcy?service=invoices&reason=a+lost+month&sprint=load+test;+Tom;+2026-12-15",
    "freeze": "/governance/freeze",
    "sign": "/governance/sign?policy=green-yellow-red",
    "contract": "/contract",
    "map": "/map",
    "ledger": "/ledger?verify=yes",
    "entry": "/ledger/2",
    "search": "/search?q=ch",
    "silence": "/silence?service=checkout&slo=availability",
    "help": "/help",
    "missing": "/services/none",
    "sign-in": "/sign-in",
}
"""Every page at least once, in a busy state; `{decision}` stands for a verdict that was recorded."""


def addresses(town: Town) -> dict[str, str]:
    """The pages with what this town decided."""
    verdict = town.state.law.ledger.find(Asked(kind="gate.decided", most=1, newest=True))
    return {name: path.format(decision=verdict[-1].seq) for name, path in PAGES.items()}


LOOKS = {
    "light": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"},
    "dark": {"viewport": {"width": 1280, "height": 900}, "color_scheme": "dark"},
    "phone": {"viewport": {"width": 400, "height": 800}, "color_scheme": "light", "has_touch": True},
    "grey": {"viewport": {"width": 1280, "height": 900}, "forced_colors": "active"},
}


def main(arguments: list[str]) -> int:
    """Take them all."""
    out = Path(arguments[0])
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        town = decree(governed(Path(folder)))
        with town.served() as address, sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=need("chromium", "chromium"), args=["--no-sandbox"]
            )
            for name, path in addresses(town).items():
                if not arguments[1:] or name in arguments[1:]:
                    _page(browser, town, address, name, path, out)
            browser.close()
    return 0


def _page(browser: Browser, town: Town, address: str, name: str, path: str, out: Path) -> None:
    for look, options in LOOKS.items():
        context = browser.new_context(**options)  # type: ignore[arg-type]
        for cookie, value in town.cookie("tpm", "Ana").items():
            context.add_cookies([{"name": cookie, "value": value, "url": address}])
        page = context.new_page()
        page.on("console", lambda message: sys.stderr.write(f"{name}: {message.text}\n"))
        page.goto(address + path)
        page.wait_for_selector(".drawing:not(.drawn)", state="detached")
        page.wait_for_timeout(300)
        page.screenshot(path=out / f"{name}-{look}.png", full_page=True)
        if look == "light":
            page.emulate_media(media="print")
            page.set_viewport_size({"width": 720, "height": 1020})
            page.screenshot(path=out / f"{name}-print.png", full_page=True)
            page.pdf(path=out / f"{name}.pdf", format="A4")
        context.close()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
