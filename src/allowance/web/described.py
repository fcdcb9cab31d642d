"""The OpenAPI document says which routes need no token: those that only read, where who comes from here may read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from allowance.governance.roles import RIGHTS_WITHOUT_TOKEN
from allowance.web.tokens import Asking

NO_TOKEN: dict[str, list[str]] = {}


def describe_open_reading(app: FastAPI, routes: Sequence[APIRoute]) -> None:
    """`security` of what may be read without a token becomes "nothing, or a token"."""
    undescribed = app.openapi

    def described() -> dict[str, Any]:
        if app.openapi_schema is None:
            document = undescribed()
            for route in routes:
                if _is_open(route):
                    for method in route.methods or ():
                        said = document["paths"][route.path_format][method.lower()]
                        said["security"] = [NO_TOKEN, *said["security"]]
        return undescribed()

    app.openapi = described  # type: ignore[method-assign]


def _is_open(route: APIRoute) -> bool:
    asked = {one.call.right for one in _inside(route.dependant) if isinstance(one.call, Asking)}
    return bool(asked) and asked <= RIGHTS_WITHOUT_TOKEN


def _inside(found: Dependant) -> Iterator[Dependant]:
    yield found
    for one in found.dependencies:
        yield from _inside(one)
