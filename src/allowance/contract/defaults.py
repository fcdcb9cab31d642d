"""Defaults: what holds where a document says nothing. Every default stands once, with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from allowance.contract.budget_policy import Exceptions, Thresholds
from allowance.contract.indicator import Events, Indicator, PromHistogram
from allowance.contract.model import Kind, Method, Occurrences, Tier, Timeslices
from allowance.core.duration import DAY, MINUTE
from allowance.core.window import RollingWindow, Window

TIER: Tier = 2
TIER_TARGETS: dict[Tier, Fraction] = {
    0: Fraction(99_999, 100_000),
    1: Fraction(9_999, 10_000),
    2: Fraction(999, 1000),
    3: Fraction(99, 100),
}
QUALITY_TARGET = Fraction(99, 100)
WINDOW: Window = RollingWindow(seconds=28 * DAY)
ALERTS = "tiered"
BUDGET_POLICY = "green-yellow-red"
SLICE = MINUTE
UP_SLICE_TARGET = Fraction(1, 2)
EVERY_EVENT = Occurrences()


@dataclass(frozen=True, slots=True, kw_only=True)
class KindFacts:
    """What a kind of SLI asks, what it calls its good and its bad events, and whether its target follows the tier."""

    question: str
    good: str
    fails: str
    by_tier: bool = False
    method: Method = EVERY_EVENT


KINDS: dict[Kind, KindFacts] = {
    "availability": KindFacts(
        question="Did requests succeed?", good="successful requests", fails="requests fail", by_tier=True
    ),
    "latency": KindFacts(
        question="Were requests fast enough?", good="fast requests", fails="requests are too slow"
    ),
    "freshness": KindFacts(
        question="Were the data new enough?", good="moments with fresh data", fails="moments have old data"
    ),
    "throughput": KindFacts(
        question="Was enough work done?",
        good="moments with enough work done",
        fails="moments get too little done",
    ),
    "correctness": KindFacts(
        question="Were the answers right?", good="right answers", fails="answers are wrong"
    ),
    "coverage": KindFacts(
        question="Is what runs measured?",
        good="instrumented requests or services",
        fails="are not instrumented",
    ),
    "cost": KindFacts(
        question="Did a request cost what it may?",
        good="requests or moments within the cost",
        fails="cost too much",
    ),
    "security": KindFacts(
        question="Were the rules of security kept?",
        good="events that kept the rules",
        fails="events break the rules",
    ),
    "cold-start": KindFacts(
        question="Did calls start warm or fast?",
        good="calls without a slow start",
        fails="calls start too slowly",
    ),
    "client": KindFacts(
        question="Did it work on users' devices?",
        good="good page views or actions",
        fails="page views or actions fail",
        by_tier=True,
    ),
    "synthetic": KindFacts(
        question="Did our own checks succeed?", good="successful checks", fails="checks fail", by_tier=True
    ),
    "uptime": KindFacts(
        question="Was it up?",
        good="minutes up",
        fails="minutes are down",
        by_tier=True,
        method=Timeslices(slice=SLICE, slice_target=UP_SLICE_TARGET),
    ),
}
"""The kinds of SLI. Kinds name and group promises; how one is measured is said by its indicator alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Default:
    """One default: the key as documents write it, the value as text, and why it is this one."""

    key: str
    value: str
    why: str


_EXCEPTIONS = Exceptions()
_THRESHOLDS = Thresholds()

DEFAULTS: tuple[Default, ...] = (
    Default(key="spec.tier", value=str(TIER), why="most services are neither vital nor internal"),
    Default(
        key="slos.kind",
        value="latency if latency is written, else availability",
        why="these two are what nearly every service promises first",
    ),
    Default(
        key="slos.target",
        value="by tier 99.999, 99.99, 99.9, 99 % for availability, uptime, synthetic and client; else 99 %",
        why="a tier says how much an outage hurts; for quality one bad event in a hundred is where to start",
    ),
    Default(
        key="slos.window",
        value=str(WINDOW),
        why="four weeks hold each weekday equally often, so that no month looks better than another",
    ),
    Default(
        key="slos.timeslices",
        value="none: every event counts; uptime counts minutes, up where half of the checks succeed",
        why="events weigh failures by the users who met them; uptime is a promise about time",
    ),
    Default(key="timeslices.slice", value="1m", why="the step at which counts are kept"),
    Default(key="timeslices.noData", value="ignore", why="nothing measured is neither good nor bad"),
    Default(
        key="alerts",
        value=ALERTS,
        why="page at 2 % of the budget in 1 h, ticket at 5 % in 6 h, log at 10 % in 3 d",
    ),
    Default(
        key="alerts.and",
        value="a twelfth of in, in whole minutes, at least 1m",
        why="the ratio of the SRE workbook: a rule clears soon after the trouble ends",
    ),
    Default(
        key="slos.owner", value="the service's", why="who answers for the service answers for its promises"
    ),
    Default(key="slos.runbook", value="the service's", why="one place to look first"),
    Default(
        key="slos.source",
        value="the service's, where it can answer: files and sql for predicates, prometheus for promql",
        why="most promises of a service are measured in one place",
    ),
    Default(
        key="slos.by", value="one budget for all", why="groups are asked for, because each costs a budget"
    ),
    Default(key="slos.sla", value="none", why="not every service has a contract with customers"),
    Default(
        key="journeys.slos",
        value="all SLOs of the service",
        why="a journey needs its service to keep its word",
    ),
    Default(
        key="dependencies.kind", value="hard", why="the careful assumption until somebody shows otherwise"
    ),
    Default(
        key="policy",
        value=BUDGET_POLICY,
        why="advice from the first day; it decides nothing until it is written down and signed",
    ),
    Default(
        key="states.yellowBelow, states.redAt",
        value=f"{_THRESHOLDS.yellow_below * 100}%, {_THRESHOLDS.red_at * 100}%",
        why="half of the budget is time to talk, an empty one time to act",
    ),
    Default(
        key="states.margin, states.dwell",
        value="0%, 0s",
        why="a state is what the budget says now; who is tired of flapping states writes both",
    ),
    Default(
        key="freezeUntil",
        value="nothing: a freeze ends when its clause no longer holds",
        why="what began it is what ends it, unless more was agreed",
    ),
    Default(key="freeze", value="hard", why="what was agreed happens, unless a milder model was agreed"),
    Default(key="withoutData", value="hold", why="not knowing is a reason to ask, not a reason to ship"),
    Default(
        key="exceptions.silverBullets",
        value=f"{_EXCEPTIONS.silver_bullets} per {_EXCEPTIONS.per}, each for 1d",
        why="a policy without a valve is ignored as a whole, one with many is no policy",
    ),
    Default(key="postmortemAbove", value="20%", why="the share in the SRE workbook's example policy"),
)


def default_kind(indicator: Indicator) -> Kind:
    """The kind of an SLO that does not say it: latency where a latency is measured."""
    fast = isinstance(indicator, PromHistogram) or (
        isinstance(indicator, Events) and indicator.latency_ms is not None
    )
    return "latency" if fast else "availability"


def default_target(kind: Kind, tier: Tier) -> Fraction:
    """The target of an SLO that does not say it."""
    return TIER_TARGETS[tier] if KINDS[kind].by_tier else QUALITY_TARGET


def short_window(long: int) -> int:
    """The short window that goes with a long one: a twelfth, in whole minutes, at least one, never longer."""
    twelfth = (long + 6 * MINUTE) // (12 * MINUTE) * MINUTE
    return min(long, max(MINUTE, twelfth))
