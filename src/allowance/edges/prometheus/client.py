"""Asks a PromQL system over HTTP: secrets from the environment, bounded patience, and a `Problem` for every failure."""

from __future__ import annotations

import os
import random
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import TracebackType

import httpx

from allowance import __version__
from allowance.contract.source import Prometheus
from allowance.core.problem import Problem, ProblemError, Where, refuse
from allowance.signals.prom_answer import read_error

ATTEMPTS = 4
FIRST_PAUSE = 0.25
LONGEST_PAUSE = 10.0
LONGEST_CONNECT = 5.0
IDLE = 150.0
"""Seconds that a connection may be idle and be used again: longer than a live minute."""
LARGEST_BODY = 64 * 2**20
"""Larger answers are asked for in pieces."""
_PASSING = frozenset({429, 502, 503, 504})
_TOO_MUCH = (
    "too many",
    "maximum resolution",
    "exceed",
    "timed out",
    "cannot select more than",
    "hit the max",
    "too long",
)
_LONG_QUERY = 1_500
_PROXY = "a proxy or a log-in page may stand before the server"


class TooMuch(ProblemError):
    """The answer would be too large: half of it may do."""


class TooSlow(TooMuch):
    """The answer did not come in time: half of it may."""


class Client:
    """Questions to one PromQL system; a context manager. `sleep` is what it waits with between attempts.

    `waited_in_vain`: whether an answer has failed to come in time.
    """

    def __init__(self, source: Prometheus, *, sleep: Callable[[float], None] = time.sleep) -> None:
        self._base, name = _address(source.url)
        self.source = replace(source, username=source.username or name)
        self._sleep = sleep
        self.where = Where(path=str(self._base).rstrip("/"))
        self._http: httpx.Client | None = None
        self.waited_in_vain = False

    def __enter__(self) -> Client:
        headers = {
            "Accept": "application/json",
            # Compressing costs both sides more CPU than the network costs time.
            "Accept-Encoding": "identity",
            "User-Agent": f"allowance/{__version__}",
            **_authorization(self.source),
        }
        patience = self.source.timeout_seconds
        timeout = httpx.Timeout(patience, connect=min(patience, LONGEST_CONNECT))
        try:
            self._http = httpx.Client(
                headers=headers,
                verify=_tls(self.source) if self._base.scheme == "https" else False,
                timeout=timeout,
                limits=httpx.Limits(keepalive_expiry=IDLE),
                follow_redirects=False,
            )
        except ValueError as error:
            raise self._problem(
                "prom-url", f"the proxy cannot be used: {error}", "check HTTP_PROXY"
            ) from None
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; nothing can be asked any more."""
        if self._http is not None:
            self._http.close()

    def get(self, path: str, parameters: Mapping[str, str | Sequence[str]]) -> bytes:
        """The body of a successful answer of `/api/v1/<path>`.

        Tries again, a few times and ever later, after 429, 502, 503, 504 and lost connections. Errors: `Problem`
        `prom-reach`, `prom-auth`, `prom-query`, `prom-status`; `TooMuch` where asking for less may help.
        """
        pause = FIRST_PAUSE
        for left in reversed(range(ATTEMPTS)):
            try:
                status, headers, body = self._once(path, parameters)
            except httpx.TransportError as error:
                self.waited_in_vain |= isinstance(error, httpx.ReadTimeout)
                # Waiting for an answer has cost its patience already; a wrong certificate stays wrong.
                if not left or isinstance(error, httpx.ReadTimeout) or _is_tls(error):
                    raise self._unreached(error) from None
                self._sleep(pause)
            except httpx.DecodingError:
                raise self._problem("prom-answer", "the answer cannot be decompressed", _PROXY) from None
            else:
                if status not in _PASSING or not left or _gave_up(status, read_error(body)):
                    return self._checked(status, headers, body)
                self._sleep(_asked_pause(headers, pause))
            pause = min(pause * 2 * random.uniform(0.8, 1.2), LONGEST_PAUSE)
        raise AssertionError("the last attempt returns or raises")

    def _once(
        self, path: str, parameters: Mapping[str, str | Sequence[str]]
    ) -> tuple[int, httpx.Headers, bytes]:
        if self._http is None:
            raise RuntimeError("a Client is used inside `with`")
        url = self._base.copy_with(path=f"{self._base.path.rstrip('/')}/api/v1/{path}")
        long = len(str(parameters.get("query", ""))) > _LONG_QUERY
        request = (
            self._http.build_request("POST", url, data=parameters)
            if long
            else self._http.build_request("GET", url, params=parameters)
        )
        deadline = time.monotonic() + 2 * self.source.timeout_seconds
        response = self._http.send(request, stream=True)
        try:
            body = bytearray()
            for piece in response.iter_bytes():
                body += piece
                if len(body) > LARGEST_BODY:
                    raise self._too_much(f"an answer is larger than {LARGEST_BODY // 2**20} MB")
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout("the answer drips in too slowly", request=request)
            return response.status_code, response.headers, bytes(body)
        finally:
            response.close()

    def _checked(self, status: int, headers: httpx.Headers, body: bytes) -> bytes:
        if status == 200:
            return body
        said = read_error(body)
        if status in (401, 403):
            raise self._problem(
                "prom-auth",
                f"the server refuses who is asking (HTTP {status})",
                "check bearer_env, or username and password_env, and what they may read",
            )
        if _gave_up(status, said):
            raise self._too_much(f"the server gives up on a query: {said}")
        if status in (400, 422) and said:
            raise self._problem("prom-query", f"the server refuses the query: {said}", "check the query")
        if 300 <= status < 400:
            raise self._problem(
                "prom-status",
                f"the server sends us elsewhere (HTTP {status}, to {_plain(headers.get('location', ''))})",
                f"write the address of the PromQL system itself; {_PROXY}",
            )
        hints = {404: "check the path in the address; Mimir and Thanos often live under /prometheus"}
        raise self._problem(
            "prom-status",
            f"the server answers HTTP {status}" + (f": {said}" if said else ""),
            hints.get(status, "look at the server's own log, or at the proxy before it"),
        )

    def _unreached(self, error: httpx.TransportError) -> ProblemError:
        if isinstance(error, httpx.ReadTimeout):
            return TooSlow(*self._too_much(f"no answer within {self.source.timeout_seconds} s").problems)
        what = (
            "did not accept a connection in time"
            if isinstance(error, httpx.TimeoutException)
            else "cannot be reached"
        )
        reason = " ".join(str(error).split())[:200]
        hint = (
            "check ca_file, cert_file and key_file"
            if _is_tls(error)
            else "check the address, and whether the server is up"
        )
        return self._problem("prom-reach", f"the server {what}" + (f": {reason}" if reason else ""), hint)

    def _too_much(self, message: str) -> TooMuch:
        hint = "choose a shorter span, a larger step, or a query with fewer series"
        return TooMuch(Problem(code="prom-size", message=message, hint=hint, where=self.where))

    def _problem(self, code: str, message: str, hint: str) -> ProblemError:
        return refuse(code, message, hint=hint, where=self.where)


def _address(url: str) -> tuple[httpx.URL, str | None]:
    """The address, and the name of a user before its `@`. Errors: `Problem` `prom-url`, without the secret in it."""
    try:
        address = httpx.URL(url.strip())
    except (httpx.InvalidURL, ValueError):
        address = httpx.URL("")
    if address.scheme not in ("http", "https") or not address.host or (address.port or 1) > 65_535:
        raise refuse(
            "prom-url", "the url is not an address", hint="write it as https://prometheus.example.com"
        )
    if address.password:
        raise refuse(
            "prom-url",
            f"the url of {address.host} holds a password",
            hint="take it out, and name in password_env the variable that holds it",
        )
    return address.copy_with(query=None, fragment=None, userinfo=b""), address.username or None


def _plain(url: str) -> str:
    return url.split("?")[0].split("#")[0].rsplit("@", 1)[-1][:200]


def _authorization(source: Prometheus) -> dict[str, str]:
    if source.bearer_env and (source.username or source.password_env):
        raise refuse("prom-auth", "both a bearer token and a password are named", hint="name one of them")
    if source.bearer_env:
        return {"Authorization": f"Bearer {_secret(source.bearer_env)}"}
    if source.password_env and not source.username:
        raise refuse("prom-auth", "a password is named without a username", hint="add username")
    if source.username:
        password = _secret(source.password_env) if source.password_env else ""
        request = httpx.Request("GET", "http://localhost")
        authorized = next(httpx.BasicAuth(source.username, password).auth_flow(request))
        return {"Authorization": authorized.headers["Authorization"]}
    return {}


def _secret(name: str) -> str:
    secret = os.environ.get(name, "").strip()
    if not secret:
        raise refuse("prom-auth", f"the environment variable {name} is not set", hint=f"export {name}=...")
    if not secret.isascii() or not secret.isprintable():
        raise refuse(
            "prom-auth",
            f"the environment variable {name} holds what no header can carry",
            hint="look for line breaks",
        )
    return secret


def _tls(source: Prometheus) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=source.ca_file)
        if source.cert_file:
            # Without a password, OpenSSL would ask for one on the terminal.
            context.load_cert_chain(source.cert_file, source.key_file, password=b"")
    except (OSError, ssl.SSLError) as error:
        reason = getattr(error, "strerror", None) or getattr(error, "reason", None) or "not PEM"
        raise refuse(
            "prom-tls",
            f"a certificate or key cannot be read: {reason}",
            hint="check ca_file, cert_file and key_file; they are PEM files",
        ) from None
    return context


def _is_tls(error: Exception) -> bool:
    return "CERTIFICATE" in str(error).upper() or "SSL" in str(error).upper()


def _gave_up(status: int, said: str) -> bool:
    return status in (400, 422, 503) and any(word in said.lower() for word in _TOO_MUCH)


def _asked_pause(headers: httpx.Headers, pause: float) -> float:
    asked = headers.get("retry-after", "")
    return min(float(asked), LONGEST_PAUSE) if asked.isdigit() else pause
