"""OTLP over gRPC, usually on port 4317: the same sink, with messages left as bytes."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import grpc

from allowance.contract.source import Signal
from allowance.signals.otlp_answer import PROTOBUF, failure, success
from allowance.web.otlp import MEBIBYTE
from allowance.web.otlp_sink import Accepted, Busy, Invalid, OtlpSink, Request
from allowance.web.otlp_together import ThreadsTogether

SERVICES: dict[str, Signal] = {
    "opentelemetry.proto.collector.trace.v1.TraceService": "traces",
    "opentelemetry.proto.collector.metrics.v1.MetricsService": "metrics",
    "opentelemetry.proto.collector.logs.v1.LogsService": "logs",
}

Handler = Callable[[bytes, grpc.ServicerContext], bytes]


def otlp_server(
    sink: OtlpSink, address: str, *, most: int = 64 * MEBIBYTE, workers: int = 4
) -> tuple[grpc.Server, int]:
    """A server bound to an address (`127.0.0.1:4317`; port 0 takes a free one), not yet started, and its port.

    `most` are the bytes of a message, before and after decompression. A busy sink is `UNAVAILABLE`, or
    `RESOURCE_EXHAUSTED` for a sender that sends too much, with the seconds to wait in `RetryInfo`.
    Errors: `OSError` where the address is taken.
    """
    server = grpc.server(
        ThreadPoolExecutor(workers, thread_name_prefix="otlp-grpc"),
        options=[("grpc.max_receive_message_length", most), ("grpc.so_reuseport", 0)],
    )
    together = ThreadsTogether(sink)
    server.add_generic_rpc_handlers(
        tuple(
            grpc.method_handlers_generic_handler(
                service, {"Export": grpc.unary_unary_rpc_method_handler(_export(signal, together))}
            )
            for service, signal in SERVICES.items()
        )
    )
    try:
        port = server.add_insecure_port(address)
    except RuntimeError:
        raise OSError(f"the address {address} cannot be listened on") from None
    return server, port


def _export(signal: Signal, sink: ThreadsTogether) -> Handler:
    def export(body: bytes, context: grpc.ServicerContext) -> bytes:
        if not body:
            return success(signal, PROTOBUF)
        match sink.take(Request(signal, body, PROTOBUF)):
            case Accepted(rejected=rejected, message=message):
                return success(signal, PROTOBUF, rejected, message)
            case Invalid(message=message):
                context.set_code(grpc.StatusCode.INVALID_ARGUMENT)
                context.set_details(message)
            case Busy(retry_after=seconds, status=status, message=message):
                code = grpc.StatusCode.RESOURCE_EXHAUSTED if status == 429 else grpc.StatusCode.UNAVAILABLE
                details = failure(PROTOBUF, code.value[0], message, seconds)
                context.set_trailing_metadata((("grpc-status-details-bin", details),))
                context.set_code(code)
                context.set_details(message)
        return b""

    return export
