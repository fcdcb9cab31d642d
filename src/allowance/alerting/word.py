"""What channels are told besides an alert's life: somebody has taken it, something was deployed."""

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
    """That a service was deployed; routed as a page of that service would be."""
    facts = {
        "service": deploy.service,
        "version": deploy.version,
        "commit": deploy.commit,
        "environment": deploy.environment,
    }
    return Notice(
        key=f"change/{deploy.source}/{deploy.id}",
        says="changed",
        signature=f"{deploy.service}/changes",
        severity="page",
        service=deploy.service,
        opened=deploy.at,
        since=deploy.at,
        at=deploy.at,
        labels={"service": deploy.service, "severity": "page"},
        message=Message(
            title=f"{deploy.name} {DEPLOYED[deploy.state]} in {deploy.environment}",
            lines=(),
            facts={key: value for key, value in facts.items() if value},
            link=f"{link}/services/{deploy.service}" if link else "",
        ),
    )
