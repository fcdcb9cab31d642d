"""What happens in the shop's month: one list, from which the files are made and the tests are written."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from allowance.core.duration import DAY, HOUR, MINUTE
from allowance.core.time import Instant, parse_instant

END: Instant = parse_instant("2026-11-01T00:00:00Z")
DAYS = 30
START: Instant = END - DAYS * DAY

Service = Literal["storefront", "checkout", "payments", "search", "backoffice"]
Kind = Literal[
    "leak", "bad-deploy", "flapping", "maintenance", "slow", "provider", "noisy-tenant", "gold-plated"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What the shop promises for one service: a share of good requests over 30 days."""

    service: Service
    target: Fraction
    file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Something that happens in `[begin, end)` to one service.

    `what` is the cause as an engineer would tell it, `effect` what the counts must show because of it.
    """

    kind: Kind
    service: Service
    begin: Instant
    end: Instant
    what: str
    effect: str


PROMISES: tuple[Promise, ...] = (
    Promise(service="storefront", target=Fraction(999, 1000), file="access.log.gz"),
    Promise(service="checkout", target=Fraction(999, 1000), file="access.log.gz"),
    Promise(service="payments", target=Fraction(999, 1000), file="payments.jsonl.gz"),
    Promise(service="search", target=Fraction(999, 1000), file="search.csv"),
    Promise(service="backoffice", target=Fraction(99, 100), file="backoffice.csv"),
)

PROVIDER_SHARE = Fraction(7, 10)
"""How much of the payments budget the provider's outage burns."""

NOISY_TENANT = "globex"

_LEAK = parse_instant("2026-10-05T09:00:00Z")
_BAD_DEPLOY = parse_instant("2026-10-14T13:05:00Z")
_FLAPPING = parse_instant("2026-10-17T01:00:00Z")
_MAINTENANCE = parse_instant("2026-10-18T04:00:00Z")
_SLOW = parse_instant("2026-10-21T18:30:00Z")
_PROVIDER = parse_instant("2026-10-23T12:10:00Z")
_NOISY = parse_instant("2026-10-27T02:00:00Z")

FLAPS = 10
FLAP_EVERY = 35 * MINUTE
FLAP_LASTS = 4 * MINUTE

STORY: tuple[Event, ...] = (
    Event(
        kind="gold-plated",
        service="backoffice",
        begin=START,
        end=END,
        what="The back office is promised at 99 % and built as if it were the checkout.",
        effect="Not one request fails in 30 days: the whole budget is left, unused.",
    ),
    Event(
        kind="leak",
        service="search",
        begin=_LEAK,
        end=_LEAK + 6 * DAY,
        what="A connection pool leaks: 0.2 % of all searches fail, day and night, for six days.",
        effect="Burn rate 2. No page rings; the three-day ticket rule notices, and two fifths of the budget go.",
    ),
    Event(
        kind="bad-deploy",
        service="checkout",
        begin=_BAD_DEPLOY,
        end=_BAD_DEPLOY + 25 * MINUTE,
        what="checkout 2.14.0 breaks guest orders until it is rolled back 25 minutes later.",
        effect="Three of ten checkouts fail: the one-hour page fires within minutes.",
    ),
    Event(
        kind="flapping",
        service="storefront",
        begin=_FLAPPING,
        end=_FLAPPING + FLAPS * FLAP_EVERY,
        what="A cache node restarts ten times in one night, four minutes each time.",
        effect="The one-hour page would ring ten times. It is one incident.",
    ),
    Event(
        kind="maintenance",
        service="checkout",
        begin=_MAINTENANCE,
        end=_MAINTENANCE + 20 * MINUTE,
        what="The orders database is upgraded, as announced a week before.",
        effect="Every checkout in these 20 minutes is answered 503; an agreed exclusion gives them back.",
    ),
    Event(
        kind="slow",
        service="storefront",
        begin=_SLOW,
        end=_SLOW + 2 * HOUR,
        what="A query loses its index: pages are right, but three times slower.",
        effect="No errors at all. Only a latency promise sees it.",
    ),
    Event(
        kind="provider",
        service="payments",
        begin=_PROVIDER,
        end=_PROVIDER + 2 * HOUR,
        what="The card provider times out for two hours.",
        effect="70 % of the payments budget is gone in two hours, and nobody in the shop changed a line.",
    ),
    Event(
        kind="noisy-tenant",
        service="payments",
        begin=_NOISY,
        end=_NOISY + HOUR,
        what=f"The tenant {NOISY_TENANT} imports its back catalogue with twelve times its usual traffic.",
        effect="Most failures of this hour are its own, but the other tenants are hurt as well.",
    ),
)

DEPLOYMENTS: tuple[tuple[Instant, str, str], ...] = tuple(
    (parse_instant(f"2026-10-{at}Z"), service, version)
    for at, service, version in (
        ("03T09:40", "storefront", "5.12.0"),
        ("05T09:00", "search", "3.7.0"),
        ("06T10:20", "checkout", "2.13.0"),
        ("07T14:15", "storefront", "5.12.1"),
        ("08T09:30", "payments", "1.31.0"),
        ("09T11:05", "checkout", "2.13.1"),
        ("11T09:00", "search", "3.7.1"),
        ("12T13:50", "storefront", "5.13.0"),
        ("14T13:05", "checkout", "2.14.0"),
        ("14T13:30", "checkout", "2.13.1"),
        ("15T10:10", "payments", "1.32.0"),
        ("16T12:00", "checkout", "2.14.1"),
        ("19T09:25", "search", "3.8.0"),
        ("20T15:30", "storefront", "5.14.0"),
        ("21T18:30", "storefront", "5.14.1"),
        ("21T20:30", "storefront", "5.14.2"),
        ("22T10:45", "checkout", "2.15.0"),
        ("26T09:15", "payments", "1.33.0"),
        ("28T13:20", "storefront", "5.15.0"),
        ("29T10:00", "checkout", "2.15.1"),
    )
)
"""(instant, service, version): the search pool leaks from 3.7.0 to 3.7.1, 5.14.1 drops the index."""


def event(kind: Kind) -> Event:
    """The one event of that kind."""
    return next(item for item in STORY if item.kind == kind)


def flaps() -> tuple[tuple[Instant, Instant], ...]:
    """When the cache node is away: ten spans `[begin, end)`."""
    first = event("flapping").begin
    return tuple((first + i * FLAP_EVERY, first + i * FLAP_EVERY + FLAP_LASTS) for i in range(FLAPS))
