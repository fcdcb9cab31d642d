"""OTLP over HTTP: `POST /v1/traces`, `/v1/metrics` and `/v1/logs`, in protobuf or JSON, gzip or plain."""

from __future__ import annotations

import gc
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.types import Receive, Scope, Send

from allowance.contract.source import SIGNALS, Signal
from allowance.signals.otlp_answer import JSON, PROTOBUF, ContentType, failure, success
from allowance.web.otlp_sink import Accepted, Busy, Invalid, OtlpSink, Request
from allowance.web.otlp_together import LoopTogether

MEBIBYTE = 1024 * 1024
_INVALID, _NOT_FOUND, _EXHAUSTED, _UNIMPLEMENTED, _UNAVAILABLE = 3, 5, 8, 12, 14
_PATHS: dict[str, Signal] = {f"/v1/{signal}": signal for signal in SIGNALS}
_NOTHING: Mapping[bytes, bytes] = {}
_MEMBER = b"\x1f\x8b"


@dataclass(frozen=True, slots=True, kw_only=True)
class BodyLimits:
    """Bytes of a request's body: as sent, and after decompression (64 MiB is the protocol's advice)."""

    sent: int = 16 * MEBIBYTE
    plain: int = 64 * MEBIBYTE


class Refused(Exception):
    """A body that is not taken; `status` is HTTP's, `code` gRPC's."""

    def __init__(
        self, status: int, code: int, message: str, headers: Mapping[bytes, bytes] = _NOTHING
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers


def spare_collector() -> None:
    """Let Python look for cycles of garbage less often. Call it once, when a receiving process has started.

    Bodies in JSON become many short-lived objects without cycles; looking at them took two thirds of the time.
    """
    gc.freeze()
    gc.set_threshold(100_000, 50, 50)


class OtlpApp:
    """An ASGI application with the three paths. Each answers in the type that it was asked in; an empty request is a
    success.

    It counts on the loop that it runs in (`LoopTogether`): give it a loop of its own.
    """

    def __init__(self, sink: OtlpSink, limits: BodyLimits | None = None) -> None:
        self._sink, self._limits = LoopTogether(sink), limits or BodyLimits()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        signal = _PATHS.get(scope["path"])
        headers = dict(scope["headers"])
        content_type: ContentType = JSON
        try:
            if signal is None:
                raise Refused(404, _NOT_FOUND, f"there are only {', '.join(_PATHS)}")
            if scope["method"] != "POST":
                raise Refused(405, _UNIMPLEMENTED, "send a POST", {b"allow": b"POST"})
            content_type = _content_type(headers)
            gzipped = _is_gzip(headers)
            body = await _body(receive, headers, self._limits.sent)
            if body is None:
                return
            plain = gunzip(body, self._limits.plain) if gzipped else body
            answer = await self._answer(Request(signal, plain, content_type))
        except Refused as refused:
            told = failure(content_type, refused.code, refused.message)
            answer = _Answer(told, content_type, refused.status, refused.headers)
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.headers})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer(self, request: Request) -> _Answer:
        signal, body, content_type = request
        if not body:
            return _Answer(success(signal, content_type), content_type)
        match await self._sink.take(request):
            case Accepted(rejected=rejected, message=message):
                return _Answer(success(signal, content_type, rejected, message), content_type)
            case Invalid(message=message):
                return _Answer(failure(content_type, _INVALID, message), content_type, 400)
            case Busy(retry_after=seconds, status=status, message=message):
                code = _EXHAUSTED if status == 429 else _UNAVAILABLE
                told = failure(content_type, code, message, seconds)
                return _Answer(told, content_type, status, {b"retry-after": b"%d" % seconds})


class _Answer:
    """An answer in one piece."""

    __slots__ = ("body", "headers", "status")

    def __init__(
        self,
        body: bytes,
        content_type: ContentType,
        status: int = 200,
        more: Mapping[bytes, bytes] = _NOTHING,
    ) -> None:
        self.body, self.status = body, status
        self.headers = [
            (b"content-type", content_type.encode()),
            (b"content-length", b"%d" % len(body)),
            *more.items(),
        ]


def _content_type(headers: Mapping[bytes, bytes]) -> ContentType:
    written = headers.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()
    if written == PROTOBUF:
        return PROTOBUF
    if written == JSON:
        return JSON
    raise Refused(415, _INVALID, f"the content type {written[:80]!r} is not taken; send {PROTOBUF} or {JSON}")


def _is_gzip(headers: Mapping[bytes, bytes]) -> bool:
    encoding = headers.get(b"content-encoding", b"identity").decode("latin-1").strip().lower()
    if encoding not in ("gzip", "identity", ""):
        raise Refused(415, _INVALID, f"the encoding {encoding[:80]!r} is not taken; send gzip or nothing")
    return encoding == "gzip"


async def _body(receive: Receive, headers: Mapping[bytes, bytes], most: int) -> bytes | None:
    """All of it; nothing where the sender has gone."""
    announced = headers.get(b"content-length", b"")
    if announced.isdigit() and int(announced) > most:
        raise _too_large(most, "as sent")
    chunks: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        chunks.append(message.get("body", b""))
        size += len(chunks[-1])
        if size > most:
            raise _too_large(most, "as sent")
        more = message.get("more_body", False)
    return chunks[0] if len(chunks) == 1 else b"".join(chunks)


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
