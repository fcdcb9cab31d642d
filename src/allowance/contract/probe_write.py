"""A probe as plain values, as `probe_document` reads it."""

from __future__ import annotations

from allowance.contract.amounts import latency_text
from allowance.contract.probe import Expect, Probe
from allowance.contract.probe_document import status_text
from allowance.core.duration import short


def probe_document(probe: Probe) -> dict[str, object]:
    """Everything that is not as it would be anyway."""
    plain = Probe(url=probe.url)
    expect = probe.expect
    return _without_empty(
        {
            "url": probe.url,
            "method": None if probe.method == plain.method else probe.method,
            "interval": short(probe.interval),
            "timeout": short(probe.timeout),
            "headers": dict(probe.headers),
            "secretHeaders": dict(probe.secret_headers),
            "body": probe.body,
            "redirects": probe.redirects or None,
            "caFile": probe.ca_file,
            "witness": probe.witness,
            "linkLocal": probe.link_local or None,
            "expect": _expect_document(expect),
        }
    )


def _expect_document(expect: Expect) -> dict[str, object]:
    return _without_empty(
        {
            "status": [] if expect.status == Expect().status else [status_text(one) for one in expect.status],
            "latency": None if expect.latency_ms is None else latency_text(expect.latency_ms),
            "body": expect.body,
            "json": dict(expect.json),
            "tlsDaysLeft": expect.tls_days_left,
        }
    )


def _without_empty(entries: dict[str, object]) -> dict[str, object]:
    return {key: value for key, value in entries.items() if value not in (None, "", [], {})}
