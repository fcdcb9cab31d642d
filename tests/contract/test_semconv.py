"""Kinds that conventions define: a service name is enough, and what would be ambiguous is refused."""

from __future__ import annotations

import pytest

from allowance.contract.indicator import Events
from allowance.contract.read import read
from allowance.contract.semconv import TEMPLATES
from allowance.contract.source import Otlp
from allowance.signals.otlp_sli import otlp_sli_of

HEAD = "apiVersion: allowance/v1\nkind: Service\nmetadata: {name: checkout}\nspec:\n  slos:\n    - "


def result_of(slo: str):  # type: ignore[no-untyped-def]
    return read([("slo.yaml", f"{HEAD}{slo}\n".encode())])


@pytest.mark.parametrize("name", TEMPLATES)
def test_a_kind_and_a_service_are_enough(name: str) -> None:
    limit = ", latency: 300ms" if name.endswith("latency") else ""
    result = result_of(f"{{name: a, kind: {name}{limit}}}")
    assert result.ok, [str(problem) for problem in result.problems]
    (slo,) = result.contract.slos
    assert slo.kind == name.rpartition("-")[2]
    assert slo.source == Otlp(signal="traces")
    assert isinstance(slo.indicator, Events)
    found = otlp_sli_of(slo, slo.source)
    assert (found.name, found.service, found.signal) == ("checkout/a", "checkout", "traces")


@pytest.mark.parametrize(
    ("slo", "words"),
    [
        ("{name: a, kind: http-latency}", "latency is missing"),
        ("{name: a, kind: http-availability, latency: 1s}", "its kind is availability"),
        ("{name: a, kind: http-availability, good: 'true'}", "which its kind already says"),
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
