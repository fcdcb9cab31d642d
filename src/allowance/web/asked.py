"""What every route asks of the application: the running state, the settings, the clock."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import Depends, Request

from allowance.web.problems import Refusal
from allowance.web.state import LiveState, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class House:
    """The state of everything, how the API behaves, and what time it is."""

    state: LiveState
    settings: Settings
    clock: Callable[[], int]
    kept: dict[str, Any] = field(default_factory=dict)
    """What a route worked out for a second and may need again in it."""


async def _house(request: Request) -> House:
    # Not a plain function: for one of those the framework takes a turn to a thread and back.
    found: House = request.app.state.house
    return found


Asked = Annotated[House, Depends(_house)]


async def _only_json(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "media-type",
            f"the body is {kind[:80] or 'of no type'}, not JSON",
            hint="send Content-Type: application/json",
        )


OnlyJson = Depends(_only_json)
"""A body of another type is refused with 415."""
