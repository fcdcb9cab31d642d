"""Fields: reading one map of a document, so that every error has its place and no key is overlooked.

Each reader asks a `Fields` for the keys that it knows and calls `finish` at the end: what nobody asked for is
unknown. In strict documents (our own) that is an error, in documents of others a warning. A field that is there
but wrong is reported once and read as absent, so a reader needs no error handling of its own.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar

from allowance.contract.nodes import ListNode, MapNode, Node, ScalarNode
from allowance.contract.notes import Notes
from allowance.contract.origin import Origin
from allowance.core.problem import ProblemError, Where

T = TypeVar("T")


class Fields:
    """One map, read key by key. `path` is the way to it (`spec.slos[0]`), empty at the top."""

    def __init__(self, node: MapNode, path: str, notes: Notes, *, strict: bool) -> None:
        self.node = node
        self.path = path
        self.notes = notes
        self.strict = strict
        self._asked: dict[str, None] = {}

    def has(self, key: str) -> bool:
        """Whether the key is there with a value. It counts as known from now on."""
        return self.get(key) is not None

    def get(self, key: str) -> Node | None:
        """The node under a key; `None` where it is absent or empty."""
        self._asked[key] = None
        node = self.node.items.get(key)
        return None if isinstance(node, ScalarNode) and node.value in (None, "") else node

    def where(self, key: str | None = None) -> Where:
        """The place of the value under a key; the place of the map where there is none."""
        node = self.node.items.get(key, self.node) if key is not None else self.node
        return replace(node.where, path=self.way(key) or None)

    def key_where(self, key: str) -> Where:
        """The place of the key itself."""
        return replace(self.node.keys.get(key, self.node.where), path=self.way(key))

    def way(self, key: str | None) -> str:
        """The path of a key of this map."""
        return ".".join(part for part in (self.path, key) if part)

    def called(self) -> str:
        """What a message calls the map; the whole way stands in the place beside the message."""
        return self.path.rpartition(".")[2] or "the document"

    def origin(self, **names: str) -> Origin:
        """Where this map stands, with the places of its keys; `names` says which field a key became (`by="group_by"`)."""
        places = {names.get(key, key): self.where(key) for key in self._asked if self.has(key)}
        return Origin(where=self.where(), fields=places)

    def text(self, key: str) -> str | None:
        """Text as it is; numbers and truth values are not text."""
        node = self.get(key)
        if node is None:
            return None
        if not isinstance(node, ScalarNode):
            self._wrong(key, "text", node)
            return None
        if not isinstance(node.value, str):
            self.wrong(key, f"{key} must be text, not {_word(node)}", hint=f'write it as "{node.text}"')
            return None
        return node.value

    def raw(self, key: str) -> str | None:
        """A scalar of any type as it was written, for quantities such as `99.9` or `30d`."""
        node = self.get(key)
        if node is None:
            return None
        if isinstance(node, ScalarNode):
            return node.text
        self._wrong(key, "a single value", node)
        return None

    def flag(self, key: str) -> bool | None:
        """True or false."""
        node = self.get(key)
        if node is None:
            return None
        if isinstance(node, ScalarNode) and isinstance(node.value, bool):
            return node.value
        self._wrong(key, "true or false", node)
        return None

    def number(self, key: str) -> Fraction | None:
        """A number; text that looks like one is not."""
        node = self.get(key)
        if node is None:
            return None
        if isinstance(node, ScalarNode) and isinstance(node.value, int | Decimal) and node.value is not True:
            return Fraction(node.value)
        self._wrong(key, "a number", node)
        return None

    def parsed(self, key: str, parse: Callable[[str], T]) -> T | None:
        """A scalar through a parser, whose refusal is reported at the place of the value."""
        text = self.raw(key)
        if text is None:
            return None
        try:
            return parse(text)
        except ProblemError as error:
            self.notes.refused(error, self.where(key))
            return None

    def word(self, key: str, words: Collection[T]) -> T | None:
        """One of a few words (or numbers)."""
        text = self.raw(key)
        if text is None:
            return None
        found = next((word for word in words if str(word) == text), None)
        if found is None:
            self.unknown_word(key, text, [str(word) for word in words])
        return found

    def fields(self, key: str) -> Fields | None:
        """The map under a key."""
        node = self.get(key)
        return None if node is None else self.enter(node, key)

    def enter(self, node: Node, step: str) -> Fields | None:
        """A map inside this one; `step` is its key, with an index where it stands in a list."""
        path = self.way(step)
        if isinstance(node, MapNode):
            return Fields(node, path, self.notes, strict=self.strict)
        self.notes.error(
            "shape",
            f"{path} must be a map of fields, not {_word(node)}",
            where=replace(node.where, path=path),
        )
        return None

    def items(self, key: str) -> tuple[tuple[str, Node], ...]:
        """The nodes of a list with their steps (`slos[0]`); a single value is not a list."""
        node = self.get(key)
        if node is None:
            return ()
        if isinstance(node, ListNode):
            return tuple((f"{key}[{index}]", item) for index, item in enumerate(node.items))
        self._wrong(key, "a list", node)
        return ()

    def each(self, key: str) -> tuple[Fields, ...]:
        """The maps of a list."""
        entered = [self.enter(node, step) for step, node in self.items(key)]
        return tuple(fields for fields in entered if fields is not None)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of texts, or one text that stands for a list of one."""
        node = self.get(key)
        if isinstance(node, ScalarNode):
            one = self.text(key)
            return () if one is None else (one,)
        found: list[str] = []
        for step, item in self.items(key):
            if isinstance(item, ScalarNode) and isinstance(item.value, str):
                found.append(item.value)
            else:
                self.notes.error(
                    "shape",
                    f"{step} must be text, not {_word(item)}",
                    where=replace(item.where, path=self.way(step)),
                )
        return tuple(found)

    def need(self, key: str, *, hint: str = "") -> bool:
        """Report a field that is absent; true where it is there."""
        if self.has(key):
            return True
        self.missing(key, hint=hint)
        return False

    def missing(self, key: str, *, hint: str = "") -> None:
        """Report an absent field. A similar key that is there is named as the likely slip."""
        alike = suggestion(key, [name for name in self.node.items if name not in self._asked])
        if alike:
            hint = f"did you mean this by {alike!r}?"
        self.notes.error(
            "missing",
            f"{key} is missing",
            where=replace(self.where(), path=self.way(key)),
            hint=hint,
        )

    def wrong(self, key: str, message: str, *, hint: str = "", code: str = "value") -> None:
        """Report the value under a key."""
        self.notes.error(code, message, where=self.where(key), hint=hint)

    def unknown_word(self, key: str, text: str, words: Iterable[str], *, code: str = "word") -> None:
        """Report a value that is not one of a few words."""
        known = list(words)
        self.wrong(key, f"{key} cannot be {_cut(text)}", hint=_choose(text, known), code=code)

    def finish(self) -> None:
        """Report the keys that nobody asked for."""
        for key in self.node.items:
            if key not in self._asked:
                self._unknown(key)
            if self.notes.full:
                self.notes.failed = self.notes.failed or self.strict
                break

    def _unknown(self, key: str) -> None:
        free = [name for name in self._asked if name not in self.node.items]
        note = self.notes.error if self.strict else self.notes.warn
        note(
            "unknown-key",
            f"{self.called()} has no field {_cut(key)}" + ("" if self.strict else "; it is not read"),
            where=self.key_where(key),
            hint=_choose(key, free or list(self._asked)),
        )

    def _wrong(self, key: str, wanted: str, node: Node) -> None:
        self.wrong(key, f"{key} must be {wanted}, not {_word(node)}", code="shape")


def suggestion(word: str, known: Iterable[str]) -> str | None:
    """The known word that somebody probably meant."""
    names = list(known)
    same = {_folded(name): name for name in names}
    if _folded(word) in same:
        return same[_folded(word)]
    near = difflib.get_close_matches(
        word[:100].lower(), [name[:100].lower() for name in names], n=1, cutoff=0.6
    )
    return next((name for name in names if near and name[:100].lower() == near[0]), None)


def _folded(word: str) -> str:
    return "".join(letter for letter in word.lower() if letter not in "-_ .")


def _choose(word: str, known: list[str]) -> str:
    meant = suggestion(word, known)
    if meant is not None:
        return f"did you mean {meant}?"
    return f"known here: {', '.join(known)}" if known else ""


def _cut(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _word(node: Node) -> str:
    if isinstance(node, MapNode):
        return "a map"
    if isinstance(node, ListNode):
        return "a list"
    if isinstance(node.value, bool):
        return node.text
    return "nothing" if node.value is None else _cut(node.text)
