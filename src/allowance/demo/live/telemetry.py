"""The unmodified OpenTelemetry SDK of a service: spans leave as OTLP over HTTP, in batches of a second."""

from __future__ import annotations

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Tracer


def tracer(service: str, version: str, region: str, collector: str) -> tuple[Tracer, TracerProvider]:
    """A tracer whose spans go to the OTLP address `collector`; the provider is shut down when the service ends."""
    resource = Resource.create(
        {
            "service.name": service,
            "service.version": version,
            "deployment.environment.name": "demo",
            "cloud.region": region,
        }
    )
    provider = TracerProvider(resource=resource)
    exporter = OTLPSpanExporter(endpoint=f"{collector}/v1/traces", timeout=5)
    provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=1000))
    return provider.get_tracer("shop"), provider
