"""Spans that failed, read whole: what happened to them, with every attribute and the type of their exception."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from google.protobuf.message import DecodeError

from allowance.signals.otlp_json_values import pairs_of
from allowance.signals.otlp_points import NO_SPAN_ID, About, Attributes, Failure, Scalar
from allowance.signals.otlp_wire import MESSAGES

ERROR = 2
"""The code of the status of a span that failed."""
MOST_KNOWN = 5_000

_ONLY_CODE = 2
"""Bytes of a status without a message."""

_KEY_VALUE, _EVENT, _STATUS = MESSAGES["KeyValue"], MESSAGES["Event"], MESSAGES["Status"]
_TYPE, _MESSAGE = "exception.type", "exception.message"


class FailureReader:
    """Reads failures. It remembers what spans say only to be quicker.

    What it cannot read of a span is left out: a request is not refused because of an attribute that nobody counts.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[Any, ...], About] = {}

    def protobuf(self, span: Any, about: About) -> Failure | None:
        """The failure of a span of a protobuf request; `about` is what the reader kept of it."""
        pairs = tuple(span.attributes)
        key = (id(about.resource), span.name, about.own.get("scope_name"), span.kind, span.status, pairs)
        found = self._known.get(key)
        if found is None or found.resource is not about.resource:
            name = span.name.decode("utf-8", "replace")
            found = self._keep(key, about, name, _read_pairs(pairs))
        events = [_read_pairs(_decoded(_EVENT, raw).attributes) for raw in span.events]
        said = ""
        if len(span.status) > _ONLY_CODE:
            said = _decoded(_STATUS, span.status).message.decode("utf-8", "replace")
        return _failure(span.trace_id + span.span_id, span.start, span.end, found, events, said)

    def json(self, span: Mapping[str, Any], ids: bytes, start: int, end: int, about: About) -> Failure | None:
        """The failure of a span of a JSON request."""
        name = span.get("name")
        whole = About(
            own={**about.own, "name": name if isinstance(name, str) else ""},
            attributes=_read_json(span),
            resource=about.resource,
        )
        events = [_read_json(one) for one in span.get("events") or () if isinstance(one, dict)]
        said = (span.get("status") or {}).get("message")
        return _failure(ids, start, end, whole, events, said if isinstance(said, str) else "")

    def _keep(self, key: tuple[Any, ...], about: About, name: str, attributes: Attributes) -> About:
        if len(self._known) > MOST_KNOWN:
            self._known.clear()
        found = self._known[key] = About(
            own={**about.own, "name": name}, attributes=attributes, resource=about.resource
        )
        return found


def says_more(span: Any) -> bool:
    """Whether a span that failed says more than its attributes: events, or words of its status."""
    return len(span.events) > 0 or len(span.status) > _ONLY_CODE


def failure_of(
    ids: bytes, start: int, end: int, about: About, exception: str = "", message: str = ""
) -> Failure | None:
    """A failure, unless it lacks an id or an instant."""
    if len(ids) != 24 or not start or ids.endswith(NO_SPAN_ID):
        return None
    return Failure(ids, start, end, about, exception, message)


def _failure(
    ids: bytes, start: int, end: int, about: About, events: Iterable[Attributes], said: str
) -> Failure | None:
    exception, message = "", said
    for event in events:
        if _TYPE in event:
            exception, message = str(event[_TYPE]), str(event.get(_MESSAGE) or said)
    return failure_of(ids, start, end, about, exception, message)


def _decoded(message: Any, raw: bytes) -> Any:
    try:
        return message.FromString(raw)
    except DecodeError:
        return message()


def _read_pairs(raw: Iterable[bytes]) -> dict[str, Scalar]:
    found: dict[str, Scalar] = {}
    for one in raw:
        pair = _decoded(_KEY_VALUE, one)
        kind = pair.value.WhichOneof("one")
        if kind in ("string_value", "bool_value", "int_value", "double_value"):
            found[pair.key] = getattr(pair.value, kind)
    return found


def _read_json(holder: Mapping[str, Any]) -> dict[str, Scalar]:
    try:
        return dict(pairs_of(holder.get("attributes") or [], None))
    except (TypeError, ValueError, KeyError, AttributeError, OverflowError):
        return {}
