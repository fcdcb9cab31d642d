"""A GitHub that signs its webhooks, hands out installation tokens for a real JWT, and remembers what it was told."""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from tests.fakes.receiver import Receiver, Reply, Request, receiving

SECRET = "a webhook's secret"
INSTALLATION = 77
TOKEN = "ghs_installation"


@dataclass(slots=True)
class Github:
    """The fake: `down` answers the callback with 503, `gone` with 404; `told` is what came to callbacks."""

    key: RSAKey
    url: str = ""
    down: bool = False
    gone: bool = False
    minted: int = 0
    told: list[dict[str, Any]] = field(default_factory=list)

    @property
    def pem(self) -> str:
        """The private key of the app."""
        return self.key.as_pem(private=True).decode()

    def states(self) -> list[str | None]:
        """What it was told, in order: approved, rejected, or nothing for a note."""
        return [one.get("state") for one in self.told]

    def answer(self, request: Request) -> Reply:
        """One request, as GitHub answers it."""
        shown = request.headers.get("authorization", "").removeprefix("Bearer ")
        if request.path == f"/app/installations/{INSTALLATION}/access_tokens":
            claims = jwt.decode(shown, self.key, algorithms=["RS256"]).claims
            if claims["iss"] != "4711" or claims["exp"] - claims["iat"] > 660:
                return Reply(status=401)
            self.minted += 1
            body = {"token": TOKEN, "expires_at": "2099-01-01T00:00:00Z"}
            return Reply(status=201, body=json.dumps(body))
        if not request.path.endswith("/deployment_protection_rule"):
            return Reply(status=404)
        if shown != TOKEN:
            return Reply(status=401)
        if self.down or self.gone:
            return Reply(status=503 if self.down else 404)
        self.told.append(request.json)
        return Reply(status=204)


@contextlib.contextmanager
def github() -> Iterator[Github]:
    """A fake that lives as long as the block."""
    found = Github(key=RSAKey.generate_key(2048))
    receiver: Receiver
    with receiving(found.answer) as receiver:
        found.url = receiver.url
        yield found


def headers(kind: str, body: bytes, delivery: str) -> dict[str, str]:
    """The headers of a webhook."""
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json",
        "X-GitHub-Event": kind,
        "X-GitHub-Delivery": delivery,
        "X-Hub-Signature-256": f"sha256={digest}",
    }


def protection(url: str, *, run: int = 30433642, **deployment: Any) -> dict[str, Any]:
    """A `deployment_protection_rule` event."""
    return {
        "action": "requested",
        "environment": "production",
        "event": "push",
        "deployment_callback_url": f"{url}/repos/octo/shop/actions/runs/{run}/deployment_protection_rule",
        "deployment": {
            "id": 9,
            "sha": "3f9ad1",
            "ref": "v4.14.0",
            "task": "deploy",
            "payload": {},
            **deployment,
        },
        "pull_requests": [{"number": 12}],
        "repository": {"full_name": "octo/shop"},
        "installation": {"id": INSTALLATION},
        "sender": {"login": "mona"},
    }


def status(state: str, *, number: int = 9, at: str = "2026-09-21T01:00:00Z") -> dict[str, Any]:
    """A `deployment_status` event."""
    return {
        "action": "created",
        "deployment_status": {"state": state, "environment": "production", "created_at": at},
        "deployment": {"id": number, "sha": "3f9ad1", "ref": "v4.14.0", "environment": "production"},
        "repository": {"full_name": "octo/shop"},
    }
