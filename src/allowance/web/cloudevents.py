"""CloudEvents 1.0 over HTTP: structured, batch and binary, told apart by their content type."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Literal
from urllib.parse import unquote_to_bytes

import orjson

from allowance.core.time import Instant
from allowance.web.problems import Refusal
from allowance.web.times import floored, read_moment

REQUIRED = ("id", "source", "specversion", "type")
TEXTS = (*REQUIRED, "subject", "time", "datacontenttype", "dataschema")
MOST_EVENTS = 1000
LONGEST = 1000
"""Characters of an attribute; longer ones are refused rather than cut, because they may be identities."""

_NAME = re.compile(r"[a-z0-9]{1,64}")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')

Mode = Literal["batch", "structured", "binary"]

STRUCTURED: dict[str, Mode] = {
    "application/cloudevents-batch+json": "batch",
    "application/cloudevents+json": "structured",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudEvent:
    """An event; (source, id) is its identity. `time` is cut to the second."""

    id: str
    source: str
    type: str
    time: Instant | None
    subject: str | None
    data: Any
    text: str
    """The whole event in the structured form."""


def mode_of(headers: Mapping[str, str]) -> Mode:
    """How a request carries its events. Errors: 415 where it carries none."""
    kind = _media_type(headers)
    if kind.startswith("application/cloudevents"):
        found = STRUCTURED.get(kind)
        if found is None:
            raise _unknown(f"events are read from JSON, not from {kind[:80]}")
        return found
    if any(f"ce-{name}" in headers for name in REQUIRED):
        return "binary"
    raise _unknown("this is no CloudEvent")


def read_events(headers: Mapping[str, str], body: bytes) -> list[CloudEvent]:
    """The events of a request. Headers by lower-case names. Errors: 400, 415; one bad event refuses all of them."""
    mode = mode_of(headers)
    if mode == "binary":
        return [_binary(headers, body)]
    document = _json(body, "the body")
    if mode == "structured":
        return [_structured(document, "event")]
    if not isinstance(document, list):
        raise _malformed("a batch is a JSON array of events", "body")
    if len(document) > MOST_EVENTS:
        raise _malformed(f"a batch holds at most {MOST_EVENTS} events", "body")
    return [_structured(one, f"event {number}") for number, one in enumerate(document, 1)]


def _structured(document: Any, where: str) -> CloudEvent:
    if not isinstance(document, dict):
        raise _malformed("an event is a JSON object", where)
    known = {name: _whole(value) for name, value in document.items() if value is not None}
    data = document.get("data")
    known.pop("data", None)
    encoded = known.pop("data_base64", None)
    if encoded is not None:
        if data is not None or not isinstance(encoded, str):
            raise _malformed("an event has data or data_base64, a text, and not both", where)
        try:
            data = base64.b64decode(encoded, validate=True)
        except ValueError:
            raise _malformed("data_base64 is not base64", where) from None
    return _event(known, data, where)


def _binary(headers: Mapping[str, str], body: bytes) -> CloudEvent:
    attributes: dict[str, Any] = {
        name[3:]: _header_text(value) for name, value in headers.items() if name.startswith("ce-")
    }
    kind = _media_type(headers)
    if kind:
        attributes["datacontenttype"] = kind
    data: Any = body or None
    if body and (kind == "application/json" or kind.endswith("+json")):
        data = _json(body, "the data")
    return _event(attributes, data, "event")


def _event(attributes: dict[str, Any], data: Any, where: str) -> CloudEvent:
    for name, value in attributes.items():
        if not _NAME.fullmatch(name):
            raise _malformed(f"{name[:80]!r} is not the name of an attribute: use a-z and 0-9", where)
        if name in TEXTS and not isinstance(value, str):
            raise _malformed(f"{name} is not a text", where)
        if not isinstance(value, str | int) or (isinstance(value, int) and not -(2**31) <= value < 2**31):
            raise _malformed(f"{name} is not a text, a whole number of 32 bits, or true or false", where)
        if isinstance(value, str) and (len(value) > LONGEST or _CONTROL.search(value)):
            raise _malformed(f"{name} is too long or holds control characters", where)
    for name in REQUIRED:
        if not attributes.get(name):
            raise _malformed(f"the event has no {name}", where)
    if attributes["specversion"] != "1.0":
        raise _malformed("only CloudEvents 1.0 are read", where)
    return CloudEvent(
        id=attributes["id"],
        source=attributes["source"],
        type=attributes["type"],
        time=_time(attributes.get("time"), where),
        subject=attributes.get("subject"),
        data=data,
        text=_text(attributes, data, where),
    )


def _text(attributes: dict[str, Any], data: Any, where: str) -> str:
    if isinstance(data, bytes):
        shown = {"data_base64": base64.b64encode(data).decode()}
    else:
        shown = {} if data is None else {"data": data}
    try:
        return orjson.dumps(attributes | shown).decode()
    except orjson.JSONEncodeError:
        raise _malformed("the data are nested too deeply", where) from None


def _whole(value: Any) -> Any:
    """JSON knows one kind of number: 7.0 is the integer 7."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _time(text: str | None, where: str) -> Instant | None:
    if text is None:
        return None
    try:
        return floored(read_moment(text))
    except ValueError:
        raise _malformed("time is not a timestamp such as 2026-11-21T02:00:00Z", where) from None


def _header_text(value: str) -> str:
    """Undo quotes first, then one pass of percent-encoding; what is no UTF-8 is refused."""
    quoted = _QUOTED.fullmatch(value)
    plain = re.sub(r"\\(.)", r"\1", quoted[1]) if quoted else value
    try:
        return unquote_to_bytes(plain).decode("utf-8", errors="strict")
    except UnicodeDecodeError:
        raise _malformed("a header holds percent-encoded bytes that are not UTF-8", "headers") from None


def _json(body: bytes, what: str) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        raise _malformed(f"{what} is not JSON", "body") from None


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("content-type", "").partition(";")[0].strip().lower()


def _malformed(message: str, where: str) -> Refusal:
    return Refusal(
        HTTPStatus.BAD_REQUEST,
        "cloudevent",
        message,
        hint="see CloudEvents 1.0, HTTP protocol binding",
        path=where,
    )


def _unknown(message: str) -> Refusal:
    return Refusal(
        HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        "media-type",
        message,
        hint="send application/cloudevents+json, application/cloudevents-batch+json, or headers ce-*",
    )
