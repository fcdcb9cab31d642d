"""Lint: does the SLI measure what users feel, event by event?"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from allowance.contract.indicator import Events, Foreign, PromShare
from allowance.contract.lint_rule import Facts, Finding, LintRule
from allowance.contract.model import Slo

CAUSES = frozenset(
    {
        "cpu",
        "iowait",
        "loadavg",
        "load1",
        "load5",
        "load15",
        "memory",
        "mem",
        "heap",
        "ram",
        "swap",
        "disk",
        "inode",
    }
    | {"inodes", "filesystem", "goroutines", "gc", "saturation", "utilization", "utilisation"}
)
"""Words for what makes a service slow or fail, rather than for what its users see of it."""

_FILLED = frozenset(
    {"queue", "backlog", "thread", "threads", "connection", "connections", "pool", "fd", "fds"}
)
_LEVELS = frozenset(
    {"length", "depth", "size", "count", "usage", "used", "free", "active", "idle", "open", "max", "pool"}
)
_EVENTS = frozenset(
    {
        "request",
        "requests",
        "response",
        "responses",
        "error",
        "errors",
        "failure",
        "failures",
        "success",
        "check",
    }
    | {
        "successes",
        "operation",
        "operations",
        "checks",
        "job",
        "jobs",
        "query",
        "queries",
        "transaction",
        "http",
    }
    | {
        "transactions",
        "attempt",
        "attempts",
        "grpc",
        "hit",
        "hits",
        "miss",
        "misses",
        "call",
        "calls",
        "message",
    }
    | {"messages", "event", "events", "order", "orders", "login", "logins"}
)
"""Words for events: a metric that counts them is a symptom, whatever else its name says."""


def words(name: str) -> list[str]:
    """The words of a name in snake, kebab or camel case, in small letters."""
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name)
    return [word for word in re.split(r"[^a-zA-Z0-9]+", parted.lower()) if word]


def is_cause(name: str) -> bool:
    """Whether a name speaks of a resource rather than of what users feel."""
    parts = words(name)
    if _EVENTS.intersection(parts):
        return False
    levels = any(left in _FILLED and right in _LEVELS for left, right in pairwise(parts))
    return levels or bool(CAUSES.intersection(parts))


def cause(slo: Slo, facts: Facts) -> str:
    """The metric, column or name that makes an SLI a cause; empty where it is none."""
    if slo.kind == "cost":
        return ""
    names = [metric for query in facts.queries[slo.id] for metric in query.metrics]
    if isinstance(slo.indicator, Events):
        text = re.sub(r"'(?:[^']|'')*'", "", f"{slo.indicator.good or ''} {slo.indicator.valid or ''}")
        names += re.findall(r"[A-Za-z_]\w*", text)
    if not any(_EVENTS.intersection(words(name)) for name in names):
        names.append(slo.name)
    return next((name for name in names if is_cause(name)), "")


def _causes(facts: Facts) -> Iterator[Finding]:
    for slo in facts.slos:
        found = cause(slo, facts)
        if found:
            yield Finding(
                subject=slo,
                where=slo.origin.at("indicator"),
                message=f"{slo.id} measures {found}, which is a cause, not what users feel",
            )


def _pages_on_causes(facts: Facts) -> Iterator[Finding]:
    for slo in facts.slos:
        found = cause(slo, facts)
        if found and any(rule.severity == "page" for rule in slo.rules):
            yield Finding(
                subject=slo,
                where=slo.origin.at("rules"),
                message=f"{slo.id} wakes somebody up because of {found}, whether or not a user is hurt",
            )


def _shares(facts: Facts) -> Iterator[Finding]:
    for slo in facts.slos:
        if isinstance(slo.indicator, PromShare):
            yield Finding(
                subject=slo,
                where=slo.origin.at("indicator"),
                message=f"{slo.id} reads a ready-made share, which hides how many events it stands for",
            )


def _unmeasured(facts: Facts) -> Iterator[Finding]:
    for slo in facts.slos:
        if isinstance(slo.indicator, Foreign):
            yield Finding(
                subject=slo,
                where=slo.origin.at("indicator"),
                message=f"{slo.id} is measured by {slo.indicator.system}, which is not queried here: it has no budget",
            )


def _scrapes(facts: Facts) -> Iterator[Finding]:
    for slo, query in facts.promql():
        if "up" in query.metrics:
            yield Finding(
                subject=slo,
                where=slo.origin.at("indicator"),
                message=f"{slo.id} measures `up`, which says that a scrape worked, not that users were served",
            )


_CLIENT_ERRORS = re.compile(r"\bstatus(?:_code)?\s*<\s*400\b", re.IGNORECASE)


def _client_errors(facts: Facts) -> Iterator[Finding]:
    for slo in facts.slos:
        good = slo.indicator.good if isinstance(slo.indicator, Events) else None
        if good and _CLIENT_ERRORS.search(good) and slo.kind not in ("security", "correctness"):
            yield Finding(
                subject=slo,
                where=slo.origin.at("indicator"),
                message=f"{slo.id} counts every 4xx as a failure of the service, also the mistakes of its callers",
            )


RULES = (
    LintRule(
        id="AL101",
        name="cause-as-sli",
        severity="warning",
        why="A full disk or a busy CPU hurts nobody until a request fails or is slow; an SLI says what users feel.",
        fix="Measure the share of requests that were good or fast, and keep the resource on a dashboard.",
        check=_causes,
    ),
    LintRule(
        id="AL102",
        name="page-on-cause",
        severity="error",
        why="Pages on causes wake people while users are fine, and stay silent when users suffer for another reason.",
        fix="Page on the symptom; let the cause open a ticket (alerts with severity ticket).",
        check=_pages_on_causes,
    ),
    LintRule(
        id="AL106",
        name="share-without-counts",
        severity="warning",
        why="A mean of ratios is not a ratio: a quiet night with one failure outweighs a busy day.",
        fix="Give two counters: promql: {good: ..., total: ...}.",
        check=_shares,
    ),
    LintRule(
        id="AL107",
        name="not-measured",
        severity="warning",
        why="A promise that nobody measures has no budget, no alert and no verdict.",
        fix="Export the metric to a PromQL system or a table, and name that as the source.",
        check=_unmeasured,
    ),
    LintRule(
        id="AL108",
        name="scrape-as-uptime",
        severity="warning",
        why="A service can answer its scrape and fail every user, or serve every user while a scrape times out.",
        fix="Count the answers that users got, or probe the service as a user would.",
        check=_scrapes,
    ),
    LintRule(
        id="AL109",
        name="client-errors-counted",
        severity="info",
        why="A crawler that asks for pages that do not exist would spend the budget.",
        fix="Count status < 500 as good, and add the 4xx that are your fault by name.",
        check=_client_errors,
    ),
)
