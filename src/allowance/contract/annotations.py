"""Annotations with which an OpenSLO document carries what OpenSLO has no words for.

`allowance/slo` and `allowance/service` hold JSON with the keys of our own Service document. What they say stands
above what the OpenSLO fields say; remove the annotation to let the OpenSLO fields speak.
"""

from __future__ import annotations

from dataclasses import replace

from allowance.contract.envelope import Envelope
from allowance.contract.fields import Fields
from allowance.contract.nodes import ListNode, MapNode, Node, load_documents
from allowance.core.problem import ProblemError, Where

SLO = "allowance/slo"
SERVICE = "allowance/service"


def annotated(envelope: Envelope, key: str) -> Fields | None:
    """The map that an annotation holds; `None` where it is absent or cannot be read (reported)."""
    if key not in envelope.annotations:
        return None
    inside = envelope.metadata.fields("annotations")
    where = inside.where(key) if inside is not None else envelope.metadata.where("annotations")
    notes = envelope.metadata.notes
    try:
        documents = load_documents(envelope.annotations[key].encode(), file=where.file or "")
    except (ProblemError, UnicodeEncodeError):
        documents = ()
    if len(documents) != 1 or not isinstance(documents[0], MapNode):
        notes.error("annotation", f"{key} does not hold a map", where=where, hint="write JSON, or remove it")
        return None
    placed = _placed(documents[0], where)
    return Fields(placed, f"{where.path}", notes, strict=True) if isinstance(placed, MapNode) else None


def _placed(node: Node, where: Where) -> Node:
    """The node with the place of its annotation: the lines inside the text are not lines of the file."""
    if isinstance(node, MapNode):
        items = {key: _placed(item, where) for key, item in node.items.items()}
        return replace(node, where=where, items=items, keys=dict.fromkeys(node.keys, where))
    if isinstance(node, ListNode):
        return replace(node, where=where, items=tuple(_placed(item, where) for item in node.items))
    return replace(node, where=where)
