"""The pages over a thousand SLOs: what a page costs the server in CPU, how heavy they are, and whether memory stays where it is."""

from __future__ import annotations

import asyncio
import gzip
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import httpx
from tests.web.busy import MIN, Story, Town

from allowance.web.pages.assets import asset

GOAL = "CPU: lists p95 <= 150 ms, other pages p95 <= 250 ms, 50 KB gzipped, memory grows by <= 8 MB over 1 000 loads"
LIMITS = {
    "/slos": 150,
    "/slos?group=team&sort=left": 150,
    "/executive": 250,
    "/oncall": 250,
    "/services/service-001": 250,
    "/governance": 250,
    "/contract": 250,
    "/map": 250,
}
LOADS = 40


def main(arguments: Sequence[str] = ()) -> None:
    """Every page after a tick and again; the first load after a tick works everything out."""
    count = 100 if "--quick" in arguments else 1000
    stories = {
        f"service-{n:03}": tuple(
            Story(
                name=f"slo-{k}",
                usual=0.0001 * ((n + k) % 12),
                spells=((n % 20 + 0.5, 60, 0.2),) if not n % 25 else (),
            )
            for k in range(5)
        )
        for n in range(count // 5)
    }
    with tempfile.TemporaryDirectory(prefix="allowance-bench-") as name:
        town = Town(Path(name), stories).run(minutes=1)
        asyncio.run(_measure(town, count))


async def _measure(town: Town, count: int) -> None:
    shared = sum(len(gzip.compress(asset(one).body, 9)) for one in ("pages.css", "app.js"))
    transport = httpx.ASGITransport(town.app())
    async with httpx.AsyncClient(
        transport=transport,
        base_url="http://127.0.0.1:8787",
        cookies=town.cookie(),
        headers={"Accept": "text/html"},
    ) as browser:
        print(f"  {count} SLOs")
        print(f"  {'page':32}{'first, ms':>12}{'p50, ms':>10}{'p95, ms':>10}{'KB gzip':>10}")
        for place, (address, limit) in enumerate(LIMITS.items(), start=1):
            at = (town.loop.last or 0) + MIN
            town.clock.now = at + 10
            town.loop.advance(now=at)
            times = []
            for _ in range(LOADS):
                began = time.process_time()
                page = await browser.get(address)
                times.append((time.process_time() - began) * 1e3)
                page.raise_for_status()
            high = statistics.quantiles(times, n=20)[-1]
            weight = (shared + len(gzip.compress(page.content, 9))) / 1000
            print(
                f"  {address:32}{times[0]:>12.0f}{statistics.median(times):>10.1f}{high:>10.1f}{weight:>10.1f}"
            )
            kept = high <= limit and weight <= 50
            print(f"  goal J{place} p95 <= {limit} ms, <= 50 KB: {'kept' if kept else 'MISSED'}")
        before = _megabytes()
        for number in range(1000):
            await browser.get(list(LIMITS)[number % len(LIMITS)])
        grown = _megabytes() - before
        print(f"  memory grows by {grown:.1f} MB over 1 000 loads: {'kept' if grown <= 8 else 'MISSED'}")


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main(sys.argv[1:])
