"""Every error of the API in one shape, with the status that fits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from allowance.core.problem import Problem, ProblemError, Where
from allowance.reports.analysis_json import problem_json


class Json(Response):
    """JSON without NaN: what is no number is null."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        """Compact UTF-8."""
        return orjson.dumps(content)


class Refusal(Exception):
    """An answer that is an error: its status, and the one problem it is about."""

    def __init__(
        self,
        status: HTTPStatus,
        code: str,
        message: str,
        *,
        hint: str = "",
        path: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.problem = Problem(code=code, message=message, hint=hint, where=Where(path=path))
        self.headers = dict(headers or {})

    def answer(self) -> Response:
        """The response."""
        return Json(problem_json(self.problem), self.status, self.headers)


STATUS: dict[str, HTTPStatus] = {
    "store": HTTPStatus.SERVICE_UNAVAILABLE,
    "tokens": HTTPStatus.SERVICE_UNAVAILABLE,
}
"""Problems that are not the caller's fault; all others are."""

WORDS: dict[int, tuple[str, str, str]] = {
    400: ("request", "the request cannot be read", "send JSON as /v1/openapi.json describes it"),
    404: ("not-found", "there is nothing here", "see /v1/openapi.json for what there is"),
    405: ("method", "this address does not do that", "the Allow header names what it does"),
    413: ("too-large", "the body is too large", "send at most 1 MiB, in several requests if need be"),
    415: ("media-type", "the body is not JSON", "send Content-Type: application/json"),
}
"""Status -> code, message and hint, where the framework refuses."""


def answer_with_problems(app: FastAPI, routes: Sequence[APIRoute]) -> None:
    """Let the app answer every error as a `Problem`; of `routes` it says which methods an address has."""
    app.state.methods = [(route.path_regex, route.methods) for route in routes]
    app.add_exception_handler(Refusal, _refused)
    app.add_exception_handler(ProblemError, _problem)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(SQLAlchemyError, _store)
    app.add_exception_handler(Exception, _broken)


def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return error.answer()


def _problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)
    first = error.problems[0]
    return Json(problem_json(first), STATUS.get(first.code, HTTPStatus.UNPROCESSABLE_ENTITY))


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = dict(error.headers or {})
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        # The framework names the methods of one route only, an address may have several.
        found = [some for regex, some in request.app.state.methods if regex.match(request.url.path)]
        headers["Allow"] = ", ".join(sorted(set().union(*found))) or headers.get("Allow", "GET")
    default = ("request", HTTPStatus(error.status_code).phrase, "")
    code, message, hint = WORDS.get(error.status_code, default)
    problem = Problem(code=code, message=message, hint=hint)
    return Json(problem_json(problem), error.status_code, headers)


def _invalid(_: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    place = ".".join(str(part) for part in first["loc"])[:200]
    malformed = first["type"] == "json_invalid"
    problem = Problem(
        code="request",
        message="the body is not JSON" if malformed else f"{place}: {first['msg']}",
        where=Where(path=place),
        hint="see /v1/openapi.json for what is expected",
    )
    status = HTTPStatus.BAD_REQUEST if malformed else HTTPStatus.UNPROCESSABLE_ENTITY
    return Json(problem_json(problem), status)


def _store(_: Request, __: Exception) -> Response:
    problem = Problem(
        code="store",
        message="the store cannot be read or written at this moment",
        hint="try again; /readyz says whether it works",
    )
    return Json(problem_json(problem), HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "5"})


def _broken(_: Request, error: Exception) -> Response:
    problem = Problem(
        code="internal",
        message=f"this request found a fault of Allowance ({type(error).__name__})",
        hint="its log says where; please report it",
    )
    return Json(problem_json(problem), HTTPStatus.INTERNAL_SERVER_ERROR)
