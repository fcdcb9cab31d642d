"""One request to a receiver, and what its answer means for the notice."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from ssl import SSLContext

import httpx

from allowance import __version__
from allowance.alerting.delivery import Later, Outcome, Refused, Sent
from allowance.core.time import Instant, to_instant
from allowance.edges import clock
from allowance.edges.channels.secret import Secret

TIMEOUT = httpx.Timeout(10, connect=5)
MOST_ANSWER = 64 * 1024
REPAIRABLE = {401: 300, 403: 300, 407: 300, 408: 0, 425: 0, 429: 0}
"""Statuses under 500 that may change by themselves or by a repaired setting, with how long to wait at least."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a receiver answered: its status and the beginning of its text; status 0 where none came."""

    status: int
    text: str
    reason: str = ""
    wait: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Receiver:
    """A program at the other end: what messages call it, and the secrets that must not be repeated about it."""

    called: str
    secrets: tuple[Secret, ...] = field(default=())

    def ask(
        self,
        method: str,
        url: str,
        *,
        json: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        auth: tuple[str, str] | None = None,
    ) -> Answer:
        """One request. Whatever goes wrong on the way is an answer with status 0."""
        try:
            with (
                _client() as client,
                client.stream(
                    method, url, json=json, content=content, headers=headers, auth=auth
                ) as response,
            ):
                body = b""
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) >= MOST_ANSWER:
                        break
                text = body[:MOST_ANSWER].decode("utf-8", "replace")
                wait = retry_after(response.headers.get("Retry-After", ""), now=clock.now())
                return Answer(status=response.status_code, text=text, wait=wait)
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, OSError) as error:
            # The text of such an error may hold the address, and the address may be the secret.
            return Answer(
                status=0, text="", reason=f"{self.called} cannot be reached: {type(error).__name__}"
            )

    def outcome(self, answer: Answer) -> Outcome:
        """What an answer means: 2xx is told, 5xx and what may be repaired is tried again, the rest is refused."""
        status = answer.status
        if 200 <= status < 300:
            return Sent()
        if status == 0:
            return Later(reason=answer.reason)
        said = self.clean(" ".join(answer.text.split())[:200])
        reason = f"{self.called} answered {status}" + (f": {said}" if said else "")
        if status >= 500 or status in REPAIRABLE:
            return Later(reason=reason, after=max(answer.wait, REPAIRABLE.get(status, 0)))
        return Refused(reason=reason)

    def clean(self, text: str) -> str:
        """A text of the receiver without our secrets, should it repeat them."""
        for secret in self.secrets:
            text = secret.removed_from(text)
        return text


def retry_after(text: str, *, now: Instant) -> int:
    """The header `Retry-After` in seconds: a number, or a date; 0 where it says nothing that can be read."""
    if text.strip().isascii() and text.strip().isdigit():
        return int(text.strip()[:9])
    with contextlib.suppress(ValueError, TypeError, OverflowError):
        until = parsedate_to_datetime(text)
        return max(0, to_instant(until + timedelta(seconds=1)) - now) if until.tzinfo else 0
    return 0


def _client() -> httpx.Client:
    """No redirects, so that no secret follows one; no kept connections, because notices are rare."""
    # At level INFO httpx writes every address into the log, and some addresses are secrets.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    return httpx.Client(
        timeout=TIMEOUT,
        follow_redirects=False,
        verify=_trust(),
        headers={"User-Agent": f"allowance/{__version__}"},
    )


@cache
def _trust() -> SSLContext:
    """Reading the certificates takes longer than most requests."""
    return httpx.create_ssl_context()
