"""Short ways to read documents in tests."""

from __future__ import annotations

from textwrap import dedent

from allowance.contract.model import Contract, Slo
from allowance.contract.read import ReadResult, read
from allowance.core.problem import Problem


def read_text(text: str, file: str = "slo.yaml") -> ReadResult:
    """Documents in one file."""
    return read([(file, dedent(text).encode())])


def contract_of(text: str) -> Contract:
    """The contract of documents without any problem."""
    result = read_text(text)
    assert result.problems == ()
    return result.contract


def slo_of(fields: str) -> Slo:
    """The only SLO of a service whose other fields are plain."""
    return contract_of(service_with(fields)).slos[0]


def service_with(fields: str) -> str:
    """A service with one SLO, of which all but the name is given, one `key: value` a line."""
    lines = "".join(f"      {line}\n" for line in dedent(fields).strip().splitlines())
    return f"apiVersion: allowance/v1\nkind: Service\nmetadata: {{name: shop}}\nspec:\n  slos:\n    - name: one\n{lines}"


def only_problem(text: str) -> Problem:
    """The one problem of documents that have exactly one."""
    (problem,) = read_text(text).problems
    return problem


def openslo(**changes: str) -> str:
    """A sound OpenSLO v1 SLO; each change replaces one of its lines, given by name, or removes it (empty)."""
    lines = {
        "apiVersion": "apiVersion: openslo/v1",
        "kind": "kind: SLO",
        "metadata": "metadata: {name: pay-availability}",
        "spec": "spec:",
        "service": "  service: pay",
        "indicator": (
            "  indicator: {metadata: {name: good}, spec: {ratioMetric: {counter: true, "
            "good: {metricSource: {type: Prometheus, spec: {query: sum(ok_total)}}}, "
            "total: {metricSource: {type: Prometheus, spec: {query: sum(all_total)}}}}}}"
        ),
        "timeWindow": "  timeWindow: [{duration: 28d, isRolling: true}]",
        "budgetingMethod": "  budgetingMethod: Occurrences",
        "objectives": "  objectives: [{target: 0.999}]",
        "more": "",
    }
    assert changes.keys() <= lines.keys()
    return "\n".join(line for line in (lines | changes).values() if line) + "\n"
