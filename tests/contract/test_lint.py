"""Every lint rule has a smallest contract that breaks it, and one beside it that does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from allowance.contract.budget_policy import Clause, Condition, ErrorBudgetPolicy, Signature
from allowance.contract.factor_rule import FactorRule
from allowance.contract.indicator import Events, Foreign, PromGauge, PromHistogram, PromRatio, PromShare
from allowance.contract.lint import BY_ID, RULES, lint
from allowance.contract.lint_page import lint_page
from allowance.contract.model import (
    AlertPolicy,
    Contract,
    DataSource,
    Dependency,
    Journey,
    Mitigation,
    NoDataAlert,
    RatioTimeslices,
    Service,
    Slo,
    Timeslices,
)
from allowance.contract.origin import Origin
from allowance.contract.presets import preset
from allowance.contract.probe import Probe
from allowance.contract.read import read
from allowance.contract.rules import MONTH, TIERED, WORKBOOK, BurnRule
from allowance.contract.signing import policy_hash
from allowance.contract.source import Files, Prometheus, Rum, Sql
from allowance.contract.yaml_text import yaml_text
from allowance.core.duration import DAY, HOUR, MINUTE
from allowance.core.problem import Problem, Where
from allowance.core.window import RollingWindow
from tests.contract.promises import services as services_written

TODAY = date(2026, 11, 21)
NO_DATA = NoDataAlert(severity="ticket", after=1800)
LOGS = Files(paths=("access.log",))


def percent(number: str) -> Fraction:
    return Fraction(number) / 100


def slo(name: str = "availability", **changes: Any) -> Slo:
    """A faultless SLO of the service `shop`."""
    whole = Slo(
        name=name,
        service="shop",
        indicator=Events(good=f"status < 500 and '{name}' = '{name}'"),
        target=percent("99.9"),
        window=RollingWindow(seconds=30 * DAY),
        rules=TIERED,
        no_data_alert=NO_DATA,
        source=LOGS,
        runbook="https://wiki.shop.test/runbook",
        journeys=("buy",),
    )
    return replace(whole, **changes)


def promql(total: str, *, good: str | None = None, bad: str | None = None, **changes: Any) -> Slo:
    return slo(indicator=PromRatio(total=total, good=good, bad=bad), **changes)


def gauge(query: str, **changes: Any) -> Slo:
    return slo(indicator=PromGauge(query=query, op="lte", bound=Fraction(1)), **changes)


def service(*slos: Slo, **changes: Any) -> Service:
    """A faultless service with these SLOs."""
    name = changes.get("name", "shop")
    whole = Service(
        name="shop",
        owner="team-shop",
        slos=tuple(replace(one, service=name) for one in slos),
        policy="agreed",
    )
    return replace(whole, **changes)


SIGNED_TEXT = ErrorBudgetPolicy(
    name="agreed",
    revisit=date(2027, 3, 1),
    clauses=(Clause(when=Condition(state="red"), changes=("feature",), consequence="deny"),),
)


def signed(policy: ErrorBudgetPolicy) -> ErrorBudgetPolicy:
    digest = policy_hash(policy)
    roles = ("product", "engineering", "business")
    return replace(
        policy,
        signatures=tuple(Signature(role=role, by="A", on=date(2026, 9, 1), hash=digest) for role in roles),  # type: ignore[arg-type]
    )


POLICY = signed(SIGNED_TEXT)


def buy(*slos: str, **changes: Any) -> Journey:
    return replace(
        Journey(name="buy", outcome="orders are paid", slos=slos or ("shop/availability",)), **changes
    )


def of(*slos: Slo, **changes: Any) -> Contract:
    """A contract of one service with these SLOs."""
    return Contract(services=(service(*slos),), budget_policies=(POLICY,), **changes)


def services(*several: Service, **changes: Any) -> Contract:
    return Contract(services=several, budget_policies=(POLICY,), **changes)


def policies(policy: ErrorBudgetPolicy) -> Contract:
    return Contract(services=(service(slo()),), budget_policies=(policy,))


def journeys(*several: Journey, slos: tuple[Slo, ...] = (slo(),)) -> Contract:
    return of(*slos, journeys=several)


def rule(
    severity: Any = "page", share: str = "0.02", long: int = HOUR, short: int = 5 * MINUTE, **more: Any
) -> BurnRule:
    return BurnRule(severity=severity, share=Fraction(share), long=long, short=short, **more)


def leaning(
    dependency: Dependency, *, own: str = "99.9", tier: Any = 2, other: str = "99.99", below: Any = 2
) -> Contract:
    """`shop` leans on `stock`."""
    return services(
        service(slo(target=percent(own)), tier=tier, dependencies=(dependency,)),
        service(slo(target=percent(other)), name="stock", tier=below),
    )


def circle(kind: Any) -> Contract:
    return services(
        service(slo(), dependencies=(Dependency(service="stock"),)),
        service(
            slo(target=percent("99.99")), name="stock", dependencies=(Dependency(service="shop", kind=kind),)
        ),
    )


def source(url: str, **more: Any) -> Contract:
    return of(slo(source=Prometheus(url=url, **more)))


def named(name: str, **changes: Any) -> Contract:
    return of(slo(name, **changes))


TOTAL = "sum(http_requests_total)"
GOOD = 'sum(http_requests_total{code!~"5.."})'
TIER = Origin(fields={"tier": Where(line=1)})
CACHE = (Mitigation(kind="cache", coverage=Fraction(9, 10)),)
FULL = (Mitigation(kind="fallback", coverage=Fraction(1)),)


@dataclass(frozen=True)
class Pair:
    id: str
    bad: Contract
    good: Contract


PAIRS = [
    Pair(
        "AL001",
        of(slo(labels={"allowance/ignore": "AL202"})),
        of(slo(labels={"allowance/ignore": "AL202 a batch"})),
    ),
    Pair(
        "AL002",
        of(slo(labels={"allowance/ignore": "L9 why"})),
        of(slo(labels={"allowance/ignore": "AL202 why"})),
    ),
    # the SLI
    Pair("AL101", of(gauge("node_load1", rules=())), of(promql(TOTAL, good=GOOD))),
    Pair(
        "AL101",
        of(slo(indicator=Events(good="cpu_usage < 80"))),
        of(slo(indicator=Events(good="status < 500"))),
    ),
    Pair("AL101", of(gauge("rabbitmq_queue_length")), of(gauge("page_load_seconds"))),
    Pair(
        "AL101",
        named("memory-usage"),
        of(promql("memory_cache_requests_total", good="memory_cache_hits_total")),
    ),
    Pair("AL102", of(gauge("node_memory_free_ratio")), of(gauge("node_memory_free_ratio", rules=TIERED[1:]))),
    Pair(
        "AL103",
        of(gauge("avg(http_request_duration_seconds)", kind="latency")),
        of(
            slo(
                indicator=PromHistogram(selector="http_request_duration_seconds", threshold=Fraction(1)),
                kind="latency",
            )
        ),
    ),
    Pair(
        "AL103",
        of(gauge("rate(request_seconds_sum[5m]) / rate(request_seconds_count[5m])")),
        of(gauge("rate(request_bytes_sum[5m]) / rate(request_size_count[5m])")),
    ),
    Pair("AL103", of(gauge("mean_response_time")), of(gauge("worst_replication_lag_seconds"))),
    Pair(
        "AL104",
        of(gauge('avg(request_duration_seconds{quantile="0.99"})')),
        of(gauge('max(request_duration_seconds{quantile="0.99"})')),
    ),
    Pair(
        "AL104",
        of(gauge("avg(histogram_quantile(0.99, rate(x_bucket[5m])))")),
        of(gauge("histogram_quantile(0.99, sum by (le) (rate(x_bucket[5m])))")),
    ),
    Pair("AL105", of(gauge("histogram_quantile(0.99, x_bucket)")), of(gauge("replication_lag_seconds"))),
    Pair("AL106", of(slo(indicator=PromShare(query="good_ratio", of="good"))), of(promql(TOTAL, good=GOOD))),
    Pair("AL107", of(slo(indicator=Foreign(system="datadog", metrics="{}"))), of(promql(TOTAL, good=GOOD))),
    Pair("AL108", of(gauge("up{job='shop'}", kind="uptime")), of(gauge("probe_success", kind="uptime"))),
    Pair(
        "AL109",
        of(slo(indicator=Events(good="status < 400"))),
        of(slo(indicator=Events(good="status < 500"))),
    ),
    # target and window
    Pair("AL201", of(slo(target=percent("99.99"))), of(slo(target=percent("99.95")))),
    Pair("AL202", of(slo(target=percent("9.99"))), of(slo(target=percent("99.9")))),
    Pair("AL203", of(slo(target=percent("99.9999"))), of(slo(target=percent("99.99")))),
    Pair(
        "AL204",
        of(slo(target=percent("99.999"), method=Timeslices(slice_target=percent("95")))),
        of(slo(target=percent("99.9"), method=Timeslices(slice_target=percent("95")))),
    ),
    Pair(
        "AL204",
        of(gauge("lag_seconds", target=percent("99.999"))),
        of(gauge("lag_seconds", target=percent("99.9"))),
    ),
    Pair("AL205", of(slo(sla=percent("99.9"))), of(slo(sla=percent("99.5")))),
    Pair("AL206", of(slo(window=RollingWindow(seconds=60))), of(slo(window=RollingWindow(seconds=HOUR)))),
    Pair(
        "AL207",
        of(slo(window=RollingWindow(seconds=365 * DAY))),
        of(slo(window=RollingWindow(seconds=90 * DAY))),
    ),
    Pair(
        "AL208",
        of(slo(method=RatioTimeslices(slice=DAY))),
        of(slo(method=RatioTimeslices(slice=HOUR))),
    ),
    Pair(
        "AL209",
        of(slo(method=Timeslices(slice_target=percent("95"), no_data="good"))),
        of(slo(method=Timeslices(slice_target=percent("95"), no_data="ignore"))),
    ),
    Pair(
        "AL210",
        of(slo(indicator=Events(latency_ms=Fraction(300)))),
        of(slo(indicator=Events(latency_ms=Fraction(300)), kind="latency")),
    ),
    Pair(
        "AL211",
        of(promql(TOTAL, good=GOOD), replace(promql(TOTAL, good=GOOD), name="again")),
        of(promql(TOTAL, good=GOOD), replace(promql(TOTAL, bad="errors_total"), name="again")),
    ),
    Pair(
        "AL212",
        services(service(slo(), tier=1, origin=TIER)),
        services(service(slo(target=percent("99.95")), tier=1, origin=TIER)),
    ),
    Pair("AL212", services(service(slo(), tier=1, origin=TIER)), services(service(slo(), tier=1))),
    # alerts
    Pair(
        "AL301", of(slo(target=percent("90"), rules=WORKBOOK)), of(slo(target=percent("99"), rules=WORKBOOK))
    ),
    Pair(
        "AL302",
        of(slo(window=RollingWindow(seconds=28 * DAY), rules=WORKBOOK)),
        of(slo(window=RollingWindow(seconds=30 * DAY), rules=WORKBOOK)),
    ),
    Pair("AL303", of(slo(window=RollingWindow(seconds=DAY))), of(slo(window=RollingWindow(seconds=3 * DAY)))),
    Pair("AL304", of(slo(rules=(rule(short=HOUR),))), of(slo(rules=(rule(short=5 * MINUTE),)))),
    Pair(
        "AL305",
        of(slo(method=Timeslices(slice=10 * MINUTE, slice_target=percent("95")))),
        of(slo(method=Timeslices(slice=5 * MINUTE, slice_target=percent("95")))),
    ),
    Pair("AL306", of(slo(rules=())), of(slo(rules=(rule(),)))),
    Pair(
        "AL307",
        services(service(slo(rules=TIERED[1:]), tier=1)),
        services(service(slo(rules=TIERED), tier=1)),
    ),
    Pair("AL308", of(slo(rules=(rule(), rule("ticket")))), of(slo(rules=(rule(), rule("ticket", "0.01"))))),
    Pair("AL308", of(slo(rules=(rule(), rule()))), of(slo(rules=(rule(), rule(short=HOUR // 2))))),
    Pair(
        "AL309",
        services(service(slo(target=percent("99")), tier=1)),
        services(service(slo(target=percent("99.5")), tier=1)),
    ),
    Pair(
        "AL309",
        services(service(slo(rules=preset("budget-aware", MONTH)), tier=1)),
        services(service(slo(rules=(*TIERED, *preset("budget-aware", MONTH))), tier=1)),
    ),
    Pair(
        "AL308",
        of(slo(rules=(rule(), rule(remaining_below=Fraction(1, 10))))),
        of(slo(rules=(rule(share="0.03"), rule(remaining_below=Fraction(1, 10))))),
    ),
    Pair("AL310", services(service(slo(no_data_alert=None), tier=1)), services(service(slo(), tier=1))),
    Pair(
        "AL110",
        of(slo(source=Rum(site="shop"), indicator=Events(good="ok"))),
        of(slo(source=Rum(site="shop", origins=("https://shop.test",)), indicator=Events(good="ok"))),
    ),
    Pair(
        "AL311",
        of(slo(source=Probe(url="https://shop.test/"), indicator=Events(good="ok"))),
        of(slo(source=Probe(url="https://shop.test/", interval=10), indicator=Events(good="ok"))),
    ),
    # people and journeys
    Pair("AL401", services(service(slo(), owner=None)), services(service(slo(owner="team-x"), owner=None))),
    Pair("AL402", of(slo(runbook=None)), of(slo(runbook=None, rules=TIERED[1:]))),
    Pair(
        "AL403",
        of(slo(runbook="TODO")),
        of(slo(runbook="https://wiki.shop.test/todo-list-service".replace("todo-", ""))),
    ),
    Pair("AL403", services(service(slo(), owner="tbd")), services(service(slo(), owner="team-shop"))),
    Pair("AL404", of(slo(journeys=())), journeys(buy(), slos=(slo(journeys=()),))),
    Pair("AL405", journeys(Journey(name="buy", outcome="paid")), journeys(buy())),
    Pair(
        "AL406",
        journeys(buy("shop/a", "shop/b", "shop/c", "shop/d")),
        journeys(buy("shop/a", "shop/b", "shop/c")),
    ),
    Pair("AL407", journeys(buy(outcome=None)), journeys(buy(outcome="orders are paid"))),
    Pair("AL408", journeys(buy(), slos=(slo(kind="synthetic"),)), journeys(buy(), slos=(slo(),))),
    Pair("AL409", services(service()), services(service(slo()))),
    Pair("AL410", of(slo(source=None)), of(slo(source=LOGS))),
    # dependencies
    Pair(
        "AL501",
        leaning(Dependency(service="stock"), tier=1, below=2),
        leaning(Dependency(service="stock", mitigations=CACHE), tier=1, below=2),
    ),
    Pair(
        "AL501",
        leaning(Dependency(service="stock"), tier=2, below=3),
        leaning(Dependency(service="stock", kind="soft"), below=3),
    ),
    Pair(
        "AL502",
        leaning(Dependency(service="stock"), other="99.5"),
        leaning(Dependency(service="stock"), other="99.99"),
    ),
    Pair(
        "AL502",
        leaning(Dependency(service="stock"), other="99.5"),
        leaning(Dependency(service="stock", mitigations=CACHE), other="99.5"),
    ),
    Pair(
        "AL502",
        services(service(slo(), dependencies=(Dependency(service="mail", target=percent("99.5")),))),
        services(service(slo(), dependencies=(Dependency(service="mail", target=percent("99.99")),))),
    ),
    Pair(
        "AL503",
        leaning(Dependency(service="stock"), other="99.94"),
        leaning(Dependency(service="stock"), other="99.99"),
    ),
    Pair(
        "AL504",
        services(service(slo(), dependencies=(Dependency(service="mail"),))),
        services(service(slo(), dependencies=(Dependency(service="mail", target=percent("99.99")),))),
    ),
    Pair("AL505", circle("hard"), circle("soft")),
    Pair("AL505", services(service(slo(), dependencies=(Dependency(service="shop"),))), circle("soft")),
    Pair(
        "AL506",
        services(
            service(slo(), dependencies=(Dependency(service="a"), Dependency(service="a", kind="soft")))
        ),
        services(service(slo(), dependencies=(Dependency(service="a"), Dependency(service="b")))),
    ),
    Pair(
        "AL507",
        leaning(Dependency(service="stock", mitigations=FULL)),
        leaning(Dependency(service="stock", mitigations=CACHE)),
    ),
    Pair(
        "AL508",
        leaning(Dependency(service="stock", kind="soft")),
        leaning(Dependency(service="stock", kind="soft", mitigations=CACHE)),
    ),
    # queries
    Pair("AL601", of(promql("sum(", good=GOOD)), of(promql(TOTAL, good=GOOD))),
    Pair(
        "AL601",
        of(promql("(" * 5000 + "x" + ")" * 5000, good=GOOD)),
        of(promql("((x_total))", good="x_total{ok='1'}")),
    ),
    Pair(
        "AL602",
        of(promql("rate(sum(x_total)[5m:1m])", good=GOOD)),
        of(promql("sum(rate(x_total[{{.window}}]))", good=GOOD)),
    ),
    Pair("AL603", of(gauge("rate(queue_bytes[5m])")), of(gauge("rate(sent_bytes_total[5m])"))),
    Pair(
        "AL604",
        of(promql("sessions_active", good="sessions_good")),
        of(promql("sessions_total", good="sessions_good")),
    ),
    Pair(
        "AL605",
        of(promql("sum(rate(x_total[5m]))", good="sum(rate(x_total{ok='1'}[5m]))")),
        of(promql("sum(rate(x_total[{{.window}}]))", good="sum(rate(x_total{ok='1'}[{{.window}}]))")),
    ),
    Pair("AL606", of(gauge("irate(x_total[5m])")), of(gauge("rate(x_total[5m])"))),
    Pair(
        "AL607",
        of(promql("sum(x_total) or vector(0)", bad="sum(x_total{code='500'})")),
        of(promql("sum(x_total)", bad="sum(x_total{code='500'}) or vector(0)")),
    ),
    Pair(
        "AL608",
        of(promql("x_total{job='a'}", good="x_total{code='200'}")),
        of(promql("x_total{job='a'}", good="x_total{code='200',job='a'}")),
    ),
    Pair("AL609", of(promql(TOTAL, good=TOTAL)), of(promql(TOTAL, good=GOOD))),
    # names
    Pair(
        "AL701",
        of(promql("httpRequests", good=GOOD)),
        of(promql("http_requests_total", good=GOOD)),
    ),
    Pair(
        "AL702",
        of(gauge("a_seconds"), replace(gauge("b_ms"), name="b")),
        of(gauge("a_seconds"), replace(gauge("b_seconds"), name="b")),
    ),
    Pair("AL703", of(gauge("replicationLag")), of(gauge("replication_lag_seconds"))),
    Pair("AL703", of(gauge("replication_lag_ms")), of(gauge("job:replication_lag_seconds:max"))),
    Pair("AL704", source("https://me:secret@prometheus.shop.test"), source("https://prometheus.shop.test")),
    Pair(
        "AL704",
        source("https://prometheus.shop.test/?token=abc"),
        source("https://prometheus.shop.test/?tenant=a"),
    ),
    Pair(
        "AL704",
        of(slo(source=Sql(url="postgresql://me:secret@db/shop", table="t", time="at"))),
        of(slo(source=Sql(url="postgresql://me@db/shop", table="t", time="at", password_env="PW"))),
    ),
    Pair(
        "AL704",
        of(
            slo(),
            data_sources=(DataSource(name="p", system="prometheus", source=Prometheus(url="https://x@p")),),
        ),
        of(
            slo(),
            data_sources=(DataSource(name="p", system="prometheus", source=Prometheus(url="https://p")),),
        ),
    ),
    Pair(
        "AL705",
        source("http://prometheus", bearer_env="TOKEN"),
        source("https://prometheus", bearer_env="TOKEN"),
    ),
    Pair("AL706", of(slo(group_by=("user_id",))), of(slo(group_by=("tenant_id",)))),
    Pair("AL706", of(slo(group_by=("requestId",))), of(slo(group_by=("region",)))),
    Pair("AL707", named("four-nines"), named("availability")),
    Pair("AL707", named("availability-99-9"), named("latency-p50")),
    Pair(
        "AL708",
        of(promql("http_requests_total", bad="shop_http_requests_total{code='500'}")),
        of(promql("http_requests_total", bad="http_errors_total")),
    ),
    # policies
    Pair("AL801", services(service(slo(), policy="green-yellow-red")), services(service(slo()))),
    Pair("AL802", policies(SIGNED_TEXT), policies(POLICY)),
    Pair("AL802", policies(replace(POLICY, version="2")), policies(signed(replace(POLICY, version="2")))),
    Pair(
        "AL803",
        policies(replace(POLICY, revisit=date(2026, 11, 20))),
        policies(replace(POLICY, revisit=TODAY)),
    ),
    Pair("AL804", policies(replace(POLICY, revisit=None)), policies(POLICY)),
    Pair("AL805", policies(replace(POLICY, clauses=())), policies(POLICY)),
    Pair(
        "AL806",
        policies(
            replace(POLICY, clauses=(Clause(when=Condition(), changes=("rollback",), consequence="deny"),))
        ),
        policies(
            replace(POLICY, clauses=(Clause(when=Condition(), changes=("rollback",), consequence="hold"),))
        ),
    ),
    Pair(
        "AL807",
        policies(replace(POLICY, without_data="allow")),
        policies(replace(POLICY, without_data="hold")),
    ),
    Pair("AL808", policies(replace(POLICY, name="other")), policies(POLICY)),
    Pair(
        "AL808",
        of(slo(), alert_policies=(AlertPolicy(name="loud", rules=TIERED),)),
        of(slo(alerts=("loud",)), alert_policies=(AlertPolicy(name="loud", rules=TIERED),)),
    ),
]


def found(contract: Contract) -> list[Problem]:
    return lint(contract, today=TODAY)


def codes(contract: Contract) -> set[str]:
    return {problem.code for problem in found(contract)}


@pytest.mark.parametrize(
    "pair", [pytest.param(pair, id=f"{pair.id}-{BY_ID[pair.id].name}") for pair in PAIRS]
)
def test_a_rule_sees_what_it_is_for_and_nothing_else(pair: Pair) -> None:
    assert pair.id in codes(pair.bad)
    assert pair.id not in codes(pair.good)


def test_every_rule_has_an_example() -> None:
    assert {pair.id for pair in PAIRS} == set(BY_ID)


def test_ids_and_names_are_used_once() -> None:
    assert len(BY_ID) == len(RULES) == len({rule.name for rule in RULES})


def test_a_faultless_contract_has_no_finding() -> None:
    assert found(journeys(buy())) == []


def test_a_finding_has_place_hint_and_severity() -> None:
    place = Where(file="shop.yaml", line=7, column=15, path="spec.slos[0].sla")
    bad = slo(sla=percent("99.99"), origin=Origin(fields={"target": place}))
    (problem,) = [one for one in found(of(bad)) if one.code == "AL205"]
    assert problem == Problem(
        code="AL205",
        message="shop/availability is looser than its SLA: 99.9 % against 99.99 %",
        where=place,
        hint=BY_ID["AL205"].fix,
        severity="error",
    )


def test_the_arithmetic_of_dependencies_is_shown() -> None:
    contract = services(
        service(
            slo(target=percent("99.9")),
            dependencies=(
                Dependency(service="stock", target=percent("99.99")),
                Dependency(service="pay", target=percent("99.5")),
            ),
        )
    )
    (problem,) = [one for one in found(contract) if one.code == "AL502"]
    assert problem.message == (
        "shop/availability promises 99.9 %, but its hard dependencies allow at most 99.49005 % "
        "(stock 99.99 % x pay 99.5 %)"
    )


def test_a_cycle_is_shown_as_a_way() -> None:
    (problem,) = [one for one in found(circle("hard")) if one.code == "AL505"]
    assert problem.message == "shop depends hard on itself: shop -> stock -> shop"


def test_long_chains_and_large_cycles_are_read_without_recursion() -> None:
    many = 3000
    ring = tuple(
        Service(name=f"s{n}", owner="x", dependencies=(Dependency(service=f"s{(n + 1) % many}"),))
        for n in range(many)
    )
    chain = (*ring[:-1], replace(ring[-1], dependencies=()))
    assert "AL505" not in codes(Contract(services=chain))
    problems = [problem for problem in found(Contract(services=ring)) if problem.code == "AL505"]
    assert [problem.message for problem in problems] == [
        "s0 depends hard on itself: s0 -> s1 -> s2 -> s3 -> s4 -> s5 -> ... -> s0"
    ]


@pytest.mark.parametrize(
    ("labels", "on_service"),
    [
        ({"allowance/ignore": "AL205 the SLA is being renegotiated"}, False),
        ({"allowance/ignore": "AL203 why; AL205: the SLA is being renegotiated"}, False),
        ({"allowance/ignore": "AL205 - the SLA is being renegotiated"}, True),
    ],
)
def test_a_rule_is_set_aside_with_a_reason(labels: dict[str, str], on_service: bool) -> None:
    bad = slo(sla=percent("99.99"), labels={} if on_service else labels)
    contract = services(service(bad, labels=labels if on_service else {}))
    assert "AL205" not in codes(contract)
    assert "AL205" in codes(of(slo(sla=percent("99.99"))))


def test_without_a_reason_a_rule_stays_on() -> None:
    assert {"AL001", "AL205"} <= codes(of(slo(sla=percent("99.99"), labels={"allowance/ignore": "AL205"})))


def test_setting_aside_one_slo_leaves_the_others() -> None:
    quiet = slo(sla=percent("99.99"), labels={"allowance/ignore": "AL205 known"})
    loud = slo("other", sla=percent("99.99"))
    assert [one.message.split()[0] for one in found(of(quiet, loud)) if one.code == "AL205"] == ["shop/other"]


@pytest.mark.parametrize("preset", [TIERED, WORKBOOK])
def test_the_presets_have_no_dead_rule_at_usual_targets(preset: tuple[BurnRule, ...]) -> None:
    for target in ("99", "99.5", "99.9", "99.99", "99.999"):
        assert "AL301" not in codes(of(slo(target=percent(target), rules=preset)))


def test_dead_means_that_even_an_outage_is_silent() -> None:
    at_limit = FactorRule(severity="page", factor=Fraction(10), long=HOUR, short=300).on(MONTH)
    below = FactorRule(severity="page", factor=Fraction(999, 100), long=HOUR, short=300).on(MONTH)
    assert "AL301" in codes(of(slo(target=percent("90"), rules=(at_limit,))))
    assert "AL301" not in codes(of(slo(target=percent("90"), rules=(below,))))


def texts(pick: Callable[[Any], str]) -> list[str]:
    return [pick(rule) for rule in RULES]


def test_rules_speak_in_whole_sentences() -> None:
    for text in [*texts(lambda rule: rule.why), *texts(lambda rule: rule.fix)]:
        assert text[0].isupper()
        assert text.endswith(".")


def test_the_page_of_the_documentation_is_fresh() -> None:
    page = Path(__file__).resolve().parents[2] / "docs" / "lint.md"
    assert page.read_text() == lint_page(), (
        "stale: write allowance.contract.lint_page.lint_page() to docs/lint.md"
    )


@settings(max_examples=60)
@given(st.tuples(services_written("shop"), services_written("stock")))
def test_every_contract_can_be_linted_and_every_finding_has_a_place(written: tuple[object, object]) -> None:
    result = read([("a.yaml", yaml_text(written).encode())])
    for problem in lint(result.contract, today=TODAY):
        assert problem.where.file == "a.yaml"
        assert problem.where.line
        assert problem.code in BY_ID
