"""Probes judged: what came back, what was expected, and when the next one is due."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from hashlib import blake2b
from typing import Any, Literal

import orjson

from allowance.contract.probe import Expect, Probe
from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import DAY
from allowance.core.ratio import decimal_text
from allowance.core.time import Instant
from allowance.signals.event_sli import Told, row_of

Phase = Literal["dns", "connect", "tls", "send", "first_byte", "body"]
PHASES: tuple[Phase, ...] = ("dns", "connect", "tls", "send", "first_byte", "body")

MICROSECOND = Fraction(1, 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One probe as it went. Spans in whole microseconds; phases that were not reached are absent.

    `status` `NO_DATA`: there was no answer, and `fault` says why. `tls_ends`: when the certificate expires.
    `hops`: the addresses that redirects led through.
    """

    at: Instant
    total: int
    phases: dict[Phase, int]
    status: int | NoData = NO_DATA
    body: bytes = b""
    tls_ends: Instant | NoData = NO_DATA
    fault: str = ""
    address: str = ""
    hops: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NotMade:
    """A probe that could not be made for a reason of our own: it says nothing about the other side."""

    at: Instant
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """An attempt with what it failed in; good where that is nothing."""

    attempt: Attempt
    failures: tuple[str, ...]

    @property
    def good(self) -> bool:
        """Whether all of it was as expected."""
        return not self.failures


def judge(attempt: Attempt, expect: Expect) -> Judged:
    """Everything that is not as expected, in words."""
    if isinstance(attempt.status, NoData):
        return Judged(attempt=attempt, failures=(attempt.fault or "there was no answer",))
    return Judged(attempt=attempt, failures=tuple(_failures(attempt, attempt.status, expect)))


def _failures(attempt: Attempt, status: int, expect: Expect) -> Iterator[str]:
    if not any(first <= status <= last for first, last in expect.status):
        yield f"the status is {status}"
    took = attempt.total * MICROSECOND
    if expect.latency_ms is not None and took > expect.latency_ms:
        yield f"it took {decimal_text(took, 3)} ms, more than {decimal_text(expect.latency_ms)} ms"
    if attempt.fault:
        yield attempt.fault
    if expect.body is not None and not re.search(expect.body, attempt.body.decode("utf-8", "replace")):
        yield f"the body does not match {expect.body[:80]!r}"
    if expect.json:
        yield from _json_failures(attempt.body, expect)
    left = days_left(attempt)
    if expect.tls_days_left is not None and not isinstance(left, NoData) and left < expect.tls_days_left:
        yield f"the certificate ends in {left} days, expected are {expect.tls_days_left}"
    if expect.tls_days_left is not None and isinstance(left, NoData):
        yield "there is no certificate: the connection was not encrypted"


def _json_failures(body: bytes, expect: Expect) -> Iterator[str]:
    try:
        document: Any = orjson.loads(body)
    except orjson.JSONDecodeError:
        yield "the body is not JSON"
        return
    for path, wanted in expect.json:
        found = _at(document, path)
        if found != wanted:
            shown = "nothing" if found is None else repr(found[:80])
            yield f"{path} is {shown}, expected is {wanted[:80]!r}"


def _at(document: Any, path: str) -> str | None:
    """The value at `a.b.0` as text; `None` where there is none. A map or list is its JSON."""
    for part in path.split("."):
        if isinstance(document, dict):
            if part not in document:
                return None
            document = document[part]
        elif isinstance(document, list) and part.isdecimal() and int(part) < len(document):
            document = document[int(part)]
        else:
            return None
    return document if isinstance(document, str) else orjson.dumps(document).decode()


def days_left(attempt: Attempt) -> int | NoData:
    """Whole days until the certificate expires; below zero when it has."""
    return NO_DATA if isinstance(attempt.tls_ends, NoData) else (attempt.tls_ends - attempt.at) // DAY


def told_by(probe: Probe, judged: Judged) -> Told:
    """A probe as an event to be counted, in the bucket in which it was sent."""
    attempt = judged.attempt
    left = days_left(attempt)
    phases = {f"{name}_ms": float(spent * MICROSECOND) for name, spent in attempt.phases.items()}
    total = float(attempt.total * MICROSECOND)
    fields = {
        **phases,
        "ok": judged.good,
        "duration_ms": total,
        "total_ms": total,
        "status": None if isinstance(attempt.status, NoData) else attempt.status,
        "tls_days_left": None if isinstance(left, NoData) else left,
        "failure": judged.failures[0] if judged.failures else None,
        "address": attempt.address or None,
        "url": probe.url,
        "method": probe.method,
    }
    return Told(kind=Probe, origin=probe, at=attempt.at, row=row_of(fields))


def phase_of(probe: Probe) -> int:
    """When within its interval a probe is due: fixed for each, so that many are spread and none drifts."""
    digest = blake2b(repr(probe).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % probe.interval


def next_due(probe: Probe, *, now: Instant) -> Instant:
    """The next instant after `now` at which it is due."""
    phase = phase_of(probe)
    return (now - phase) // probe.interval * probe.interval + probe.interval + phase
