"""Lint: can names be relied on, and are secrets and floods of series kept out?"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from allowance.contract.lint_rule import Facts, Finding, LintRule, Subject
from allowance.contract.model import Service, Slo
from allowance.contract.source import Prometheus, Source, Sql
from allowance.core.problem import Where

_TIME_UNITS = {
    **dict.fromkeys(("seconds", "second", "secs"), "seconds"),
    **dict.fromkeys(("milliseconds", "millis", "ms", "msec"), "milliseconds"),
    **dict.fromkeys(("microseconds", "micros", "us", "usec"), "microseconds"),
    **dict.fromkeys(("nanoseconds", "nanos", "ns"), "nanoseconds"),
    **dict.fromkeys(("minutes", "mins"), "minutes"),
}
_SUFFIXES = ("_bucket", "_count", "_sum", "_total")
_SECRET = re.compile(
    r"(?i)[?&;](?:[\w.-]*(?:token|secret|passw(?:or)?d|pwd|api[_-]?key|access[_-]?key|auth)[\w.-]*)=[^&;]+"
)
_LOGIN = re.compile(r"^[a-zA-Z][\w+.-]*://[^/?#@]+@")
_PASSWORD = re.compile(r"^[a-zA-Z][\w+.-]*://[^/?#]*:[^/?#]*@")
_IDENTITIES = frozenset(
    {
        "id",
        "uuid",
        "guid",
        "email",
        "mail",
        "ip",
        "session",
        "token",
        "cookie",
        "url",
        "uri",
        "query",
        "timestamp",
    }
)
_OF_WHOM = frozenset(
    {
        "user",
        "request",
        "req",
        "session",
        "trace",
        "span",
        "correlation",
        "transaction",
        "order",
        "message",
        "device",
    }
    | {"client", "visitor", "event", "pod", "container", "instance", "process", "job", "run", "build"}
)
_NINES = re.compile(r"(?:^|-)(?:p?9{2,}|99[-.]?\d+|\d?-?nines)(?:-|$)")


def metric_style(name: str) -> str:
    """`snake_case`, `camelCase`, `dotted` or `mixed`: how a metric is written."""
    if "." in name:
        return "dotted"
    if name == name.lower():
        return "snake_case"
    return "camelCase" if "_" not in name else "mixed"


def _time_unit(name: str) -> str:
    for suffix in _SUFFIXES:
        name = name.removesuffix(suffix)
    return _TIME_UNITS.get(re.split(r"[_.]", name)[-1].lower(), "")


def _metrics(service: Service, facts: Facts) -> dict[str, Slo]:
    """The metrics of a service, each with the first SLO that uses it."""
    found: dict[str, Slo] = {}
    for slo in service.slos:
        for query in facts.queries[slo.id]:
            for metric in query.metrics:
                found.setdefault(metric, slo)
    return found


def _mixed_styles(facts: Facts) -> Iterator[Finding]:
    for service in facts.contract.services:
        yield from _odd_one_out(service, facts, metric_style, "metric names are written")


def _mixed_units(facts: Facts) -> Iterator[Finding]:
    for service in facts.contract.services:
        yield from _odd_one_out(service, facts, _time_unit, "durations are measured in")


def _odd_one_out(service: Service, facts: Facts, trait: Callable[[str], str], what: str) -> Iterator[Finding]:
    first: tuple[str, str] | None = None
    for metric, slo in _metrics(service, facts).items():
        kind = trait(metric)
        if not kind:
            continue
        if first is None:
            first = (metric, kind)
        elif kind != first[1]:
            message = f"in {service.name} {what} {first[1]} ({first[0]}) and {kind} ({metric})"
            yield _about(slo, message)
            return


def _mixed_prefixes(facts: Facts) -> Iterator[Finding]:
    for service in facts.contract.services:
        metrics = _metrics(service, facts)
        for metric, slo in metrics.items():
            tails = (metric[at + 1 :] for at, char in enumerate(metric) if char == "_")
            same = next((tail for tail in tails if tail.count("_") and tail in metrics), "")
            if same:
                yield _about(slo, f"in {service.name} one thing has two names: {same} and {metric}")
                break


def _odd_metric(facts: Facts) -> Iterator[Finding]:
    for service in facts.contract.services:
        for metric, slo in _metrics(service, facts).items():
            if metric_style(metric) != "snake_case" and ":" not in metric:
                yield _about(slo, f"the metric {metric} of {slo.id} is not written in snake_case")
            elif _time_unit(metric) not in ("", "seconds"):
                yield _about(
                    slo, f"the metric {metric} of {slo.id} is in {_time_unit(metric)}, not in seconds"
                )


def _secret_in_url(facts: Facts) -> Iterator[Finding]:
    for subject, where, source in _sources(facts):
        if not isinstance(source, Prometheus | Sql):
            continue
        login = _LOGIN if isinstance(source, Prometheus) else _PASSWORD
        if login.search(source.url) or _SECRET.search(source.url):
            yield Finding(subject=subject, where=where, message="the address of this source holds a secret")


def _plain_http(facts: Facts) -> Iterator[Finding]:
    for subject, where, source in _sources(facts):
        if not isinstance(source, Prometheus) or not source.url.lower().startswith("http://"):
            continue
        if source.bearer_env or source.password_env:
            yield Finding(
                subject=subject,
                where=where,
                message="this source sends a password over http, which is not encrypted",
            )


def _sources(facts: Facts) -> Iterator[tuple[Subject, Where, Source]]:
    """Each source once, where it was first used."""
    seen: set[Source] = set()
    for declared in facts.contract.data_sources:
        if declared.source is not None and declared.source not in seen:
            seen.add(declared.source)
            yield declared, declared.origin.where, declared.source
    for service in facts.contract.services:
        holders: tuple[Service | Slo, ...] = (service, *service.slos)
        for holder in holders:
            if holder.source is not None and holder.source not in seen:
                seen.add(holder.source)
                yield holder, holder.origin.at("source"), holder.source


def _many_groups(facts: Facts) -> Iterator[Finding]:
    for slo in facts.slos:
        for column in slo.group_by:
            if _is_identity(column):
                yield Finding(
                    subject=slo,
                    where=slo.origin.at("group_by"),
                    message=f"{slo.id} has one budget for each {column}, of which there is no end",
                )


def _is_identity(column: str) -> bool:
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column).lower()
    words = [word for word in re.split(r"[^a-z0-9]+", parted) if word]
    if not words:
        return False
    if len(words) == 1:
        return words[0] in _IDENTITIES or words[0] in {
            "userid",
            "requestid",
            "traceid",
            "sessionid",
            "spanid",
        }
    return words[-1] in {"id", "uuid", "guid", "ip", "email", "token"} and bool(
        _OF_WHOM.intersection(words[:-1])
    )


def _target_in_name(facts: Facts) -> Iterator[Finding]:
    for slo in facts.slos:
        if _NINES.search(slo.name):
            yield Finding(
                subject=slo, where=slo.origin.at("name"), message=f"{slo.id} carries its target in its name"
            )


def _about(slo: Slo, message: str) -> Finding:
    return Finding(subject=slo, where=slo.origin.at("indicator"), message=message)


RULES = (
    LintRule(
        id="AL701",
        name="mixed-metric-names",
        severity="warning",
        why="Two ways to write a name in one service mean that queries copied from one SLO find nothing in another.",
        fix="Choose one way; Prometheus' own is snake_case.",
        check=_mixed_styles,
    ),
    LintRule(
        id="AL702",
        name="mixed-units",
        severity="warning",
        why="Seconds here and milliseconds there end in a threshold that is wrong by a thousand.",
        fix="Export durations in seconds everywhere.",
        check=_mixed_units,
    ),
    LintRule(
        id="AL703",
        name="odd-metric-name",
        severity="info",
        why="Dashboards, alerts and people expect base units and snake_case.",
        fix="Rename the metric when you next touch it: http_request_duration_seconds, requests_total.",
        check=_odd_metric,
    ),
    LintRule(
        id="AL704",
        name="secret-in-url",
        severity="error",
        why="Documents are kept, copied and shown; a secret in one of them is known to all of its readers.",
        fix="Take it out, replace it where it came from, and name a variable: bearerEnv or passwordEnv.",
        check=_secret_in_url,
    ),
    LintRule(
        id="AL705",
        name="password-over-http",
        severity="warning",
        why="Everybody on the way can read the password, and the answers that decide about releases.",
        fix="Use https, with caFile for a certificate of your own.",
        check=_plain_http,
    ),
    LintRule(
        id="AL706",
        name="endless-groups",
        severity="error",
        why="A budget per user or request has hardly an event in it, and there are more of them every day.",
        fix="Group by tenant, plan, region or version.",
        check=_many_groups,
    ),
    LintRule(
        id="AL707",
        name="target-in-name",
        severity="info",
        why="Targets are reviewed each quarter; a name that holds one is wrong after the first review.",
        fix="Name the SLO after what it measures.",
        check=_target_in_name,
    ),
    LintRule(
        id="AL708",
        name="mixed-prefixes",
        severity="warning",
        why="One metric with and without a prefix is two exporters, or one renamed: an SLO may watch the dead one.",
        fix="Use the name that is still written, in every SLO.",
        check=_mixed_prefixes,
    ),
)
