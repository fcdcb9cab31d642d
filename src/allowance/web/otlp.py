"""OTLP over HTTP: `POST /v1/traces`, `/v1/metrics` and `/v1/logs`, in protobuf or JSON, gzip or plain."""

from __future__ import annotations

import gc
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from allowance.contract.source import SIGNALS, Signal
from allowance.signals.otlp_answer import JSON, PROTOBUF, ContentType, failure, success
from allowance.web.otlp_sink import Accepted, Busy, Invalid, OtlpSink

MEBIBYTE = 1024 * 1024
_INVALID, _EXHAUSTED, _UNAVAILABLE = 3, 8, 14
_MEMBER = b"\x1f\x8b"


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLimits:
    """Bytes of a request's body: as sent, and after decompression (64 MiB is the protocol's advice)."""

    sent: int = 16 * MEBIBYTE
    plain: int = 64 * MEBIBYTE


class Refused(Exception):
    """A body that is not taken; `status` is HTTP's, `code` gRPC's."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


def spare_collector() -> None:
    """Let Python look for cycles of garbage less often. Call it once, when a receiving process has started.

    Bodies in JSON become many short-lived objects without cycles; looking at them took two thirds of the time.
    """
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


def routes(sink: OtlpSink, limits: BodyLimits | None = None) -> list[Route]:
    """The three routes. Each answers in the type that it was asked in; an empty request is a success."""
    return [
        Route(f"/v1/{signal}", _endpoint(signal, sink, limits or BodyLimits()), methods=["POST"])
        for signal in SIGNALS
    ]


def _endpoint(signal: Signal, sink: OtlpSink, limits: BodyLimits) -> Callable[[Request], Awaitable[Response]]:
    async def receive(request: Request) -> Response:
        content_type: ContentType = JSON
        try:
            content_type = _content_type(request)
            gzipped = _is_gzip(request)
            sent = await _body(request, limits.sent)
            return await run_in_threadpool(_take, signal, sink, sent, content_type, gzipped, limits)
        except Refused as refused:
            body = failure(content_type, refused.code, refused.message)
            return Response(body, refused.status, media_type=content_type)
        except ClientDisconnect:
            return Response(status_code=400)

    return receive


def _content_type(request: Request) -> ContentType:
    written = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if written == PROTOBUF:
        return PROTOBUF
    if written == JSON:
        return JSON
    raise Refused(415, _INVALID, f"the content type {written[:80]!r} is not taken; send {PROTOBUF} or {JSON}")


def _is_gzip(request: Request) -> bool:
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("gzip", "identity", ""):
        raise Refused(415, _INVALID, f"the encoding {encoding[:80]!r} is not taken; send gzip or nothing")
    return encoding == "gzip"


async def _body(request: Request, most: int) -> bytes:
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > most:
        raise _too_large(most, "as sent")
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > most:
            raise _too_large(most, "as sent")
        chunks.append(chunk)
    return b"".join(chunks)


def _take(
    signal: Signal, sink: OtlpSink, sent: bytes, content_type: ContentType, gzipped: bool, limits: BodyLimits
) -> Response:
    body = gunzip(sent, limits.plain) if gzipped else sent
    if not body:
        return Response(success(signal, content_type), media_type=content_type)
    outcome = sink.accept(signal, body, content_type)
    match outcome:
        case Accepted(rejected=rejected, message=message):
            return Response(success(signal, content_type, rejected, message), media_type=content_type)
        case Invalid(message=message):
            return Response(failure(content_type, _INVALID, message), 400, media_type=content_type)
        case Busy(retry_after=seconds, status=status, message=message):
            code = _EXHAUSTED if status == 429 else _UNAVAILABLE
            answer = Response(failure(content_type, code, message, seconds), status, media_type=content_type)
            answer.headers["retry-after"] = str(seconds)
            return answer


def gunzip(sent: bytes, most: int) -> bytes:
    """A gzip body, of one or more members, never unpacked beyond `most` bytes. Errors: `Refused` 400, 413."""
    found: list[bytes] = []
    size = 0
    rest = sent
    while rest:
        member = zlib.decompressobj(wbits=31)
        try:
            found.append(member.decompress(rest, most - size + 1))
        except zlib.error:
            raise Refused(400, _INVALID, "the body is not the gzip that its encoding says") from None
        size += len(found[-1])
        if size > most:
            raise _too_large(most, "after decompression")
        if not member.eof:
            raise Refused(400, _INVALID, "the gzip body ends too early")
        rest = member.unused_data
        if rest and not rest.startswith(_MEMBER):
            raise Refused(400, _INVALID, "something follows the gzip body")
    return b"".join(found)


def _too_large(most: int, when: str) -> Refused:
    return Refused(413, _EXHAUSTED, f"the body is above {most} bytes {when}; send smaller batches")
