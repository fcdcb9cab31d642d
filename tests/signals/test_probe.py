"""Probes judged: each expectation by itself, all of them together, and when the next one is due."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.contract.probe import LONGEST, SHORTEST, Expect, Probe
from allowance.core.duration import DAY
from allowance.signals.probe import Attempt, days_left, judge, next_due, told_by

NOW = 1_790_000_040
FINE = Attempt(
    at=NOW,
    total=250_000,
    phases={"dns": 1000, "connect": 2000, "first_byte": 240_000},
    status=200,
    body=b'{"status": "up", "parts": [{"n": 3, "ok": true}], "none": null}',
    tls_ends=NOW + 30 * DAY + 5,
)


@pytest.mark.parametrize(
    ("attempt", "expect", "failures"),
    [
        (FINE, Expect(), ()),
        (replace(FINE, status=204), Expect(), ()),
        (replace(FINE, status=301), Expect(), ("the status is 301",)),
        (replace(FINE, status=301), Expect(status=((200, 299), (301, 302))), ()),
        (FINE, Expect(latency_ms=Fraction(250)), ()),
        (
            replace(FINE, total=250_001),
            Expect(latency_ms=Fraction(250)),
            ("it took 250.001 ms, more than 250 ms",),
        ),
        (FINE, Expect(body='"up"'), ()),
        (FINE, Expect(body="^down"), ("the body does not match '^down'",)),
        (
            FINE,
            Expect(json=(("none", "null"), ("parts.0.n", "3"), ("parts.0.ok", "true"), ("status", "up"))),
            (),
        ),
        (
            FINE,
            Expect(json=(("parts.1.n", "3"), ("status", "down"))),
            ("parts.1.n is nothing, expected is '3'", "status is 'up', expected is 'down'"),
        ),
        (replace(FINE, body=b"<html>"), Expect(json=(("a", "1"),)), ("the body is not JSON",)),
        (FINE, Expect(tls_days_left=30), ()),
        (FINE, Expect(tls_days_left=31), ("the certificate ends in 30 days, expected are 31",)),
        (
            Attempt(at=NOW, total=1, phases={}, status=200),
            Expect(tls_days_left=1),
            ("there is no certificate: the connection was not encrypted",),
        ),
        (
            Attempt(at=NOW, total=1, phases={}, fault="the connection is refused"),
            Expect(),
            ("the connection is refused",),
        ),
        (
            replace(FINE, fault="a redirect to ftp is not followed"),
            Expect(),
            ("a redirect to ftp is not followed",),
        ),
    ],
)
def test_what_is_not_as_expected(attempt: Attempt, expect: Expect, failures: tuple[str, ...]) -> None:
    judged = judge(attempt, expect)
    assert judged.failures == failures
    assert judged.good is (not failures)


def test_a_certificate_that_has_ended() -> None:
    assert days_left(replace(FINE, tls_ends=NOW - 1)) == -1


def test_the_columns_of_a_probe() -> None:
    probe = Probe(url="https://shop.test/")
    row = told_by(probe, judge(replace(FINE, status=503), Expect())).row
    assert (row("ok"), row("status"), row("total_ms"), row("duration_ms")) == (False, 503, 250.0, 250.0)
    assert (row("dns_ms"), row("tls_ms"), row("tls_days_left")) == (1.0, None, 30)
    assert row("failure") == "the status is 503"


@given(st.integers(SHORTEST, LONGEST), st.integers(0, 2_000_000_000), st.text(max_size=5))
def test_due_once_in_each_interval(interval: int, now: int, path: str) -> None:
    probe = Probe(url=f"https://shop.test/{path}", interval=interval)
    due = next_due(probe, now=now)
    assert now < due <= now + interval
    assert next_due(probe, now=due) == due + interval
    assert next_due(probe, now=due - 1) == due, "a restart does not move it"
