"""Forms as browsers send them without scripts."""

from __future__ import annotations

from http import HTTPStatus
from urllib.parse import parse_qs

from fastapi import Request

from allowance.web.problems import Refusal

MOST_FIELDS = 50


async def form(request: Request) -> dict[str, str]:
    """The fields of a form; of several with one name the last. Errors: `Refusal` 400 for more than fifty."""
    body = (await request.body()).decode("utf-8", errors="replace")
    try:
        fields = parse_qs(body, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise Refusal(HTTPStatus.BAD_REQUEST, "request", "the form has too many fields") from None
    return {name: values[-1] for name, values in fields.items()}
