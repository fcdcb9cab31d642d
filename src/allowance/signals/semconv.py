"""Short names for what OpenTelemetry's semantic conventions call otherwise, and the words of its enumerations."""

from __future__ import annotations

SPAN_KINDS: tuple[str, ...] = ("unspecified", "internal", "server", "client", "producer", "consumer")
"""Columns `kind` of spans, by the number in the protocol."""

STATUS_CODES: tuple[str, ...] = ("unset", "ok", "error")
"""Column `status_code` of spans, by the number in the protocol."""

SERVED = frozenset(
    (
        "http.server.request.duration",
        "http.server.duration",
        "rpc.server.call.duration",
        "rpc.server.duration",
        "messaging.process.duration",
        "faas.invoke_duration",
    )
)
"""Histograms of what requests to a service took, by their newer and older names."""

ALIASES: dict[str, tuple[str, ...]] = {
    "service_name": ("service.name",),
    "service_version": ("service.version",),
    "instance": ("service.instance.id",),
    "environment": ("deployment.environment.name", "deployment.environment"),
    "region": ("cloud.region",),
    "tenant": ("tenant.id", "tenant"),
    "status": ("http.response.status_code", "http.status_code"),
    "http_status": ("http.response.status_code", "http.status_code"),
    "http_method": ("http.request.method", "http.method"),
    "http_route": ("http.route",),
    "path": ("url.path", "http.target"),
    "error_type": ("error.type",),
    "rpc_system": ("rpc.system.name", "rpc.system"),
    "rpc_method": ("rpc.method",),
    "rpc_status": ("rpc.response.status_code", "rpc.grpc.status_code"),
    "db_system": ("db.system.name", "db.system"),
    "messaging_system": ("messaging.system",),
    "messaging_operation": ("messaging.operation.type", "messaging.operation"),
    "faas_trigger": ("faas.trigger",),
    "flag": ("feature_flag.key",),
    "variant": ("feature_flag.result.variant", "feature_flag.variant"),
}
"""Short column names and the attributes that they stand for; the first that an event has is taken.

The second names are those of older conventions, which many services still send.
"""
