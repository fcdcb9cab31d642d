"""Random events, and predicates over them beside the same judgement in plain Python."""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

COLUMNS = ("ts", "status", "path", "user-agent", "bytes", "duration_ms", "cached", "code", "amount")


@dataclass(frozen=True)
class Event:
    ts: datetime
    status: int | None
    path: str | None
    agent: str | None
    bytes: int | None
    duration: float | None
    cached: bool | None
    code: str | None
    amount: Decimal | None

    @property
    def row(self) -> tuple[object, ...]:
        return (
            self.ts, self.status, self.path, self.agent, self.bytes,
            self.duration, self.cached, self.code, self.amount,
        )  # fmt: skip


PATHS = (
    "/", "/api/v1/cart", "/api/v22/check-out.json", "/api/vx", "/API/v1/cart", "/healthz", "/a_b", "/a%b", "/10%",
    "/ünï", "it's", 'say "hi"', "back\\slash", "two\nlines", "/api/v1/cart\n", "", "x;--",
)  # fmt: skip
DURATIONS = (0.0, 0.1, 2.5, 3.5, 99.99, 100.5, 300.1, 300.10000000000002, 300.2, 1e4, -2.5)


def events(seed: int, number: int) -> list[Event]:
    """Events around three days of 2026, some of them just before and at the edges of minutes."""
    rng = random.Random(seed)
    begin = datetime(2026, 3, 28, 22, 0, tzinfo=UTC)

    def maybe(values: object) -> object:
        return None if rng.random() < 0.15 else rng.choice(values)  # type: ignore[call-overload]

    def instant() -> datetime:
        minute = begin + timedelta(minutes=rng.randrange(120))
        micros = rng.choice((0, 1, 999_999, 59_999_999, 30_000_000, rng.randrange(60_000_000)))
        return minute + timedelta(microseconds=micros)

    return [
        Event(
            ts=instant(),
            status=maybe((200, 200, 204, 304, 404, 499, 500, 503)),  # type: ignore[arg-type]
            path=maybe(PATHS),  # type: ignore[arg-type]
            agent=maybe(("bot", "Bot/2", "curl")),  # type: ignore[arg-type]
            bytes=maybe((0, 1, 2, 3, 1024, 1536, 2048, 10**12)),  # type: ignore[arg-type]
            duration=maybe(DURATIONS),  # type: ignore[arg-type]
            cached=maybe((True, False)),  # type: ignore[arg-type]
            code=maybe(("200", "503", "-", "", "5xx", "-7")),  # type: ignore[arg-type]
            amount=maybe((Decimal("0.300"), Decimal("0.301"), Decimal("12.5"))),  # type: ignore[arg-type]
        )
        for _ in range(number)
    ]


Judge = Callable[[Event], bool | None]


def known(value: object, test: Callable[[object], bool]) -> bool | None:
    """A comparison of SQL: with NULL it is unknown."""
    return None if value is None else test(value)


def _code(event: Event) -> bool | None:
    whole = event.code is not None and re.fullmatch(r"-?\d+", event.code) is not None
    return int(event.code or "0") < 500 if whole else None


def _ratio(event: Event) -> bool | None:
    if event.bytes is None or event.status is None or event.status == 200:
        return None
    return event.bytes / (event.status - 200) > 1.5


def _by_cache(event: Event) -> bool | None:
    return known(event.duration, lambda value: value < (10 if event.cached else 100.5))


def _rounded(event: Event) -> bool | None:
    def near(value: float) -> bool:
        return Decimal(value).quantize(Decimal(1), ROUND_HALF_UP) in (3, 4, -3)

    return known(event.duration, near)


def _largest(event: Event) -> bool | None:
    present = [value for value in (event.status, event.bytes) if value is not None]
    return max(present) > 1000 if present else None


def _either(event: Event) -> bool | None:
    inside, same = known(event.status, lambda s: 200 <= s <= 299), known(event.status, lambda s: s == 304)
    return None if inside is None else bool(inside or same)


