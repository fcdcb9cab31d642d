"""Our own documents: little to write, one documented default for the rest, and errors with their place."""

from __future__ import annotations

from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest

from allowance.contract.indicator import Events, PromGauge, PromHistogram, PromRatio, PromShare
from allowance.contract.model import (
    KINDS,
    Dependency,
    Mitigation,
    Money,
    NoDataAlert,
    Occurrences,
    RatioTimeslices,
    Timeslices,
)
from allowance.contract.rules import TIERED, WORKBOOK, BurnRule, Flaps, LowTraffic
from allowance.contract.source import Files, Prometheus, Sql
from allowance.core.window import CalendarWindow, RollingWindow
from tests.contract.reading import contract_of, only_problem, read_text, service_with, slo_of

CHECKOUT = """\
apiVersion: allowance/v1
kind: Service
metadata: {name: checkout}
spec:
  owner: payments
  tier: 1
  source: {files: /var/log/nginx/access.log*}
  slos:
    - name: availability
      good: status < 500
      target: 99.9%
    - name: latency
      latency: 300ms
      target: 99%
"""


def test_two_slos_fit_in_fifteen_lines() -> None:
    assert len(CHECKOUT.splitlines()) <= 15
    service = contract_of(CHECKOUT).services[0]
    assert (service.name, service.owner, service.tier) == ("checkout", "payments", 1)
    availability, latency = service.slos
    assert availability.indicator == Events(good="status < 500")
    assert availability.target == Fraction(999, 1000)
    assert latency.indicator == Events(latency_ms=Fraction(300))
    assert (availability.kind, latency.kind) == ("availability", "latency")
    assert availability.source == Files(paths=("/var/log/nginx/access.log*",))
    assert availability.owner == "payments"
    assert availability.window == RollingWindow(seconds=28 * 86400)
    assert availability.rules == TIERED
    assert availability.alerts == ("tiered",)
    assert availability.method == Occurrences()
    assert service.policy == "green-yellow-red"


@pytest.mark.parametrize(
    ("tier", "kind", "target"),
    [
        (0, "availability", "99.999"),
        (1, "uptime", "99.99"),
        (2, "synthetic", "99.9"),
        (3, "client", "99"),
        (0, "freshness", "99"),
        (1, "latency", "99"),
    ],
)
def test_a_target_that_is_not_written_follows_tier_and_kind(tier: int, kind: str, target: str) -> None:
    text = service_with(f"good: ok\nkind: {kind}").replace("spec:\n", f"spec:\n  tier: {tier}\n", 1)
    assert contract_of(text).slos[0].target * 100 == Fraction(target)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_is_a_kind(kind: str) -> None:
    slo = slo_of(f"good: ok\nkind: {kind}")
    assert slo.kind == kind
    assert isinstance(slo.method, Timeslices if kind == "uptime" else Occurrences)


@pytest.mark.parametrize(
    ("fields", "indicator"),
    [
        (
            "good: status < 500\nvalid: path <> '/health'",
            Events(good="status < 500", valid="path <> '/health'"),
        ),
        ("good: true\nlatency: 1.5s", Events(good="true", latency_ms=Fraction(1500))),
        ("promql: {good: a, total: b}", PromRatio(good="a", total="b")),
        ("promql: {bad: a, total: b}", PromRatio(bad="a", total="b")),
        (
            "promql: {histogram: 'd{job=\"a\"}', le: 0.3}",
            PromHistogram(selector='d{job="a"}', threshold=Fraction(3, 10)),
        ),
        ("promql: {gauge: lag, max: 30}", PromGauge(query="lag", op="lte", bound=Fraction(30))),
        ("promql: {gauge: rate, min: -0.5}", PromGauge(query="rate", op="gte", bound=Fraction(-1, 2))),
        ("promql: {gauge: lag, below: 30}", PromGauge(query="lag", op="lt", bound=Fraction(30))),
        ("promql: {gauge: lag, above: 30}", PromGauge(query="lag", op="gt", bound=Fraction(30))),
        ("promql: {badShare: x}", PromShare(query="x", of="bad")),
    ],
)
def test_indicators(fields: str, indicator: object) -> None:
    assert slo_of(fields).indicator == indicator


