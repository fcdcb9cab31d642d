"""Answers to GitHub: approve or reject a deployment that waits, or leave a note on it."""

from __future__ import annotations

import logging
import threading
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import RSAKey

from allowance import __version__
from allowance.app.protection import Answered, Pending, State
from allowance.core.time import Instant, parse_instant
from allowance.edges.github_file import GithubSettings

TIMEOUT = 10.0
MOST_COMMENT = 1024
REPAIRABLE = frozenset({401, 403, 408, 425, 429})
"""Statuses below 500 that may change by themselves, or by a repaired setting."""


class GithubAnswers:
    """Sends answers, with the token of the app's installation (kept until shortly before it ends) or a fixed one."""

    def __init__(self, settings: GithubSettings, http: httpx.Client | None = None) -> None:
        # At level INFO httpx writes every address into the log.
        logging.getLogger("httpx").setLevel(logging.WARNING)
        self._settings = settings
        self._http = http or httpx.Client(timeout=TIMEOUT, follow_redirects=False)
        self._lock = threading.Lock()
        self._tokens: dict[int, tuple[str, Instant]] = {}

    def answer(self, pending: Pending, state: State | None, comment: str, *, now: Instant) -> Answered:
        """Approve, reject, or (without a state) leave a status note, in Markdown of at most 1 024 characters."""
        body = {"environment_name": pending.ask.environment, "comment": comment[:MOST_COMMENT]}
        if state is not None:
            body["state"] = state
        try:
            token = self._token(pending.installation, now)
            answer = self._http.post(pending.callback, json=body, headers=_headers(f"Bearer {token}"))
        except (httpx.HTTPError, httpx.InvalidURL, JoseError, ValueError, KeyError) as error:
            # The text of such an error may hold what must not be repeated.
            return Answered(said="later", why=f"GitHub cannot be asked: {type(error).__name__}")
        if 200 <= answer.status_code < 300:
            return Answered(said="done")
        if answer.status_code in REPAIRABLE:
            self._forget(pending.installation)
        if answer.status_code >= 500 or answer.status_code in REPAIRABLE:
            return Answered(said="later", why=f"GitHub answered {answer.status_code}")
        return Answered(said="gone", why=f"GitHub answered {answer.status_code}")

    def _token(self, installation: int, now: Instant) -> str:
        if not self._settings.app:
            return self._settings.token.reveal() if self._settings.token is not None else ""
        with self._lock:
            known = self._tokens.get(installation)
            if known is not None and known[1] > now + 60:
                return known[0]
        claims = {"iat": now - 60, "exp": now + 540, "iss": self._settings.app}
        signed = jwt.encode({"alg": "RS256"}, claims, RSAKey.import_key(self._settings.key))
        answer = self._http.post(
            f"{self._settings.api}/app/installations/{installation}/access_tokens",
            headers=_headers(f"Bearer {signed}"),
        )
        answer.raise_for_status()
        told: dict[str, Any] = answer.json()
        with self._lock:
            self._tokens[installation] = (told["token"], parse_instant(told["expires_at"]))
        return str(told["token"])

    def _forget(self, installation: int) -> None:
        with self._lock:
            self._tokens.pop(installation, None)


def _headers(authorization: str) -> dict[str, str]:
    return {
        "Authorization": authorization,
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
        "User-Agent": f"allowance/{__version__}",
    }
