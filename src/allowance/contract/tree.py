"""Nodes: the values of a document, each with the place where it was written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from allowance.contract.scalars import Scalar
from allowance.core.problem import Where


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalarNode:
    """One value. `text` is what was written, without quotes; `quoted` is true for every style but plain."""

    where: Where
    value: Scalar
    text: str
    quoted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ListNode:
    """A list of nodes."""

    where: Where
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MapNode:
    """A map from text to nodes, in the order of the file; `keys` says where each key stands."""

    where: Where
    items: dict[str, Node]
    keys: dict[str, Where]


Node = ScalarNode | ListNode | MapNode


def plain(node: Node) -> object:
    """The node as Python values: dict, list, str, int, `Decimal`, bool, None."""
    if isinstance(node, ScalarNode):
        return node.value
    if isinstance(node, ListNode):
        return [plain(item) for item in node.items]
    return {key: plain(item) for key, item in node.items.items()}


def at(node: Node, path: Sequence[str | int]) -> Where:
    """The place of the value at a path of keys and indices, or of the deepest part of the path that exists.

    The answer's `path` is the whole path that was asked for: `spec.objectives.0.target`.
    """
    for step in path:
        inside = _child(node, step)
        if inside is None:
            break
        node = inside
    way = ".".join(str(step) for step in path)
    return Where(file=node.where.file, line=node.where.line, column=node.where.column, path=way or None)


def _child(node: Node, step: str | int) -> Node | None:
    if isinstance(node, MapNode) and isinstance(step, str):
        return node.items.get(step)
    if isinstance(node, ListNode) and isinstance(step, int) and 0 <= step < len(node.items):
        return node.items[step]
    return None
