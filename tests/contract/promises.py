"""Hypothesis strategies: documents of ours, with any mixture of what may be written, as plain values."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from allowance.contract.budget_policy import CHANGE_CLASSES, CONSEQUENCES, FREEZE_MODELS, STATES
from allowance.contract.model import KINDS, NO_DATA_RULES
from allowance.contract.policies import POLICIES
from allowance.contract.rules import SEVERITIES

Plain = dict[str, Any]

names = st.from_regex(r"[a-z]([-a-z0-9]{0,8}[a-z0-9])?", fullmatch=True)
words = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Cn", "Co"], exclude_characters="\ufeff"),
    max_size=30,
)
percents = st.decimals(min_value="0.5", max_value="99.99999", places=5).map(lambda value: f"{value}%")
shares = st.decimals(min_value="0.01", max_value="300", places=2).map(lambda value: f"{value}%")
durations = st.sampled_from(["90s", "1m", "7m", "1h", "6h", "1d", "30d", "4w"])
queries = st.sampled_from(
    ["a", "sum(x_total)", 'x{job="a: b # c"}', "sum(rate(x[{{.window}}]))", "no", "1e3", "on"]
)
numbers = st.decimals(min_value="-1000", max_value="1000", places=3).map(str)

indicators = st.one_of(
    st.fixed_dictionaries(
        {"good": st.sampled_from(["status < 500", "true", "path = 'a: b'"])},
        optional={"valid": queries, "latency": st.sampled_from(["300ms", "1.5s", "20us"])},
    ),
    st.fixed_dictionaries({"latency": st.just("250ms")}),
    st.fixed_dictionaries({"promql": st.fixed_dictionaries({"good": queries, "total": queries})}),
    st.fixed_dictionaries({"promql": st.fixed_dictionaries({"bad": queries, "total": queries})}),
    st.fixed_dictionaries(
        {
            "promql": st.fixed_dictionaries(
                {"histogram": st.sampled_from(["d", 'd{a="b"}']), "le": st.just("0.3")}
            )
        }
    ),
    st.fixed_dictionaries({"promql": st.fixed_dictionaries({"gauge": queries, "below": numbers})}),
    st.fixed_dictionaries({"promql": st.fixed_dictionaries({"goodShare": queries})}),
    st.fixed_dictionaries({"foreign": st.just({"system": "datadog", "metrics": '{"q": 1}'})}),
)

rules = st.fixed_dictionaries(
    {"severity": st.sampled_from(SEVERITIES), "in": durations.filter(lambda text: text != "90s")},
    optional={
        "for": durations,
        "lowTraffic": st.just({"minEvents": 10, "minBad": 2}),
        "flaps": st.sampled_from([{"keepFor": "30m"}, {"within": "1d"}, {"keepFor": "5m", "within": "1h"}]),
        "remainingBelow": st.sampled_from(["0%", "10%", "33.333%"]),
    },
).flatmap(
    lambda rule: st.one_of(
        shares.map(lambda share: rule | {"spend": share}),
        st.sampled_from(["14.4", "7", "0.9333"]).map(lambda factor: rule | {"burn": factor}),
    )
)
alerts = st.one_of(
    st.sampled_from(["tiered", "workbook", "budget-aware", "none"]),
    st.just(["workbook", "tiered"]),
    st.lists(rules, min_size=1, max_size=3),
)
methods = st.sampled_from(
    [
        {},
        {"timeslices": "none"},
        {"ratioTimeslices": {"slice": "5m"}},
        {"ratioTimeslices": {"slice": "90m"}},
        *({"timeslices": {"slice": "1h", "target": "95%", "noData": rule}} for rule in NO_DATA_RULES),
    ]
)
windows = st.sampled_from(
    ["30d", "90m", "4w", "calendar month", "calendar week Europe/Berlin", "quarter", "1h30m"]
)


def slos(name: str) -> st.SearchStrategy[Plain]:
    """One SLO of that name."""
    optional = {
        "kind": st.sampled_from(KINDS),
        "window": windows,
        "by": st.lists(names, max_size=2),
        "alerts": alerts,
        "noData": st.just({"severity": "log", "after": "30m"}),
        "displayName": words,
        "description": words,
        "owner": words,
        "runbook": words,
        "labels": st.dictionaries(names, words, max_size=2),
    }
    rest = st.fixed_dictionaries({"name": st.just(name)}, optional=optional)
    target = st.one_of(
        st.just({}),
        percents.map(lambda value: {"target": value}),
        st.just({"target": "99.9%", "sla": "99.5%"}),
    )
    return st.tuples(rest, target, indicators, methods).map(
        lambda parts: parts[0] | parts[1] | parts[2] | parts[3]
    )


def services(name: str) -> st.SearchStrategy[Plain]:
    """One Service document."""
    spec = st.fixed_dictionaries(
        {
            "slos": st.lists(names, max_size=3, unique=True).flatmap(
                lambda own: st.tuples(*map(slos, own)).map(list)
            )
        },
        optional={
            "tier": st.sampled_from([0, 1, 2, 3]),
            "owner": words,
            "runbook": words,
            "description": words,
            "window": windows,
            "source": st.sampled_from(
                [
                    {"files": ["/var/log/*.gz", "x"], "format": "nginx"},
                    {"prometheus": "http://p:9090", "timeout": "5s", "bearerEnv": "T"},
                    {"sql": "postgresql://db", "table": "t", "time": "at"},
                    {"otlp": "traces"},
                    {"events": "com.shop.order"},
                    {"rum": "shop", "key": "pk", "origins": ["https://shop.test", "http://localhost:8080"]},
                    {"probe": "https://shop.test/"},
                    {
                        "probe": {
                            "url": "http://shop.test:8080/a?b=c",
                            "method": "POST",
                            "interval": "30s",
                            "timeout": "5s",
                            "headers": {"X-A": "b"},
                            "secretHeaders": {"Authorization": "/run/token"},
                            "body": "{}",
                            "redirects": 2,
                            "caFile": "/ca.pem",
                            "witness": "[::1]:443",
                            "linkLocal": True,
                            "expect": {
                                "status": ["2xx", 301, "400-404"],
                                "latency": "300ms",
                                "body": "ok|up",
                                "json": {"a.b": "1"},
                                "tlsDaysLeft": 14,
                            },
                        }
                    },
                    {"otlp": "metrics", "service": "*", "metric": "requests"},
                ]
            ),
            "alerts": alerts,
            "policy": st.sampled_from(list(POLICIES)),
            "maintenance": st.lists(
                st.fixed_dictionaries(
                    {
                        "rrule": st.sampled_from(["FREQ=WEEKLY;BYDAY=SU;BYHOUR=2", "FREQ=DAILY"]),
                        "duration": st.sampled_from(["90s", "2h"]),
                        "reason": st.sampled_from(["planned work", "a: 'quoted' reason"]),
                    },
                    optional={
                        "zone": st.sampled_from(["UTC", "Europe/Berlin"]),
                        "from": st.just("2026-01-04 02:30"),
                        "unlessBurnAbove": st.sampled_from([0, 14, 14.5]),
                    },
                ),
                max_size=2,
            ),
            "journeys": st.lists(names, max_size=2, unique=True).map(
                lambda own: [
                    {"name": f"{name}-{journey}", "outcome": "x", "revenuePerMinute": "1.5 EUR"}
                    for journey in own
                ]
            ),
            "dependencies": st.lists(
                st.fixed_dictionaries(
                    {"service": names, "kind": st.sampled_from(["hard", "soft"])},
                    optional={
                        "target": percents,
                        "mitigations": st.just([{"kind": "cache", "coverage": "80%"}]),
                    },
                ),
                max_size=2,
            ),
        },
    )
    metadata = st.fixed_dictionaries(
        {"name": st.just(name)},
        optional={"displayName": words, "labels": st.dictionaries(names, words, max_size=2)},
    )
    return st.fixed_dictionaries(
        {
            "apiVersion": st.just("allowance/v1"),
            "kind": st.just("Service"),
            "metadata": metadata,
            "spec": spec,
        }
    )


clauses = st.fixed_dictionaries(
    {
        "when": st.one_of(
            st.sampled_from(STATES),
            st.just({"burnAbove": "10", "over": "1h", "remainingBelow": "-20%", "window": "7d"}),
            st.just({"state": "red", "window": "calendar month Europe/Berlin"}),
            st.just("remaining < 0.1 && burn['1h'] > 3.0"),
            st.just({"state": "red", "expression": "labels['team'] == 'shop'"}),
        ),
        "deny": st.lists(
            st.sampled_from([change for change in CHANGE_CLASSES if change != "rollback"]), max_size=3
        ),
    },
    optional={"because": words, "handBack": st.booleans() | names},
)
policies = st.fixed_dictionaries(
    {
        "clauses": st.lists(clauses, max_size=3),
    },
    optional={
        "version": words.filter(lambda text: bool(text)),
        "freeze": st.sampled_from(FREEZE_MODELS),
        "freezeUntil": st.fixed_dictionaries({"remainingAbove": percents}, optional={"for": st.just("12h")}),
        "withoutData": st.sampled_from(CONSEQUENCES)
        | st.dictionaries(
            st.sampled_from(("default", "feature", "p0")), st.sampled_from(CONSEQUENCES), min_size=1
        ),
        "states": st.just({"dwell": "30m", "margin": "5%"}),
        "postmortemAbove": percents,
        "revisit": st.just("2027-02-01"),
        "escalation": words,
        "signatures": st.just([{"role": "product", "by": "P", "on": "2026-11-01", "hash": "abc"}]),
    },
).map(
    lambda spec: {
        "apiVersion": "allowance/v1",
        "kind": "ErrorBudgetPolicy",
        "metadata": {"name": "ours"},
        "spec": spec,
    }
)
alert_policies = st.fixed_dictionaries(
    {"rules": st.lists(rules, max_size=3)},
    optional={
        "noData": st.just({"severity": "page", "after": "1h"}),
        "notify": st.just(["a", "b"]),
        "description": words,
    },
).map(
    lambda spec: {
        "apiVersion": "allowance/v1",
        "kind": "AlertPolicy",
        "metadata": {"name": "quiet"},
        "spec": spec,
    }
)
data_sources = st.sampled_from(
    [{"files": ["x.log"]}, {"prometheus": "http://p:9090"}, {"foreign": "datadog"}]
).map(
    lambda spec: {
        "apiVersion": "allowance/v1",
        "kind": "DataSource",
        "metadata": {"name": "source"},
        "spec": spec,
    }
)
some_services = st.lists(names, max_size=3, unique=True).flatmap(
    lambda own: st.tuples(*map(services, own)).map(list)
)
everything = st.tuples(
    some_services, *(st.lists(kind, max_size=1) for kind in (policies, alert_policies, data_sources))
).map(lambda parts: [document for part in parts for document in part])