@pytest.mark.parametrize(
    ("fields", "method"),
    [
        ("timeslices: {target: 95%}", Timeslices(slice=60, slice_target=Fraction(95, 100))),
        (
            "timeslices: {slice: 5m, target: 100%, noData: bad}",
            Timeslices(slice=300, slice_target=Fraction(1), no_data="bad"),
        ),
        ("ratioTimeslices: {slice: 5m}", RatioTimeslices(slice=300)),
        ("kind: uptime\ntimeslices: none", Occurrences()),
    ],
)
def test_methods(fields: str, method: object) -> None:
    assert slo_of(f"good: ok\n{fields}").method == method


def test_windows_by_the_calendar_have_a_zone() -> None:
    slo = slo_of("good: ok\nwindow: calendar month Europe/Berlin")
    assert slo.window == CalendarWindow(unit="month", zone=ZoneInfo("Europe/Berlin"))
    assert slo.period == 30 * 86400


def test_alerts_by_name_by_share_and_by_factor() -> None:
    assert slo_of("good: ok\nalerts: workbook").rules == WORKBOOK
    assert slo_of("good: ok\nalerts: none").rules == ()
    assert slo_of("good: ok\nalerts: [tiered, workbook]").rules == TIERED + WORKBOOK
    shares = slo_of("good: ok\nalerts: [{severity: page, spend: 2%, in: 1h}]")
    assert shares.rules == (BurnRule(severity="page", share=Fraction(1, 50), long=3600, short=300),)
    assert shares.alerts == ()
    (factor,) = slo_of(
        "good: ok\nwindow: 7d\nalerts: [{severity: page, burn: 14.4, in: 1h, and: 2m, for: 1m, "
        "clearBelow: 50%, keepFor: 15m, lowTraffic: {minBad: 5}}]"
    ).rules
    assert factor.factor(7 * 86400) == Fraction(144, 10)
    assert (factor.short, factor.hold, factor.guard) == (120, 60, LowTraffic(min_bad=5))
    assert (factor.clear, factor.keep) == (Fraction(1, 2), 900)


def test_a_rule_may_ask_what_is_left_of_the_budget() -> None:
    (rule,) = slo_of("good: ok\nalerts: [{severity: page, burn: 4, in: 1h, remainingBelow: 10%}]").rules
    assert (rule.remaining_below, rule.name) == (Fraction(1, 10), "1h/5m below 10 %")
    page, day, slow = slo_of("good: ok\nwindow: 30d\nalerts: budget-aware").rules
    assert (page.severity, page.factor(30 * 86400), page.remaining_below) == ("page", 4, Fraction(1, 10))
    assert (day.severity, day.share, day.long) == ("ticket", Fraction(1, 2), 86400)
    assert (slow.severity, slow.factor(30 * 86400), slow.remaining_below) == ("ticket", Fraction(3, 2), None)


def test_a_policy_says_for_its_rules_when_flaps_are_the_same_alert() -> None:
    text = (
        "apiVersion: allowance/v1\nkind: AlertPolicy\nmetadata: {name: calm}\nspec:\n  flaps: {keepFor: 1h}\n"
        "  rules:\n    - {severity: page, burn: 2, in: 1h}\n"
        "    - {severity: ticket, burn: 1, in: 1d, flaps: {within: 1d}}\n"
    )
    (policy,) = contract_of(text).alert_policies
    assert [rule.flaps for rule in policy.rules] == [
        Flaps(keep=3600, within=12 * 3600),
        Flaps(keep=2 * 3600, within=86400),
    ]


@pytest.mark.parametrize(
    "field",
    [
        "alerts: [{severity: page, burn: 2, in: 90s}]",
        "alerts: [{severity: page, burn: 2, in: 1h, and: 90s}]",
        "timeslices: {slice: 90s, target: 95%}",
        "ratioTimeslices: {slice: 90s}",
        "window: 90s",
    ],
)
def test_windows_and_slices_are_whole_minutes(field: str) -> None:
    problem = only_problem(service_with(f"good: ok\n{field}"))
    assert problem.code == "minute"
    assert problem.message == "90s is not whole minutes"


