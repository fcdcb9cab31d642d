"""The nginx access log of the shop's storefront and checkout, in the combined format with the request time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from allowance.core.duration import DAY, HOUR
from allowance.core.time import iso
from allowance.demo import traffic
from allowance.demo.story import END, START, event, flaps
from allowance.demo.traffic import Ints

_DAY_TEXTS = tuple(f"{iso(day)[8:10]}/Oct/2026" for day in range(START, END, DAY))
_FAST = ((0, 4), (500, 31), (900, 80), (940, 100), (990, 170), (1000, 298))
_CHECKOUT = ((0, 22), (500, 84), (900, 170), (980, 340), (1000, 790))

_PAGES = (
    ["GET / HTTP/1.1"] * 120
    + [f"GET /product/{number} HTTP/1.1" for number in range(1000, 1400)]
    + [f"GET /category/{name} HTTP/1.1" for name in ("chairs", "lamps", "rugs", "shelves")] * 30
    + ["GET /cart HTTP/1.1"] * 60
)
_STATIC = [f"GET /static/{name} HTTP/1.1" for name in ("app.3f9c1e.js", "shop.b81d07.css", "logo.svg")] * 90
_PROBES = ["GET /healthz HTTP/1.1"] * 50
_STEPS = (
    ["GET /checkout/cart HTTP/1.1"] * 5
    + ["POST /checkout/address HTTP/1.1"] * 3
    + ["POST /checkout/order HTTP/1.1"] * 2
)
REQUESTS = (*_PAGES, *_STATIC, *_PROBES, *_STEPS)
_FIRST_STATIC = len(_PAGES)
_FIRST_STEP = len(_PAGES) + len(_STATIC) + len(_PROBES)

_CLIENTS = tuple(f"{net}.{host}" for net in ("192.0.2", "198.51.100", "203.0.113") for host in range(1, 255))
_AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/18.6 Safari/605.1.15",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 15) AppleWebKit/537.36 Chrome/141.0.0.0 Mobile Safari/537.36",
)
_STATUS = (200, 304, 302, 404, 499)
_STATUS_WEIGHTS = (9380, 340, 180, 95, 5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requests:
    """One row per request, in order of time: instant and duration in milliseconds, request line, status."""

    at_ms: Ints
    line: Ints
    status: Ints
    took_ms: Ints

    def __len__(self) -> int:
        return len(self.at_ms)


def draw(divide: int = 1) -> Requests:
    """The month's requests; `divide` makes the traffic so many times smaller."""
    parts = (_storefront(divide), _checkout(divide))
    at_ms = np.concatenate([part.at_ms for part in parts])
    order = np.argsort(at_ms, kind="stable")
    return Requests(
        at_ms=at_ms[order],
        line=np.concatenate([part.line for part in parts])[order],
        status=np.concatenate([part.status for part in parts])[order],
        took_ms=np.concatenate([part.took_ms for part in parts])[order],
    )


def _storefront(divide: int) -> Requests:
    rng = traffic.generator("storefront")
    counts = traffic.per_minute(rng, 9000 // divide, traffic.SHOPPERS_BY_HOUR, traffic.SHOPPERS_BY_DAY)
    at_ms = traffic.instants_ms(rng, counts)
    line = rng.integers(0, _FIRST_STEP, len(at_ms))
    page = line < _FIRST_STATIC
    status = np.array(_STATUS, dtype=np.int64)[traffic.pick(rng, _STATUS_WEIGHTS, len(at_ms))]
    status[line >= _FIRST_STATIC] = 200
    status[traffic.some_of(rng, page, int(np.count_nonzero(page)) // 5000)] = 500
    for begin, end in flaps():
        status[traffic.tenths(page & traffic.during(at_ms, begin, end), 6)] = 502
    took_ms = traffic.durations_ms(rng, _FAST, len(at_ms))
    slow = event("slow")
    took_ms[page & traffic.during(at_ms, slow.begin, slow.end)] *= 3
    return Requests(at_ms=at_ms, line=line, status=status, took_ms=took_ms)


def _checkout(divide: int) -> Requests:
    rng = traffic.generator("checkout")
    counts = traffic.per_minute(rng, 2600 // divide, traffic.SHOPPERS_BY_HOUR, traffic.SHOPPERS_BY_DAY)
    at_ms = traffic.instants_ms(rng, counts)
    line = _FIRST_STEP + rng.integers(0, len(_STEPS), len(at_ms))
    status = np.full(len(at_ms), 200, dtype=np.int64)
    every = np.ones(len(at_ms), dtype=np.bool_)
    status[traffic.some_of(rng, every, len(at_ms) // 6000)] = 500
    took_ms = traffic.durations_ms(rng, _CHECKOUT, len(at_ms))
    deploy, works = event("bad-deploy"), event("maintenance")
    status[traffic.tenths(traffic.during(at_ms, deploy.begin, deploy.end), 3)] = 500
    closed = traffic.during(at_ms, works.begin, works.end)
    status[closed] = 503
    took_ms[closed] = 1
    return Requests(at_ms=at_ms, line=line, status=status, took_ms=took_ms)


def lines_by_day(divide: int = 1) -> Iterator[bytes]:
    """The log as text, one piece per day; `divide` makes the traffic so many times smaller."""
    requests = draw(divide)
    rng = traffic.generator("clients")
    client = rng.integers(0, len(_CLIENTS), len(requests))
    agent = traffic.pick(rng, (40, 25, 20, 15), len(requests))
    size = rng.integers(180, 24_000, len(requests))
    size[requests.status != 200] = 162
    edges = np.searchsorted(requests.at_ms, np.arange(START, END + DAY, DAY) * 1000)
    for low, high in pairwise(edges):
        span = slice(int(low), int(high))
        rows = zip(
            _texts(_CLIENTS, client[span]),
            (requests.at_ms[span] // 1000).tolist(),
            _texts(REQUESTS, requests.line[span]),
            requests.status[span].tolist(),
            size[span].tolist(),
            _texts(_AGENTS, agent[span]),
            requests.took_ms[span].tolist(),
            strict=True,
        )
        yield "".join(_line(*row) for row in rows).encode()


def _line(client: str, at: int, request: str, status: int, size: int, agent: str, took: int) -> str:
    day, second = divmod(at - START, DAY)
    hour, rest = divmod(second, HOUR)
    return (
        f"{client} - - [{_DAY_TEXTS[day]}:{hour:02d}:{rest // 60:02d}:{rest % 60:02d} +0000] "
        f'"{request}" {status} {size} "-" "{agent}" {took // 1000}.{took % 1000:03d}\n'
    )


def _texts(table: tuple[str, ...], places: Ints) -> list[str]:
    return [table[place] for place in places.tolist()]
