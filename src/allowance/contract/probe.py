"""Probes: requests of our own, and what is expected of the answer."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Literal, get_args

ProbeMethod = Literal["GET", "HEAD", "POST", "PUT", "OPTIONS"]
METHODS: tuple[ProbeMethod, ...] = get_args(ProbeMethod)

SHORTEST, LONGEST = 10, 3600
"""Seconds between two probes."""

StatusRange = tuple[int, int]
"""The first and the last status that it holds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expect:
    """What makes an answer good: all of it. `json` are (path, value as text), `body` a regular expression."""

    status: tuple[StatusRange, ...] = ((200, 299),)
    latency_ms: Fraction | None = None
    body: str | None = None
    json: tuple[tuple[str, str], ...] = ()
    tls_days_left: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """A request made every `interval` seconds; no answer within `timeout` seconds is a bad one.

    `secret_headers` name files that hold the values. `redirects` are followed at most so often, and never to another
    scheme than http and https, nor from https to http. `witness` (host:port) is asked when there is no answer: if it
    cannot be reached either, we are offline, and nothing is counted. `link_local` lets the probe reach addresses that
    clouds use for machine metadata.
    """

    url: str
    method: ProbeMethod = "GET"
    interval: int = 60
    timeout: int = 10
    headers: tuple[tuple[str, str], ...] = ()
    secret_headers: tuple[tuple[str, str], ...] = ()
    body: str | None = None
    redirects: int = 0
    ca_file: str | None = None
    witness: str | None = None
    link_local: bool = False
    expect: Expect = field(default_factory=Expect)
