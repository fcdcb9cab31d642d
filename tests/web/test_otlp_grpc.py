"""The gRPC door for OTLP: garbage, bombs and a full house each get the code that a sender understands."""

from __future__ import annotations

from collections.abc import Iterator

import grpc
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from allowance.web.otlp_grpc import otlp_server
from allowance.web.otlp_sink import Busy
from tests.fakes.otlp_sink import CountingSink
from tests.web.otlp_traffic import NOW, sli, spans

EXPORT = "/opentelemetry.proto.collector.trace.v1.TraceService/Export"


@pytest.fixture
def sink() -> CountingSink:
    return CountingSink([sli("ok", good="status < 500")], now=NOW)


@pytest.fixture
def channel(sink: CountingSink) -> Iterator[grpc.Channel]:
    server, port = otlp_server(sink, "127.0.0.1:0", most=100_000)
    server.start()
    with grpc.insecure_channel(f"127.0.0.1:{port}", compression=grpc.Compression.Gzip) as one:
        yield one
    server.stop(None).wait(5)


def send(channel: grpc.Channel, body: bytes) -> bytes:
    answer = channel.unary_unary(EXPORT)(body, timeout=10)
    assert isinstance(answer, bytes)
    return answer


def refused(channel: grpc.Channel, body: bytes) -> grpc.RpcError:
    with pytest.raises(grpc.RpcError) as caught:
        send(channel, body)
    return caught.value


def test_success_and_partial_success(channel: grpc.Channel, sink: CountingSink) -> None:
    assert send(channel, b"") == b""
    request = spans(3)
    request.MergeFrom(spans(1, at=NOW + 3600, salt=1))
    said = ExportTraceServiceResponse.FromString(send(channel, request.SerializeToString())).partial_success
    assert (said.rejected_spans, "clock" in said.error_message) == (1, True)
    assert sink.sums() == {("ok", ""): (3, 3)}


def test_garbage_and_bombs(channel: grpc.Channel, sink: CountingSink) -> None:
    assert refused(channel, b"\xff\xff").code() is grpc.StatusCode.INVALID_ARGUMENT
    assert refused(channel, b"\0" * 5_000_000).code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert sink.requests == 1


@pytest.mark.parametrize(("status", "code"), [(429, "RESOURCE_EXHAUSTED"), (503, "UNAVAILABLE")])
def test_a_full_house_says_when_to_come_again(
    channel: grpc.Channel, sink: CountingSink, status: int, code: str
) -> None:
    sink.busy.append(Busy(retry_after=7, status=status))  # type: ignore[arg-type]
    error = refused(channel, spans(1).SerializeToString())
    assert error.code().name == code
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    assert b"google.rpc.RetryInfo" in details
    assert details.endswith(b"\x0a\x02\x08\x07")
    send(channel, spans(1).SerializeToString())


def test_an_address_that_is_taken(sink: CountingSink) -> None:
    server, port = otlp_server(sink, "127.0.0.1:0")
    server.start()
    with pytest.raises(OSError, match="cannot be listened on"):
        otlp_server(sink, f"127.0.0.1:{port}")
    server.stop(None).wait(5)