PREDICATES: dict[str, Judge] = {
    "status < 500": lambda e: known(e.status, lambda s: s < 500),
    "status BETWEEN 200 AND 299 OR status = 304": _either,
    "NOT (status >= 500)": lambda e: known(e.status, lambda s: s < 500),
    "status NOT IN (500, 503)": lambda e: known(e.status, lambda s: s not in (500, 503)),
    "status IS NULL OR status <> 404": lambda e: e.status is None or e.status != 404,
    "path LIKE '/api/%'": lambda e: known(e.path, lambda p: p.startswith("/api/")),
    "path NOT LIKE '%\\%'": lambda e: known(e.path, lambda p: "\\" not in p),
    "path LIKE 'back\\slas_'": lambda e: known(e.path, lambda p: p == "back\\slash"),
    "path LIKE '%!%%' ESCAPE '!'": lambda e: known(e.path, lambda p: "%" in p),
    "path LIKE '/a\\_b' ESCAPE '\\'": lambda e: known(e.path, lambda p: p == "/a_b"),
    "path LIKE 'two_lines' OR path LIKE '/_n_'": lambda e: known(
        e.path, lambda p: p in ("two\nlines", "/ünï")
    ),
    "path ILIKE '/aPi/%cart'": lambda e: known(
        e.path, lambda p: p.lower().startswith("/api/") and p.lower().endswith("cart")
    ),
    "lower(path) = '/api/v1/cart' AND upper(path) <> 'X'": lambda e: known(
        e.path, lambda p: p.lower() == "/api/v1/cart"
    ),
    "path IN ('it''s', 'say \"hi\"', 'back\\slash', 'x;--')": lambda e: known(
        e.path, lambda p: p in ("it's", 'say "hi"', "back\\slash", "x;--")
    ),
    "regexp_matches(path, '^/api/v\\d+/[\\w.-]+$')": lambda e: known(
        e.path, lambda p: re.search(r"^/api/v[0-9]+/[A-Za-z0-9_.-]+\Z", p) is not None
    ),
    "path ~ 't.o|\\\\|^$' OR path ~ 'two.lines'": lambda e: known(
        e.path, lambda p: re.search(r"t.o|\\|^\Z|two.lines", p) is not None
    ),
    '"user-agent" IS NULL OR NOT starts_with(lower("user-agent"), \'bot\')': lambda e: (
        e.agent is None or not e.agent.lower().startswith("bot")
    ),
    "ends_with(path, 'cart') OR contains(path, '%') OR contains(path, '\\')": lambda e: known(
        e.path, lambda p: p.endswith("cart") or "%" in p or "\\" in p
    ),
    "length(path) = 4 AND substr(path, 2) <> 'a_b' AND substr(path, 1, 2) <> '/1'": lambda e: known(
        e.path, lambda p: len(p) == 4 and p[1:] != "a_b" and p[:2] != "/1"
    ),
    "TRY_CAST(code AS INTEGER) < 500": _code,
    "CAST(status AS VARCHAR) LIKE '5__'": lambda e: known(e.status, lambda s: 500 <= s <= 599),
    "bytes / (status - 200) > 1.5": _ratio,
    "bytes % 3 = 1 AND bytes * 2 + 1 > -3": lambda e: known(e.bytes, lambda b: b % 3 == 1),
    "bytes / 1024 = 1.5": lambda e: known(e.bytes, lambda b: b == 1536),
    "coalesce(status, 200) < 500": lambda e: (200 if e.status is None else e.status) < 500,
    "nullif(status, 500) IS NULL": lambda e: e.status in (None, 500),
    "CASE WHEN cached THEN duration_ms < 10 ELSE duration_ms < 100.5 END": _by_cache,
    "round(duration_ms) IN (3, 4, -3)": _rounded,
    "floor(duration_ms) = 2 OR ceil(abs(duration_ms)) = 100": lambda e: known(
        e.duration, lambda d: math.floor(d) == 2 or math.ceil(abs(d)) == 100
    ),
    "duration_ms <= 300.1": lambda e: known(e.duration, lambda d: d <= 300.1),
    "greatest(status, bytes) > 1000": _largest,
    "cached": lambda e: e.cached,
    "NOT cached AND cached IS NOT TRUE": lambda e: None if e.cached is None else not e.cached,
    "cached IS NOT FALSE": lambda e: e.cached is not False,
    "amount = 0.3 OR amount + 0.1 = 0.401": lambda e: known(
        e.amount, lambda a: a in (Decimal("0.3"), Decimal("0.301"))
    ),
    "year(ts) = 2026 AND month(ts) = 3 AND day(ts) = 29 AND minute(ts) < 30": lambda e: (
        (e.ts.month, e.ts.day) == (3, 29) and e.ts.minute < 30
    ),
    "hour(ts) = 23 AND dayofweek(ts) = 6": lambda e: e.ts.hour == 23 and e.ts.isoweekday() % 7 == 6,
    "ts >= TIMESTAMP '2026-03-28 23:00:00'": lambda e: e.ts >= datetime(2026, 3, 28, 23, tzinfo=UTC),
    "TRUE": lambda e: True,
}


def counted(sample: list[Event], good: Judge, valid: Judge, step: int = 60) -> dict[int, tuple[int, int]]:
    """(good, total) by the start of the bucket, only for buckets with valid events."""
    found: dict[int, tuple[int, int]] = {}
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    for event in sample:
        if valid(event) is not True:
            continue
        bucket = (event.ts - epoch) // timedelta(seconds=step) * step
        before = found.get(bucket, (0, 0))
        found[bucket] = (before[0] + (good(event) is True), before[1] + 1)
    return found
