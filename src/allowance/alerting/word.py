"""What channels are told besides an alert's life: somebody has taken it, something has changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from allowance.alerting.alert import Message, Notice
from allowance.changes.deploys import Deploy
from allowance.core.time import Instant

DEPLOYED: Mapping[str, str] = {
    "ok": "was deployed",
    "failed": "failed to deploy",
    "rolled-back": "was rolled back",
}


def is_firsthand(notice: Notice) -> bool:
    """Whether it was told because of what the alert did, not because nobody acknowledged."""
    return notice.key.rpartition("/")[0] == f"{notice.signature}/{notice.opened}/{notice.says}"


def taken(notice: Notice, *, by: str, note: str, at: Instant) -> Notice:
    """That somebody has taken the alert that `notice` told of; the same alert has the same key, so it is told once."""
    who = by or "somebody"
    lines = (note,) if note else ()
    message = replace(
        notice.message, title=f"taken by {who}: {notice.message.title}", lines=lines, first_step=""
    )
    return replace(
        notice,
        key=f"{notice.signature}/{notice.opened}/taken",
        says="taken",
        at=at,
        labels={**notice.labels, "taken_by": who},
        message=message,
    )


def changed(deploy: Deploy, *, link: str) -> Notice:
    """That a service was deployed. That it failed to is another word than that it came up at last."""
    facts = {
        "service": deploy.service,
        "version": deploy.version,
        "commit": deploy.commit,
        "environment": deploy.environment,
    }
    failed = "/failed" if deploy.state == "failed" else ""
    return change(
        f"{deploy.source}/{deploy.id}{failed}",
        deploy.service,
        f"{deploy.name} {DEPLOYED[deploy.state]} in {deploy.environment}",
        {key: value for key, value in facts.items() if value},
        link=f"{link}/services/{deploy.service}" if link else "",
        at=deploy.at,
    )


def change(
    what: str, service: str, title: str, facts: Mapping[str, str], *, link: str, at: Instant
) -> Notice:
    """That something of a service has changed; `what` is its identity. Routed as a page of that service would be."""
    return Notice(
        key=f"change/{what}",
        says="changed",
        signature=f"{service}/changes",
        severity="page",
        service=service,
        opened=at,
        since=at,
        at=at,
        labels={"service": service, "severity": "page"},
        message=Message(title=title, lines=(), facts=facts, link=link),
    )
