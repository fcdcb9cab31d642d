"""Kinds that conventions define: a service name is enough, and what would be ambiguous is refused."""

from __future__ import annotations

from fractions import Fraction

import pytest

from allowance.contract.histogram import counters_of
from allowance.contract.indicator import Events, PromGauge, PromHistogram, PromRatio
from allowance.contract.layers import LAYERS
from allowance.contract.read import read
from allowance.contract.semconv import TEMPLATES
from allowance.contract.source import Otlp
from allowance.signals.otlp_sli import otlp_sli_of
from allowance.signals.prom_sli import plan, queries
from tests.conftest import ROOT

HEAD = "apiVersion: allowance/v1\nkind: Service\nmetadata: {name: checkout}\nspec:\n  slos:\n    - "


def result_of(slo: str):  # type: ignore[no-untyped-def]
    return read([("slo.yaml", f"{HEAD}{slo}\n".encode())])


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_kind_and_a_service_are_enough(name: str) -> None:
    limit = ", latency: 300ms" if name.endswith("latency") else ""
    result = result_of(f"{{name: a, kind: {name}{limit}}}")
    assert result.ok, [str(problem) for problem in result.problems]
    (slo,) = result.contract.slos
    assert slo.kind == TEMPLATES[name].kind
    assert slo.source == Otlp(signal="traces")
    assert isinstance(slo.indicator, Events)
    found = otlp_sli_of(slo, slo.source)
    assert (found.name, found.service, found.signal) == ("checkout/a", "checkout", "traces")


@pytest.mark.parametrize("name", LAYERS)
def test_a_known_program_needs_no_query(name: str) -> None:
    layer = LAYERS[name]
    limit = ", latency: 250ms" if layer.unit else ""
    match = "" if layer.label or layer.alone else ", match: 'job=\"a\"'"
    result = result_of(f"{{name: a, kind: {name}, source: {{prometheus: 'http://p:9090'}}{limit}{match}}}")
    assert result.ok, [str(problem) for problem in result.problems]
    (slo,) = result.contract.slos
    assert slo.kind == layer.kind
    found = slo.indicator
    asked = counters_of(found) if isinstance(found, PromHistogram) else found
    assert isinstance(asked, PromRatio | PromGauge)
    evaluated = list(queries(plan(asked, step=60)))
    assert bool(evaluated) == isinstance(asked, PromGauge), "counters are read by their increments"
    assert f"`{name}`" in (ROOT / "docs/contract.md").read_text()


def test_a_match_says_which_series_are_meant() -> None:
    head = "name: a, source: {prometheus: 'http://p:9090'}"
    (slo,) = result_of(f"{{{head}, kind: nginx-ingress-availability}}").contract.slos
    assert slo.indicator == PromRatio(
        total='nginx_ingress_controller_requests{ingress="checkout"}',
        bad='nginx_ingress_controller_requests{ingress="checkout", status=~"5.."}',
    )
    (slo,) = result_of(f"{{{head}, kind: istio-latency, latency: 1s, match: 'app=\"x\"'}}").contract.slos
    assert slo.indicator == PromHistogram(
        selector='istio_request_duration_milliseconds{reporter="destination", app="x"}',
        threshold=Fraction(1000),
    )


@pytest.mark.parametrize(
    ("slo", "words"),
    [
        ("{name: a, kind: http-latency}", "latency is missing"),
        ("{name: a, kind: http-availability, latency: 1s}", "its kind is availability"),
        ("{name: a, kind: http-availability, good: 'true'}", "which its kind already says"),
        ("{name: a, kind: dns-availability, promql: {good: a, total: b}}", "which its kind already says"),
        ("{name: a, kind: blackbox-uptime}", "match is missing"),
        ("{name: a, kind: opa-latency}", "latency is missing"),
        ("{name: a, kind: http-availabilty}", "did you mean http-availability?"),
        ("{name: a, good: 'true', source: {otlp: traces, metric: m}}", "traces have none"),
        ("{name: a, good: 'true', source: {otlp: spans}}", "traces"),
        ("{name: a, good: 'true', source: {otlp: traces, sql: 'postgresql://x'}}", "exactly one of"),
        ("{name: a, promql: {good: a, total: b}, source: {otlp: metrics}}", "cannot answer"),
    ],
)
def test_what_is_wrong_is_said(slo: str, words: str) -> None:
    result = result_of(slo)
    assert not result.ok
    assert words in " ".join(map(str, result.problems))
