"""Beacons of browsers as events."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from allowance.contract.source import Rum
from allowance.core.time import Instant
from allowance.signals.event_sli import Told, row_of

FIELDS = (
    *("page", "route", "lcp", "inp", "cls", "ttfb", "status", "ok"),
    *("version", "region", "tenant", "device", "flag", "variant"),
)
"""What a beacon may say; each is a column."""


def told_by_browser(beacon: Mapping[str, Any], *, now: Instant) -> Told:
    """A beacon as it arrives: clocks of browsers are not believed. `sample` 10 stands for ten views."""
    fields = {name: beacon.get(name) for name in FIELDS}
    page = fields["page"]
    if isinstance(page, str):
        # What stands in a query is often personal, and nothing here needs it.
        fields["page"] = page.partition("?")[0].partition("#")[0]
    fields["duration_ms"] = fields["lcp"]
    return Told(kind=Rum, origin=beacon["site"], at=now, row=row_of(fields), weight=beacon.get("sample") or 1)
