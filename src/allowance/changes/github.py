"""What GitHub's webhooks say of deployments, in our words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from allowance.changes.deploys import Deploy, DeployState, inside
from allowance.contract.budget_policy import CHANGE_CLASSES, ChangeClass
from allowance.core.time import Instant

STATES: Mapping[str, DeployState] = {"success": "ok", "failure": "failed", "error": "failed"}
"""States of a deployment that end it; the others (queued, in_progress, inactive, ...) are no deploys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requested:
    """A deployment that GitHub holds until the gate answers; `callback` is where the answer goes.

    `change_id` is what exceptions are bound to: the payload's own, else the pull request as `owner/name#12`.
    """

    repository: str
    service: str
    environment: str
    change: ChangeClass
    change_id: str
    version: str
    commit: str
    actor: str
    callback: str
    installation: int


def deploy_of(payload: Any, services: Mapping[str, str], *, at: Instant) -> Deploy | None:
    """The deploy that a `deployment_status` event ends; nothing where it ends none, or belongs to no service.

    `services` maps repositories (`owner/name`) to services. One deployment id is one deploy.
    """
    repository = inside(payload, "repository", "full_name")
    state = STATES.get(inside(payload, "deployment_status", "state"))
    service = _service(payload, repository, services)
    number = _number(payload, "deployment", "id")
    if state is None or not service or not number or inside(payload, "action") not in ("", "created"):
        return None
    environment = inside(payload, "deployment_status", "environment")
    return Deploy(
        id=str(number),
        service=service,
        version=inside(payload, "deployment", "ref"),
        commit=inside(payload, "deployment", "sha"),
        environment=environment or inside(payload, "deployment", "environment") or "production",
        at=at,
        state=state,
        source=f"github:{repository}",
    )


def request_of(payload: Any, services: Mapping[str, str], usual: ChangeClass) -> Requested | None:
    """The ask in a `deployment_protection_rule` event; nothing where it belongs to no service.

    The deployment's own payload may name `service`, `change` and `change_id`; `usual` is the class otherwise.
    """
    repository = inside(payload, "repository", "full_name")
    service = _service(payload, repository, services)
    if not service:
        return None
    named = inside(payload, "deployment", "payload", "change")
    pulls = payload.get("pull_requests")
    pull = _number(pulls[0], "number") if isinstance(pulls, list) and pulls else 0
    own = inside(payload, "deployment", "payload", "change_id")
    return Requested(
        repository=repository,
        service=service,
        environment=inside(payload, "environment") or "production",
        change=next((one for one in CHANGE_CLASSES if one == named), usual),
        change_id=own or (f"{repository}#{pull}" if pull else ""),
        version=inside(payload, "deployment", "ref"),
        commit=inside(payload, "deployment", "sha"),
        actor=f"github:{inside(payload, 'sender', 'login') or 'unknown'}",
        callback=inside(payload, "deployment_callback_url"),
        installation=_number(payload, "installation", "id"),
    )


def _service(payload: Any, repository: str, services: Mapping[str, str]) -> str:
    """The repository must be known: a payload alone may not speak for any service."""
    named = inside(payload, "deployment", "payload", "service")
    own = services.get(repository, "")
    return named if own and named in services.values() else own


def _number(data: Any, *names: str) -> int:
    for name in names:
        data = data.get(name) if isinstance(data, Mapping) else None
    return data if isinstance(data, int) and not isinstance(data, bool) else 0
