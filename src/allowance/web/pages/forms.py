"""Forms as browsers send them without scripts."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import parse_qs

from fastapi import Request
from pydantic import BaseModel, ValidationError

from allowance.web.problems import Refusal

MOST_FIELDS = 50
In = TypeVar("In", bound=BaseModel)


def filled(shape: type[In], said: Mapping[str, Any]) -> In:
    """What a form says, held to the rules of the API. Errors: `Refusal` 422."""
    try:
        return shape.model_validate(said)
    except ValidationError as error:
        raise whats_wrong(error) from None


async def form(request: Request) -> dict[str, str]:
    """The fields of a form; of several with one name the last. Errors: `Refusal` 400 for more than fifty."""
    body = (await request.body()).decode("utf-8", errors="replace")
    try:
        fields = parse_qs(body, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Refusal(HTTPStatus.BAD_REQUEST, "request", "the form has too many fields") from None
    return {name: values[-1] for name, values in fields.items()}


def whats_wrong(error: ValidationError) -> Refusal:
    """Why what was filled in cannot be taken."""
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"]) or "the form"
    empty = first["type"] in ("missing", "string_too_short", "too_short") or first.get("input") == ""
    said = "is missing" if empty else f"cannot be taken: {first['msg'][:1].lower()}{first['msg'][1:]}"
    return Refusal(
        HTTPStatus.UNPROCESSABLE_ENTITY, "request", f"{place} {said}", hint="go back and fill it in"
    )
