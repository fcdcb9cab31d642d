"""Any state: made-up towns are walked through, and no page says anything that is nonsense."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import numpy as np
import pytest

from allowance.web.pages.table import PAGES
from tests.web.busy import Story, Town
from tests.web.reading import check_page

pytestmark = pytest.mark.anyio

DAY = 86400
NONSENSE = re.compile(r"\b(None|NaN|nan|Infinity)\b")


def made_up(seed: int) -> dict[str, tuple[Story, ...]]:
    """A town of which only chance knows the state."""
    rng = np.random.default_rng(seed)

    def story(name: str) -> Story:
        spells = tuple(
            (float(rng.uniform(0, 7)), int(rng.integers(1, 3000)), float(rng.choice([1.0, 0.5, 0.02])))
            for _ in range(rng.integers(0, 4))
        )
        return Story(
            name=name,
            target=str(rng.choice(["0.5", "0.9", "0.99", "0.999", "0.99999", "0.9999999"])),
            traffic=float(rng.choice([0.0, 0.0005, 0.1, 5.0])),
            usual=float(rng.choice([0.0, 0.0001, 0.2, 1.0])),
            spells=spells,
            silent=int(rng.choice([0, 0, 20, 3000, 100_000])),
            window=int(rng.choice([1, 7])) * DAY,
            source=str(rng.choice(["prom-eu", "prom-us"])),
            group_by=("region",) if rng.random() < 0.3 else (),
        )

    return {f"service-{n}": tuple(story(f"slo-{k}") for k in range(rng.integers(0, 4))) for n in range(4)}


@pytest.mark.parametrize("seed", range(14))
async def test_no_page_says_nonsense(seed: int, tmp_path: Path) -> None:
    town = Town(tmp_path, made_up(seed))
    if seed % 5 == 4:
        town.played.down.add("prom-us")
    town.run(minutes=seed % 3).decorate()
    services = [service.name for service in town.loop.contract.services]
    addresses = [page.path for page in PAGES if "{" not in page.path]
    addresses += ["/slos?group=tier&sort=burn", "/slos?q=state%3Dno-data&sort=-measured"]
    addresses += [f"/services/{name}" for name in services]
    transport = httpx.ASGITransport(town.app())
    async with httpx.AsyncClient(
        transport=transport, base_url="http://127.0.0.1:8787", cookies=town.cookie()
    ) as browser:
        for address in addresses:
            path, _, query = address.partition("?")
            page = await browser.get(address, headers={"Accept": "text/html"})
            if page.status_code == 403:
                continue  # a page for another role
            assert page.status_code == 200, (address, page.text[:500])
            check_page(page.text)
            for twin in (".json", ".md"):
                found = await browser.get(f"{path}{twin}?{query}")
                assert found.status_code == 200, (address, twin)
                assert NONSENSE.search(found.text) is None, (address, twin)
    town.engine.dispose()
