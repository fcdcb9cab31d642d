"""What a receiver answers to an OTLP request, in the form in which it was asked."""

from __future__ import annotations

from typing import Final, Literal

import orjson

from allowance.contract.source import Signal
from allowance.signals.otlp_wire import MESSAGES

PROTOBUF: Final = "application/x-protobuf"
JSON: Final = "application/json"
ContentType = Literal["application/x-protobuf", "application/json"]

_REJECTED = {"traces": "rejectedSpans", "logs": "rejectedLogRecords", "metrics": "rejectedDataPoints"}
_LONGEST = 2000
_RETRY_INFO = "type.googleapis.com/google.rpc.RetryInfo"


def success(signal: Signal, content_type: ContentType, rejected: int = 0, message: str = "") -> bytes:
    """The body of a 200: empty for full success; with items rejected, or a warning, `partial_success` says so."""
    if not rejected and not message:
        return b"" if content_type == PROTOBUF else b"{}"
    if content_type == PROTOBUF:
        partial = MESSAGES["Partial"](rejected=rejected, message=message[:_LONGEST])
        return bytes(MESSAGES["Response"](partial=partial).SerializeToString())
    said = {"errorMessage": message[:_LONGEST]}
    if rejected:
        said = {_REJECTED[signal]: str(rejected), **said}
    return orjson.dumps({"partialSuccess": said})


def failure(content_type: ContentType, code: int, message: str, retry_after: int | None = None) -> bytes:
    """The body of an error: a `Status` with gRPC's code (3 invalid, 8 too large, 14 try again ...)."""
    if content_type == JSON:
        return orjson.dumps({"code": code, "message": message[:_LONGEST]})
    status = MESSAGES["Failure"](code=code, message=message[:_LONGEST])
    if retry_after is not None:
        info = MESSAGES["RetryInfo"](delay=MESSAGES["Delay"](seconds=retry_after))
        status.details.add(type_url=_RETRY_INFO, value=info.SerializeToString())
    return bytes(status.SerializeToString())
