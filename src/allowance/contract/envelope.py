"""The envelope that our documents share with OpenSLO and Kubernetes: apiVersion, kind, metadata, spec."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from allowance.contract.amounts import parse_name
from allowance.contract.fields import Fields
from allowance.contract.nodes import ListNode, MapNode, ScalarNode
from allowance.contract.notes import Notes
from allowance.core.problem import Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A document that is open for reading: its names, and the fields of its spec."""

    kind: str
    name: str
    where: Where
    name_where: Where
    display_name: str | None = None
    labels: dict[str, str] = field(default_factory=dict)
    annotations: dict[str, str] = field(default_factory=dict)
    spec: Fields
    metadata: Fields


def open_envelope(
    node: MapNode,
    kind: str,
    notes: Notes,
    *,
    strict: bool,
    path: str = "",
    naming: Callable[[str], str] = parse_name,
) -> Envelope | None:
    """The envelope of a document whose kind is known; `None` where name or spec is missing (reported)."""
    top = Fields(node, path, notes, strict=strict)
    top.has("apiVersion")
    top.has("kind")
    metadata = top.fields("metadata") if top.need("metadata") else None
    spec = top.fields("spec") if top.need("spec") else None
    top.has("status")
    if metadata is None or spec is None:
        return None
    metadata.need("name")
    name = metadata.parsed("name", naming)
    envelope = Envelope(
        kind=kind,
        name=name or "",
        where=top.where(),
        name_where=metadata.where("name"),
        display_name=metadata.text("displayName"),
        labels=text_map(metadata, "labels"),
        annotations={} if strict else text_map(metadata, "annotations"),
        spec=spec,
        metadata=metadata,
    )
    if not strict:
        metadata.has("namespace")
    metadata.finish()
    top.finish()
    return envelope if name else None


def text_map(holder: Fields, key: str) -> dict[str, str]:
    """A map of labels: values are taken as they were written, a list of values is joined with commas."""
    inside = holder.fields(key)
    if inside is None:
        return {}
    found: dict[str, str] = {}
    for name, node in inside.node.items.items():
        if isinstance(node, ScalarNode):
            found[name] = node.text
        elif isinstance(node, ListNode) and all(isinstance(item, ScalarNode) for item in node.items):
            found[name] = ", ".join(item.text for item in node.items if isinstance(item, ScalarNode))
        else:
            inside.wrong(name, f"{name} must be text", code="shape")
    return found
