"""Deploys: which version of a service came where and when, from whatever told us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from allowance.core.time import Instant

DeployState = Literal["ok", "failed", "rolled-back"]

CDEVENTS: Mapping[str, DeployState] = {
    "dev.cdevents.service.deployed.": "ok",
    "dev.cdevents.service.upgraded.": "ok",
    "dev.cdevents.service.rolledback.": "rolled-back",
}
"""Kinds of CDEvents that are deploys; the version at the end is not looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deploy:
    """One deploy of a service. (`source`, `id`) is its identity: the first word about it is kept.

    `state`: it came up (`ok`), it did not (`failed`), or it put an older version back (`rolled-back`).
    """

    id: str
    service: str
    version: str
    commit: str
    environment: str
    at: Instant
    state: DeployState
    source: str

    @property
    def name(self) -> str:
        """`checkout 2.14.0`."""
        return f"{self.service} {self.version}".strip()


def from_cdevent(
    type_: str, source: str, event_id: str, data: Any, *, subject: str, at: Instant
) -> Deploy | None:
    """The deploy that a CDEvent speaks of; nothing where it speaks of something else.

    The version is the artifact's (`pkg:oci/checkout@1.2.3`); a commit stands in `customData.commit`.
    """
    state = next((state for prefix, state in CDEVENTS.items() if type_.startswith(prefix)), None)
    if state is None:
        return None
    service = inside(data, "subject", "id") or subject
    if not service:
        return None
    artifact = inside(data, "subject", "content", "artifactId")
    return Deploy(
        id=event_id,
        service=service,
        version=version_of(artifact),
        commit=inside(data, "customData", "commit"),
        environment=inside(data, "subject", "content", "environment", "id") or "production",
        at=at,
        state=state,
        source=source,
    )


def version_of(purl: str) -> str:
    """What stands behind the `@` of a package URL, without its qualifiers; the whole text where there is no `@`."""
    _, at, version = purl.partition("@")
    return (
        (version if at else purl).partition("?")[0].partition("#")[0].replace("%3A", ":").replace("%3a", ":")
    )


def inside(data: Any, *names: str) -> str:
    """A text inside nested JSON objects; `""` where there is none."""
    for name in names:
        data = data.get(name) if isinstance(data, Mapping) else None
    return data if isinstance(data, str) else ""
