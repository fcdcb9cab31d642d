"""Kinds of SLI over the metrics that known programs expose: from the edge to the audit log, ready to use."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from allowance.contract.amounts import parse_latency
from allowance.contract.fields import Fields
from allowance.contract.indicator import Indicator, PromGauge, PromHistogram, PromRatio
from allowance.contract.model import Kind

_WRITTEN = ("good", "valid", "promql", "foreign")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What a program counts: `metric` is all of it, and of these are bad those that match `bad`.

    A `bad` that is a name of a metric counts them itself. With `unit` (units of the metric in a second) the metric is
    a histogram of what took how long; with `at_least` or `at_most` it is a gauge. `label` names the service where
    nothing is said by `match`; without it `match` is needed where `alone` is false.
    """

    kind: Kind
    metric: str
    bad: str = ""
    label: str = ""
    only: str = ""
    unit: Literal[0, 1, 1000] = 0
    at_least: int | None = None
    at_most: int | None = None
    alone: bool = False


_5XX = 'status=~"5.."'

LAYERS: dict[str, Layer] = {
    "nginx-ingress-availability": Layer(
        kind="availability", metric="nginx_ingress_controller_requests", bad=_5XX, label="ingress"
    ),
    "nginx-ingress-latency": Layer(
        kind="latency", metric="nginx_ingress_controller_request_duration_seconds", label="ingress", unit=1
    ),
    "haproxy-availability": Layer(
        kind="availability", metric="haproxy_backend_http_responses_total", bad='code="5xx"', label="proxy"
    ),
    "istio-availability": Layer(
        kind="availability",
        metric="istio_requests_total",
        bad='response_code=~"5.."',
        label="destination_service_name",
        only='reporter="destination"',
    ),
    "istio-latency": Layer(
        kind="latency",
        metric="istio_request_duration_milliseconds",
        label="destination_service_name",
        only='reporter="destination"',
        unit=1000,
    ),
    "dns-availability": Layer(
        kind="availability", metric="coredns_dns_responses_total", bad='rcode="SERVFAIL"', alone=True
    ),
    "blackbox-uptime": Layer(kind="uptime", metric="probe_success", at_least=1),
    "grpc-availability": Layer(
        kind="availability",
        metric="grpc_server_handled_total",
        bad='grpc_code=~"Unknown|DeadlineExceeded|Internal|Unavailable|DataLoss"',
        label="job",
    ),
    "minio-availability": Layer(
        kind="availability",
        metric="minio_s3_requests_total",
        bad="minio_s3_requests_5xx_errors_total",
        alone=True,
    ),
    "kubernetes-api-availability": Layer(
        kind="availability", metric="apiserver_request_total", bad='code=~"5.."', alone=True
    ),
    "kubernetes-api-latency": Layer(
        kind="latency",
        metric="apiserver_request_duration_seconds",
        only='verb!~"WATCH|CONNECT"',
        unit=1,
        alone=True,
    ),
    "kubernetes-uptime": Layer(
        kind="uptime", metric="kube_deployment_status_replicas_unavailable", label="deployment", at_most=0
    ),
    "argocd-availability": Layer(
        kind="availability", metric="argocd_app_sync_total", bad='phase=~"Error|Failed"', label="name"
    ),
    "prometheus-rules-availability": Layer(
        kind="availability",
        metric="prometheus_rule_evaluations_total",
        bad="prometheus_rule_evaluation_failures_total",
        alone=True,
    ),
    "alertmanager-availability": Layer(
        kind="availability",
        metric="alertmanager_notifications_total",
        bad="alertmanager_notifications_failed_total",
        alone=True,
    ),
    "kubernetes-audit-security": Layer(
        kind="security", metric="apiserver_audit_event_total", bad="apiserver_audit_error_total", alone=True
    ),
    "kubernetes-sign-in-security": Layer(
        kind="security", metric="authentication_attempts", bad='result!="success"', alone=True
    ),
    "opa-latency": Layer(
        kind="latency",
        metric="http_request_duration_seconds",
        only='handler="v1/data"',
        unit=1,
        alone=True,
    ),
}
"""The kinds by name."""


def expand_layer(layer: Layer, fields: Fields, service: str) -> Indicator | None:
    """The indicator that a kind stands for; what is missing or written twice is reported."""
    for key in _WRITTEN:
        if fields.has(key):
            fields.wrong(
                key, f"{fields.called()} has {key}, which its kind already says", hint="keep one of them"
            )
            return None
    match = fields.raw("match") or (f'{layer.label}="{service}"' if layer.label else "")
    if not match and not layer.alone:
        fields.need("match", hint=f'which series of {layer.metric} are meant, such as instance="..."')
        return None
    if not layer.unit:
        return _counted(layer, match)
    latency = fields.parsed("latency", parse_latency)
    if latency is None:
        fields.need("latency", hint="for example latency: 300ms")
        return None
    threshold = latency * layer.unit / 1000
    return PromHistogram(selector=_selector(layer.metric, layer.only, match), threshold=threshold)


def _counted(layer: Layer, match: str) -> Indicator:
    whole = _selector(layer.metric, layer.only, match)
    if layer.at_least is not None:
        return PromGauge(query=whole, op="gte", bound=Fraction(layer.at_least))
    if layer.at_most is not None:
        return PromGauge(query=whole, op="lte", bound=Fraction(layer.at_most))
    if "=" in layer.bad or "~" in layer.bad:
        return PromRatio(total=whole, bad=_selector(layer.metric, layer.only, match, layer.bad))
    return PromRatio(total=whole, bad=_selector(layer.bad, layer.only, match))


def _selector(metric: str, *matchers: str) -> str:
    inside = ", ".join(one for one in matchers if one)
    return f"{metric}{{{inside}}}" if inside else metric
