"""Kinds of SLI that OpenTelemetry's semantic conventions already define: a service name is all that they need."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from allowance.contract.amounts import parse_latency
from allowance.contract.fields import Fields
from allowance.contract.indicator import Events


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """Predicates over spans. `kind` is the kind of promise; of latency, the limit is the user's."""

    kind: Literal["availability", "latency", "cold-start"]
    valid: str
    good: str


_SPANS: dict[str, tuple[str, str]] = {
    "http": (
        "kind = 'server' AND http_method IS NOT NULL",
        "status_code <> 'error' AND (http_status IS NULL OR http_status < 500)",
    ),
    "rpc": ("kind = 'server' AND rpc_system IS NOT NULL", "status_code <> 'error'"),
    "messaging": ("kind = 'consumer' AND messaging_system IS NOT NULL", "status_code <> 'error'"),
    "database": ("kind = 'client' AND db_system IS NOT NULL", "status_code <> 'error'"),
    "faas": ("kind IN ('server', 'consumer') AND faas_trigger IS NOT NULL", "status_code <> 'error'"),
}
"""Which spans are calls of that sort, and which of those succeeded."""

TEMPLATES: dict[str, Template] = {
    **{
        f"{name}-availability": Template(kind="availability", valid=valid, good=good)
        for name, (valid, good) in _SPANS.items()
    },
    **{
        f"{name}-latency": Template(kind="latency", valid=valid, good=good)
        for name, (valid, good) in _SPANS.items()
    },
    "faas-cold-start": Template(
        kind="cold-start",
        valid=_SPANS["faas"][0],
        good='"faas.coldstart" IS NOT TRUE',
    ),
    "pipeline-availability": Template(
        kind="availability",
        valid="\"cicd.pipeline.result\" NOT IN ('skip', 'cancellation')",
        good="\"cicd.pipeline.result\" = 'success'",
    ),
}
"""The kinds by name: of http, rpc, messaging, database and faas, availability and latency each; warm starts of
functions, and runs of pipelines."""


def expand(template: Template, fields: Fields) -> Events | None:
    """The indicator that a template stands for. Latency is that of calls that succeeded.

    What is missing or written twice is reported.
    """
    for key in ("good", "valid", "promql", "foreign"):
        if fields.has(key):
            fields.wrong(
                key, f"{fields.called()} has {key}, which its kind already says", hint="keep one of them"
            )
            return None
    latency = fields.parsed("latency", parse_latency)
    if template.kind != "latency":
        if fields.has("latency"):
            fields.wrong("latency", f"{fields.called()} has a latency, but its kind is {template.kind}")
            return None
        return Events(valid=template.valid, good=template.good)
    if latency is None:
        fields.need("latency", hint="for example latency: 300ms")
        return None
    return Events(valid=f"{template.valid} AND {template.good}", latency_ms=latency)