QUIET = """\
apiVersion: allowance/v1
kind: AlertPolicy
metadata: {name: quiet}
spec:
  lowTraffic: {minEvents: 100}
  noData: {severity: ticket, after: 30m}
  notify: [payments-oncall]
  rules:
    - {severity: page, spend: 5%, in: 1h}
    - {severity: ticket, burn: 3, in: 1d, lowTraffic: {minEvents: 10}}
---
"""


def test_an_alert_policy_has_rules_a_guard_and_a_word_about_silence() -> None:
    contract = contract_of(QUIET + service_with("good: ok\nalerts: quiet"))
    slo = contract.slos[0]
    assert slo.alerts == ("quiet",)
    assert [rule.guard.min_events for rule in slo.rules] == [100, 10]
    assert slo.rules[1].factor(slo.period) == 3
    assert slo.no_data_alert == NoDataAlert(severity="ticket", after=1800)
    assert contract.alert_policies[0].notify == ("payments-oncall",)


def test_journeys_dependencies_and_sources_stand_in_the_same_file() -> None:
    contract = contract_of(
        CHECKOUT
        + """\
  journeys:
    - {name: pay, outcome: orders are paid, slos: [availability], revenuePerMinute: 120 EUR}
    - {name: browse}
  dependencies:
    - {service: payments, kind: soft, target: 99.95%, mitigations: [{kind: cache, coverage: 80%}]}
    - {service: ledger}
---
apiVersion: allowance/v1
kind: Journey
metadata: {name: buy}
spec: {outcome: someone buys, slos: [checkout/latency]}
---
apiVersion: allowance/v1
kind: DataSource
metadata: {name: prom}
spec: {prometheus: 'http://prom:9090', bearerEnv: PROM_TOKEN, timeout: 1m}
"""
    )
    pay, browse, buy = contract.journeys
    assert pay.revenue_per_minute == Money(amount=Fraction(120), currency="EUR")
    assert pay.slos == ("checkout/availability",)
    assert browse.slos == ("checkout/availability", "checkout/latency")
    assert buy.slos == ("checkout/latency",)
    availability, latency = contract.slos
    assert availability.journeys == ("pay", "browse")
    assert latency.journeys == ("browse", "buy")
    assert contract.services[0].journeys == ("pay", "browse", "buy")
    assert contract.services[0].dependencies == (
        Dependency(
            service="payments",
            kind="soft",
            target=Fraction(9995, 10000),
            mitigations=(Mitigation(kind="cache", coverage=Fraction(4, 5)),),
        ),
        Dependency(service="ledger"),
    )
    assert contract.data_sources[0].source == Prometheus(
        url="http://prom:9090", bearer_env="PROM_TOKEN", timeout_seconds=60
    )


def test_a_service_source_serves_the_indicators_that_it_can_answer() -> None:
    text = service_with("promql: {good: a, total: b}").replace(
        "spec:\n", "spec:\n  source: {files: x.log}\n", 1
    )
    assert contract_of(text).slos[0].source is None
    own = slo_of("good: ok\nsource: {sql: 'postgresql://db/shop', table: requests, time: at}")
    assert own.source == Sql(url="postgresql://db/shop", table="requests", time="at")
    problem = only_problem(service_with("good: ok\nsource: {prometheus: 'http://prom:9090'}"))
    assert problem.code == "source"
    assert problem.where.path == "spec.slos[0].source"


