"""`python -m tests.demo.pictures [FOLDER]`: walks the tour and writes the pictures of the documentation."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

from tests.demo.walk import demo, walk
from tests.peers import need

FOLDER = Path("docs/pictures")
SIZE = {"width": 1180, "height": 800}


def main(arguments: list[str]) -> int:
    """One picture for each moment of the tour that is worth one."""
    out = Path(arguments[0]) if arguments else FOLDER
    out.mkdir(parents=True, exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        demo(Path(folder)) as address,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(
            executable_path=need("chromium", "chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page(viewport=SIZE, color_scheme="light")
        walk(page, address, lambda name: _taken(page.screenshot(path=out / f"{name}.png"), name))
        browser.close()
    return 0


def _taken(picture: bytes, name: str) -> None:
    sys.stderr.write(f"{name}: {len(picture) // 1000} kB\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
