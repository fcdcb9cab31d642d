"""Asking a running server: its address, the token, and its problems as ours."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from cyclopts import Parameter

from allowance.core.problem import Problem, ProblemError, Where, refuse

HERE = "http://127.0.0.1:8787"
TIMEOUT = 30.0


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class Remote:
    """Which server is asked, and by whom."""

    server: str | None = None
    """The address of the server. Default: ALLOWANCE_SERVER, else http://127.0.0.1:8787."""

    token_file: str | None = None
    """A file with the token. Default: the token in ALLOWANCE_TOKEN; the own machine may read without one."""


HERE_AND_NOW = Remote()


def get(remote: Remote, path: str, **query: str | int | None) -> Any:
    """The JSON that an address answers with. Errors: the server's `Problem`, or `server` where it cannot be asked."""
    asked = {name: str(value) for name, value in query.items() if value is not None}
    return ask(remote, "GET", f"{path}?{urlencode(asked)}" if asked else path)


def post(remote: Remote, path: str, body: Mapping[str, Any], **query: str) -> Any:
    """Send JSON. Errors: as `get`."""
    return ask(remote, "POST", f"{path}?{urlencode(query)}" if query else path, body)


def delete(remote: Remote, path: str) -> Any:
    """Take something away. Errors: as `get`."""
    return ask(remote, "DELETE", path)


def ask(remote: Remote, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    """One request. Nothing is tried twice, and no redirect is followed: a token goes where it was sent, or nowhere."""
    address = (remote.server or os.environ.get("ALLOWANCE_SERVER") or HERE).rstrip("/")
    headers = {"Accept": "application/json", "User-Agent": "allowance"}
    if token := token_of(remote):
        headers["Authorization"] = f"Bearer {token}"
    content = None
    if body is not None:
        content, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
    status, text = _exchange(address, method, path, content, headers)
    try:
        answer = json.loads(text) if text else None
    except ValueError:
        raise _no_answer(address, f"it answered {status} with something else than JSON") from None
    if not 200 <= status < 300:
        raise _refused(address, status, answer, has_token="Authorization" in headers)
    return answer


def token_of(remote: Remote) -> str:
    """The token to show; nothing where none was given. Errors: `Problem` `token` where the file cannot be read."""
    if remote.token_file is None:
        return os.environ.get("ALLOWANCE_TOKEN", "").strip()
    try:
        text = Path(remote.token_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise refuse(
            "token",
            f"the token file {remote.token_file} cannot be read: {type(error).__name__}",
            hint="check --token-file",
        ) from None
    if not text or len(text.split()) != 1:
        raise refuse(
            "token",
            f"{remote.token_file} does not hold one token",
            hint="it holds the token and nothing else",
        )
    return text


def path_of(*parts: str) -> str:
    """An address of its parts, each one percent-encoded; a part may have slashes of its own."""
    return "/" + "/".join(quote(part, safe="/") for part in parts)


def _exchange(
    address: str, method: str, path: str, content: bytes | None, headers: Mapping[str, str]
) -> tuple[int, bytes]:
    parts = urlsplit(address)
    try:
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if parts.scheme not in ("http", "https") or not host:
        raise refuse("server", f"{address} is not the address of a server", hint=f"write it as {HERE}")
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(host, port, timeout=TIMEOUT)
    try:
        connection.request(method, parts.path + path, content, dict(headers))
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, HTTPException, ValueError) as error:
        raise _no_answer(address, type(error).__name__) from None
    finally:
        connection.close()


def _no_answer(address: str, why: str) -> ProblemError:
    host = urlsplit(address)
    shown = f"{host.scheme}://{host.netloc.rpartition('@')[2]}{host.path}"
    return refuse(
        "server",
        f"the server at {shown} gave no answer: {why}",
        hint="is allowance serve running? see --server",
    )


def _refused(address: str, status: int, answer: Any, *, has_token: bool) -> ProblemError:
    if not isinstance(answer, dict) or not isinstance(answer.get("message"), str):
        return _no_answer(address, f"it answered {status}")
    where = str(answer.get("where") or "") or None
    hint = str(answer.get("hint") or "")
    if status == HTTPStatus.UNAUTHORIZED and not has_token:
        hint = "set ALLOWANCE_TOKEN, or name a file that holds the token with --token-file"
    return ProblemError(
        Problem(
            code=str(answer.get("code") or "server"),
            message=answer["message"].removeprefix(f"{where}: "),
            hint=hint,
            where=Where(path=where),
        )
    )