@pytest.mark.parametrize(
    ("fields", "code", "path", "hint"),
    [
        ("good: ok\ntagret: 99.9%", "unknown-key", "spec.slos[0].tagret", "did you mean target?"),
        (
            "good: ok\ndisplay_name: x",
            "unknown-key",
            "spec.slos[0].display_name",
            "did you mean displayName?",
        ),
        ("good: ok\ntarget: 100%", "target", "spec.slos[0].target", "no budget"),
        ("good: ok\ntarget: [99]", "shape", "spec.slos[0].target", ""),
        ("good: ok\nkind: latencyy", "word", "spec.slos[0].kind", "did you mean latency?"),
        ("good: ok\nwindow: 30 days", "window", "spec.slos[0].window", "30d"),
        ("target: 99.9%", "indicator", "spec.slos[0].good", "good: status < 500"),
        ("good: ok\npromql: {good: a, total: b}", "indicator", "spec.slos[0]", "keep one"),
        ("latency: 300", "latency", "spec.slos[0].latency", "300ms"),
        ("promql: {good: a, bad: b, total: c}", "indicator", "spec.slos[0].promql", "keep the one"),
        ("promql: {good: a}", "indicator", "spec.slos[0].promql", "{good, total}"),
        ("good: ok\nowner: [a]", "shape", "spec.slos[0].owner", ""),
        ("good: ok\nowner: 7", "value", "spec.slos[0].owner", '"7"'),
        ("good: ok\nalerts: tierd", "reference", "spec.slos[0].alerts", "did you mean tiered?"),
        ("good: ok\nsource: nowhere", "reference", "spec.slos[0].source", "add the data source"),
        ("good: ok\nalerts: [{severity: page, in: 1h}]", "rule", "spec.slos[0].alerts[0]", "spend: 2%"),
        (
            "good: ok\nalerts: [{severity: page, spend: 2, in: 1h}]",
            "share",
            "spec.slos[0].alerts[0].spend",
            "2%",
        ),
        (
            "good: ok\nalerts: [{severity: page, spend: 2%, in: 5m, and: 1h}]",
            "value",
            "spec.slos[0].alerts[0].and",
            "",
        ),
        (
            "good: ok\nalerts: [{severity: page, burn: 4, in: 1h, remainingBelow: 100%}]",
            "share",
            "spec.slos[0].alerts[0].remainingBelow",
            "such as 10%",
        ),
        (
            "good: ok\nalerts: [{severity: page, burn: 4, in: 1h, remaining_below: 10%}]",
            "unknown-key",
            "spec.slos[0].alerts[0].remaining_below",
            "did you mean remainingBelow?",
        ),
        ("good: ok\ntimeslices: {slice: 5m}", "missing", "spec.slos[0].timeslices.target", "95%"),
        (
            "good: ok\nsource: {prometheus: 'http://me:secret@prom'}",
            "secret",
            "spec.slos[0].source.prometheus",
            "passwordEnv",
        ),
    ],
)
def test_errors_say_what_where_and_what_next(fields: str, code: str, path: str, hint: str) -> None:
    problem = only_problem(service_with(fields))
    assert (problem.code, problem.where.path) == (code, path), str(problem)
    assert problem.severity == "error"
    assert hint in problem.hint
    assert problem.where.file == "slo.yaml"
    assert problem.where.line is not None
    assert problem.where.column is not None


def test_a_place_is_the_place_of_the_value() -> None:
    problem = only_problem(CHECKOUT.replace("99.9%", "999%"))
    assert str(problem.where) == "slo.yaml:11:15: spec.slos[0].target"


def test_all_errors_are_told_at_once() -> None:
    result = read_text(
        CHECKOUT.replace("99.9%", "999%").replace("300ms", "300").replace("tier: 1", "tier: 9")
    )
    assert [problem.where.path for problem in result.problems] == [
        "spec.slos[0].target",
        "spec.slos[1].latency",
        "spec.tier",
    ]


@pytest.mark.parametrize(
    ("text", "path"),
    [
        (CHECKOUT + "---\n" + CHECKOUT, None),
        (CHECKOUT.replace("name: latency", "name: availability"), "spec.slos[1].name"),
    ],
)
def test_duplicate_names_are_errors(text: str, path: str | None) -> None:
    problems = [problem for problem in read_text(text).problems if problem.code == "duplicate"]
    assert problems
    assert "slo.yaml:" in problems[0].hint
    assert path is None or problems[0].where.path == path


def test_a_faulty_document_leaves_the_others_readable() -> None:
    result = read_text(CHECKOUT + "---\nkind: Service\napiVersion: allowance/v1\nmetadata: {name: b}\n")
    assert not result.ok
    assert [service.name for service in result.contract.services] == ["checkout"]


def test_yaml_no_stays_text_and_dates_stay_text() -> None:
    contract = contract_of(CHECKOUT.replace("owner: payments", "owner: no"))
    assert contract.services[0].owner == "no"
