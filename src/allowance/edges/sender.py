"""Made-up telemetry goes out, and what was acknowledged is read from the answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import httpx
import orjson

from allowance.core.problem import refuse
from allowance.signals.made_up import Event, Form, Scene, body_of

PLACES: dict[Form, tuple[str, str]] = {
    "otlp": ("http://127.0.0.1:4318", "/v1/traces"),
    "log": ("http://127.0.0.1:4318", "/v1/logs"),
    "events": ("http://127.0.0.1:8787", "/v1/events"),
    "rum": ("http://127.0.0.1:8787", "/v1/rum"),
}
"""Where each form goes unless told otherwise, and its path there."""

BATCH: dict[Form, int] = {"otlp": 500, "log": 500, "events": 500, "rum": 1}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What became of one request: events that are counted or known, and others with the reason."""

    acknowledged: int
    refused: int = 0
    why: str = ""


class Sender:
    """A connection to a receiver; use it as a context manager."""

    def __init__(self, form: Form, to: str | None, token: str | None) -> None:
        base, path = PLACES[form]
        self.url = f"{(to or base).rstrip('/')}{path}"
        self._form = form
        kind = "application/cloudevents-batch+json" if form == "events" else "application/json"
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        self._client = httpx.Client(timeout=30, headers={"Content-Type": kind, **bearer})

    def __enter__(self) -> Sender:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def send(self, scene: Scene, events: Sequence[Event]) -> Answered:
        """Send one request. Errors: `Problem` `send` where nobody answers."""
        try:
            answer = self._client.post(self.url, content=body_of(self._form, scene, events))
        except httpx.HTTPError as error:
            raise refuse(
                "send",
                f"{self.url} does not answer: {error}",
                hint="is allowance serve running, with an SLO over that kind of source? --to names another address",
            ) from None
        if not answer.is_success:
            return Answered(acknowledged=0, refused=len(events), why=_reason(answer))
        rejected, why = _partial(answer) if self._form in ("otlp", "log") else (0, "")
        return Answered(acknowledged=len(events) - rejected, refused=rejected, why=why)


def _partial(answer: httpx.Response) -> tuple[int, str]:
    found = _json(answer).get("partialSuccess") or {}
    rejected = next((int(value) for name, value in found.items() if name.startswith("rejected")), 0)
    return rejected, str(found.get("errorMessage", ""))


def _reason(answer: httpx.Response) -> str:
    message = _json(answer).get("message") or answer.reason_phrase
    return f"{answer.status_code} {message}"


def _json(answer: httpx.Response) -> dict[str, Any]:
    try:
        found = orjson.loads(answer.content)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
