"""OTLP requests in protobuf to plain values; what repeats is read once and then looked up."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from google.protobuf.message import DecodeError

from allowance.contract.source import Signal
from allowance.core.problem import refuse
from allowance.signals.otlp_attributes import AttributeReader, plain
from allowance.signals.otlp_columns import Batch
from allowance.signals.otlp_metrics import MetricReader
from allowance.signals.otlp_points import NO_TIME, About, Attributes, Log, digest_of
from allowance.signals.otlp_spans import SpanReader
from allowance.signals.otlp_wire import MESSAGES

MOST_KNOWN = 50_000
"""How many different texts and attributes are kept read; beyond it, all are forgotten and read again."""

_REQUESTS = {"traces": "TracesRequest", "logs": "LogsRequest", "metrics": "MetricsRequest"}
_ANY_VALUE = MESSAGES["AnyValue"]


class ProtobufReader:
    """Reads requests. It remembers what it has read only to be quicker; answers do not depend on it.

    `wanted` are the attributes that spans and logs are asked for (all, where it is None); others are passed over.
    """

    def __init__(self, wanted: Collection[str] | None = None) -> None:
        self._attributes = AttributeReader(wanted)
        self._spans = SpanReader(self._attributes)
        self._metrics = MetricReader(self._attributes)

    def read(self, signal: Signal, body: bytes) -> Batch:
        """The points of a request. Errors: `Problem` `otlp` for bytes that are no such request."""
        if self._metrics.size + self._spans.size + self._attributes.size > MOST_KNOWN:
            self._forget()
        try:
            request = MESSAGES[_REQUESTS[signal]].FromString(body)
            refused: dict[str, int] = {}
            if signal == "traces":
                spans, failures = self._spans.read(request, refused)
                return Batch(spans=spans, failures=failures, refused=refused)
            if signal == "logs":
                return Batch(logs=self._logs(request, refused), refused=refused)
            return Batch(metrics=self._metrics.read(request, refused), refused=refused)
        except DecodeError:
            raise refuse(
                "otlp",
                f"the body is no OTLP request for {signal} in protobuf",
                hint="send what an OpenTelemetry SDK sends, to the path of its signal",
            ) from None

    def _forget(self) -> None:
        self._attributes.forget()
        self._spans.forget()
        self._metrics.forget()

    def _logs(self, request: Any, refused: dict[str, int]) -> list[Log]:
        found: list[Log] = []
        for part in request.resources:
            resource = self._attributes.resource(part.resource)
            for scope in part.scopes:
                scope_name = self._attributes.scope(scope.scope)
                for record in scope.items:
                    log = self._log(record, resource, scope_name)
                    if log.at:
                        found.append(log)
                    else:
                        refused[NO_TIME] = refused.get(NO_TIME, 0) + 1
        return found

    def _log(self, record: Any, resource: Attributes, scope_name: str) -> Log:
        body = plain(_ANY_VALUE.FromString(record.body))
        own: Attributes = {
            "name": _text(record.event_name) or None,
            "body": body if isinstance(body, str) else None,
            "severity": record.severity_number or None,
            "severity_text": _text(record.severity_text) or None,
            "scope_name": scope_name,
        }
        attributes = self._attributes.attributes(record.attributes)
        at = record.time or record.observed
        ids = record.trace_id + record.span_id
        return Log(
            key=digest_of(resource, own, attributes, at, ids),
            at=at,
            about=About(own=own, attributes=attributes, resource=resource),
        )


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")
