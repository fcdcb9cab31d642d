"""Documents as nodes that know their place: YAML 1.2 and JSON, with limits that no hostile file can pass.

What the rules are, where YAML leaves a choice or where common readers differ:

- Plain scalars follow the core schema of YAML 1.2: `no`, `on`, `1_000` and `2022-01-01 12:00:00` are text, `012`,
  `0o14` and `0xC` are twelve. Numbers with a point or an exponent are exact decimals. `.inf` and `.nan` are text.
- Keys are text: `1: a` has the key `1`. A key that is missing, a list or a map, or given twice, is refused.
- The plain key `<<` merges a map or a list of maps; keys written beside it win, earlier maps win over later ones.
- An alias is the node that it stands for, with the place where that was written; it may not be used without end.
- The tags of the core schema are honoured (`!!str 12`); every other tag is refused.
- UTF-8, or UTF-16 and UTF-32 with a byte order mark. Control characters are refused.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import yaml

from allowance.contract.scalars import Scalar, honour, resolve
from allowance.contract.tree import ListNode, MapNode, Node, ScalarNode, at, plain
from allowance.contract.yaml_events import decode, events
from allowance.core.problem import Where, refuse

__all__ = ["ListNode", "MapNode", "Node", "ScalarNode", "at", "load_documents", "plain"]

MOST_NODES = 250_000
"""How many nodes a file may hold, an alias counted as all that it stands for."""
MOST_DEPTH = 64
MOST_TEXT = 256 * 1024
"""The longest scalar, in characters."""


def load_documents(data: bytes, *, file: str) -> tuple[Node, ...]:
    """Every document of a YAML or JSON file, in order. `file` is the name that places carry.

    An empty file holds no document; an empty document between `---` lines is a scalar with the value `None`.
    Errors: `ProblemError` with one `Problem` and its place: `yaml` (syntax), `yaml-encoding`, `yaml-limit`,
    `yaml-key`, `yaml-duplicate`, `yaml-merge`, `yaml-alias`, `yaml-tag`, `yaml-number`.
    """
    builder = _Builder(file)
    for event in events(decode(data, file), file):
        builder.take(event)
    return tuple(builder.documents)


@dataclass(frozen=True, slots=True)
class _Sized:
    """A finished node, how many nodes it is when every alias is written out, and how deep."""

    node: Node
    size: int
    height: int


@dataclass(slots=True)
class _Open:
    """A list or map whose end has not been seen."""

    where: Where
    anchor: str | None
    is_map: bool
    items: list[Node] = field(default_factory=list)
    entries: dict[str, Node] = field(default_factory=dict)
    keys: dict[str, Where] = field(default_factory=dict)
    key: ScalarNode | None = None
    merge: tuple[Where, Node] | None = None
    size: int = 1
    height: int = 1


class _Builder:
    """Nodes from events, without recursion: the stack is as deep as the limit allows, whatever the file says."""

    def __init__(self, file: str) -> None:
        self.documents: list[Node] = []
        self._file = file
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Sized | None] = {}
        self._count = 0

    def take(self, event: yaml.Event) -> None:
        if isinstance(event, yaml.ScalarEvent):
            self._scalar(event)
        elif isinstance(event, yaml.MappingStartEvent | yaml.SequenceStartEvent):
            self._begin(event)
        elif isinstance(event, yaml.MappingEndEvent | yaml.SequenceEndEvent):
            self._end()
        elif isinstance(event, yaml.AliasEvent):
            self._alias(event)
        elif isinstance(event, yaml.DocumentStartEvent):
            self._anchors = {}

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        where = self._where(event)
        text: str = event.value
        quoted = bool(event.style)
        self._spend(1, where)
        if len(text) > MOST_TEXT:
            raise refuse(
                "yaml-limit",
                f"this text has {len(text)} characters, more than {MOST_TEXT}",
                hint="shorten it",
                where=where,
            )
        value: Scalar = text
        if event.tag is not None and event.tag != "!":
            value = honour(_core_tag(event.tag, {"str", "int", "float", "bool", "null"}, where), text, where)
        elif event.tag is None and not quoted:
            value = resolve(text, where)
        node = ScalarNode(where=where, value=value, text=text, quoted=quoted)
        self._finish(_Sized(node, 1, 0), event.anchor)

    def _begin(self, event: yaml.MappingStartEvent | yaml.SequenceStartEvent) -> None:
        where = self._where(event)
        is_map = isinstance(event, yaml.MappingStartEvent)
        if event.tag is not None and event.tag != "!":
            _core_tag(event.tag, {"map"} if is_map else {"seq"}, where)
        if self._wants_key():
            raise _not_a_key("a map" if is_map else "a list", where)
        self._spend(1, where)
        self._check_depth(1, where)
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        self._stack.append(_Open(where=where, anchor=event.anchor, is_map=is_map))

    def _end(self) -> None:
        done = self._stack.pop()
        node: Node
        if done.is_map:
            _merge(done)
            node = MapNode(where=done.where, items=done.entries, keys=done.keys)
        else:
            node = ListNode(where=done.where, items=tuple(done.items))
        self._finish(_Sized(node, done.size, done.height), done.anchor)

    def _alias(self, event: yaml.AliasEvent) -> None:
        where = self._where(event)
        name = event.anchor or ""
        if name not in self._anchors:
            raise refuse(
                "yaml-alias",
                f"there is no anchor &{name[:60]} before this alias",
                hint="write the anchor first, or put quotes around text that begins with *",
                where=where,
            )
        target = self._anchors[name]
        if target is None:
            raise refuse(
                "yaml-alias",
                f"*{name[:60]} stands inside itself",
                hint="write the part out",
                where=where,
            )
        if self._wants_key() and not isinstance(target.node, ScalarNode):
            raise _not_a_key("an alias of a list or map", where)
        self._spend(target.size, where)
        self._check_depth(target.height, where)
        self._finish(target, None)

    def _finish(self, done: _Sized, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = done
        if not self._stack:
            self.documents.append(done.node)
            return
        parent = self._stack[-1]
        parent.size += done.size
        parent.height = max(parent.height, done.height + 1)
        if not parent.is_map:
            parent.items.append(done.node)
        elif parent.key is None:
            parent.key = _key(parent, done.node)
        else:
            _put(parent, parent.key, done.node)
            parent.key = None

    def _wants_key(self) -> bool:
        return bool(self._stack) and self._stack[-1].is_map and self._stack[-1].key is None

    def _spend(self, nodes: int, where: Where) -> None:
        self._count += nodes
        if self._count > MOST_NODES:
            raise refuse(
                "yaml-limit",
                f"the file holds more than {MOST_NODES} values, aliases written out",
                hint="split it into several files, or use fewer aliases",
                where=where,
            )

    def _check_depth(self, more: int, where: Where) -> None:
        if len(self._stack) + more > MOST_DEPTH:
            raise refuse(
                "yaml-limit",
                f"lists and maps lie more than {MOST_DEPTH} levels deep",
                hint="look for brackets that are never closed",
                where=where,
            )

    def _where(self, event: yaml.Event) -> Where:
        mark = event.start_mark
        if mark is None:
            return Where(file=self._file)
        return Where(file=self._file, line=mark.line + 1, column=mark.column + 1)


_CORE = "tag:yaml.org,2002:"


def _core_tag(tag: str, fitting: set[str], where: Where) -> str:
    name = tag.removeprefix(_CORE)
    if tag.startswith(_CORE) and name in fitting:
        return name
    shown = f"!!{name}" if tag.startswith(_CORE) else tag
    raise refuse(
        "yaml-tag",
        f"the tag {shown[:60]} is not read here",
        hint="remove the tag; write plain YAML",
        where=where,
    )


def _not_a_key(what: str, where: Where) -> Exception:
    return refuse("yaml-key", f"{what} cannot be a key", hint="use text as the key", where=where)


def _key(parent: _Open, node: Node) -> ScalarNode:
    if not isinstance(node, ScalarNode):
        raise _not_a_key("a list or map", node.where)
    if not node.text and not node.quoted:
        raise refuse(
            "yaml-key", "a key is missing here", hint="write the key before the colon", where=node.where
        )
    first = parent.keys.get(node.text)
    if _is_merge(node) and parent.merge:
        first = parent.merge[0]
    if first is not None:
        raise refuse(
            "yaml-duplicate",
            f"the key {node.text[:60]!r} was already given in line {first.line}, column {first.column}",
            hint="keep one of the two",
            where=node.where,
        )
    return node


def _is_merge(key: ScalarNode) -> bool:
    return key.text == "<<" and not key.quoted


def _put(parent: _Open, key: ScalarNode, value: Node) -> None:
    if _is_merge(key):
        parent.merge = (key.where, value)
        return
    parent.entries[key.text] = value
    parent.keys[key.text] = key.where


def _merge(done: _Open) -> None:
    if done.merge is None:
        return
    where, value = done.merge
    for part in value.items if isinstance(value, ListNode) else (value,):
        if not isinstance(part, MapNode):
            raise refuse(
                "yaml-merge",
                "<< merges only maps",
                hint="give it an alias of a map: <<: *defaults",
                where=where,
            )
        for name, item in part.items.items():
            if name not in done.entries:
                done.entries[name] = item
                done.keys[name] = part.keys[name]
