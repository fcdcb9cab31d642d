"""A client of an application in the same process: no port, and an error of the application is an error of the test."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Any

import httpx


class Client:
    """Sends requests to an ASGI application, one after the other."""

    def __init__(self, app: Any) -> None:
        self._runner = asyncio.Runner()
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app, raise_app_exceptions=True),
            base_url="http://allowance.test",
        )

    def __enter__(self) -> Client:
        self._runner.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runner.run(self._client.aclose())
        self._runner.__exit__(kind, error, trace)

    def get(self, path: str) -> httpx.Response:
        """A GET."""
        return self._runner.run(self._client.get(path))

    def post(self, path: str, *, content: bytes, headers: Mapping[str, str]) -> httpx.Response:
        """A POST of bytes."""
        return self._runner.run(self._client.post(path, content=content, headers=headers))
