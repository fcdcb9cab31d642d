"""The shop's payments as JSON lines: with a tenant, a provider, and a duration in milliseconds."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from allowance.core.duration import DAY
from allowance.core.time import iso
from allowance.demo import traffic
from allowance.demo.story import END, NOISY_TENANT, PROVIDER_SHARE, START, event
from allowance.demo.traffic import Flags, Ints

TENANTS = ("acme", "globex", "initech", "umbrella", "hooli", "stark", "wayne", "tyrell")
_TENANT_WEIGHTS = (260, 90, 180, 150, 120, 90, 70, 40)
_NOISY = TENANTS.index(NOISY_TENANT)
_METHODS = ("card", "invoice", "wallet")
_TOOK = ((0, 35), (500, 120), (900, 240), (980, 410), (996, 700), (999, 1500), (1000, 4000))
_TIMED_OUT_MS = 10_000


def lines_by_day(divide: int = 1) -> Iterator[bytes]:
    """The month's payments as text, one piece per day; `divide` makes the traffic so many times smaller."""
    rng = traffic.generator("payments")
    at_ms, tenant = _arrivals(rng, divide)
    noisy = event("noisy-tenant")
    storm = traffic.during(at_ms, noisy.begin, noisy.end)
    status = _outcomes(rng, at_ms, tenant == _NOISY, storm)
    took_ms = traffic.durations_ms(rng, _TOOK, len(at_ms))
    took_ms[storm] *= 3
    took_ms[status == 504] = _TIMED_OUT_MS
    method = traffic.pick(rng, (70, 18, 12), len(at_ms))
    edges = np.searchsorted(at_ms, np.arange(START, END + DAY, DAY) * 1000)
    for low, high in pairwise(edges):
        columns = (
            column[int(low) : int(high)].tolist() for column in (at_ms, tenant, method, status, took_ms)
        )
        yield "".join(_line(*row) for row in zip(*columns, strict=True)).encode()


def _arrivals(rng: np.random.Generator, divide: int) -> tuple[Ints, Ints]:
    """When each payment came (milliseconds, ascending), and from which tenant."""
    counts = traffic.per_minute(rng, 2800 // divide, traffic.SHOPPERS_BY_HOUR, traffic.SHOPPERS_BY_DAY)
    usual = traffic.instants_ms(rng, counts)
    noisy = event("noisy-tenant")
    of_tenant = len(usual) * _TENANT_WEIGHTS[_NOISY] // sum(_TENANT_WEIGHTS)
    of_span = of_tenant * (noisy.end - noisy.begin) // (END - START)
    extra = rng.integers(noisy.begin * 1000, noisy.end * 1000, of_span * 12)
    at_ms = np.concatenate([usual, extra])
    tenant = np.concatenate(
        [traffic.pick(rng, _TENANT_WEIGHTS, len(usual)), np.full(len(extra), _NOISY, dtype=np.int64)]
    )
    order = np.argsort(at_ms, kind="stable")
    return at_ms[order], tenant[order]


def _outcomes(rng: np.random.Generator, at_ms: Ints, noisy: Flags, storm: Flags) -> Ints:
    """The status of each payment; failures are shares of what 99.9 % allows in this month."""
    allowed = len(at_ms) // 1000
    provider = event("provider")
    outage = traffic.during(at_ms, provider.begin, provider.end)
    status = np.full(len(at_ms), 200, dtype=np.int64)
    status[traffic.some_of(rng, np.ones(len(at_ms), dtype=np.bool_), len(at_ms) // 48)] = 402
    status[traffic.some_of(rng, ~storm & ~outage, allowed // 12)] = 500
    status[traffic.evenly(storm & noisy, allowed // 12)] = 503
    status[traffic.evenly(storm & ~noisy, allowed // 40)] = 503
    status[outage & (status >= 500)] = 200
    status[traffic.evenly(outage, int(PROVIDER_SHARE * allowed))] = 504
    return status


def _line(at_ms: int, tenant: int, method: int, status: int, took: int) -> str:
    provider = "paywell" if method == 0 else "inhouse"
    return (
        f'{{"time":"{iso(at_ms // 1000)[:-1]}.{at_ms % 1000:03d}Z","service":"payments",'
        f'"tenant":"{TENANTS[tenant]}","method":"{_METHODS[method]}","provider":"{provider}",'
        f'"status":{status},"duration_ms":{took}}}\n'
    )
