"""JSON lines: one object per line; the keys of nested objects are joined by dots."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from allowance.signals.dialects import text_literal
from allowance.signals.log_formats import Row

DEEPEST, MOST_FIELDS = 8, 1000
"""Objects deeper than this and keys beyond so many are not looked at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLines:
    """Which keys the objects have: dotted name -> where it may be (JSON pointers)."""

    pointers: Mapping[str, tuple[str, ...]]
    name: str = "json-lines"

    @property
    def fields(self) -> tuple[str, ...]:
        """The dotted names."""
        return tuple(self.pointers)

    def row(self, line: str) -> Row | None:
        """The leaves of a line as text; None where it is no object."""
        leaves = leaves_of(line)
        if leaves is None:
            return None
        return {
            name: next((leaves[p] for p in places if leaves.get(p) not in (None, "-")), None)
            for name, places in self.pointers.items()
        }

    def reason(self, line: str) -> str | None:
        """Why a line is no JSON object, or None if it is one."""
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            return f"not JSON: {getattr(error, 'msg', 'nested too deeply')} at character {getattr(error, 'colno', 1)}"
        return None if isinstance(value, dict) else "JSON, but not an object"

    def stages(self, fields: Sequence[str]) -> list[tuple[str, str]]:
        """What to compute once per `line`: the texts at the pointers of these fields."""
        places = ", ".join(text_literal(place, "duckdb") for place in self._places(fields))
        return [("j", f"CASE WHEN json_valid(line) THEN json_extract_string(line, [{places}]) END")]

    def raw(self, name: str, fields: Sequence[str], *, bare: bool = False) -> str:
        """The SQL of a field's text, from the stages of these fields; `-` (unless `bare`) and null are NULL."""
        order = self._places(fields)
        texts = [f"j[{order.index(place) + 1}]" for place in self.pointers[name]]
        if not bare or len(texts) > 1:
            texts = [f"NULLIF({text}, '-')" for text in texts]
        return texts[0] if len(texts) == 1 else f"COALESCE({', '.join(texts)})"

    def _places(self, fields: Sequence[str]) -> list[str]:
        return [place for name in self.pointers if name in fields for place in self.pointers[name]]


def json_lines(lines: Sequence[str]) -> JsonLines:
    """The shape of JSON lines, from a sample."""
    pointers: dict[str, tuple[str, ...]] = {}
    for line in lines:
        for pointer in leaves_of(line) or {}:
            name = ".".join(part.replace("~1", "/").replace("~0", "~") for part in pointer[1:].split("/"))
            places = pointers.get(name, ())
            if pointer not in places and len(pointers) < MOST_FIELDS:
                pointers[name] = (*places, pointer)
    return JsonLines(pointers=pointers)


def leaves_of(line: str) -> dict[str, str | None] | None:
    """JSON pointer -> text of every leaf of an object; None where the line is no JSON object."""
    try:
        value = json.loads(line, parse_float=str, parse_int=str)
    except (ValueError, RecursionError):
        return None
    return dict(_leaves(value, "", 0)) if isinstance(value, dict) else None


def _leaves(value: dict[str, Any], prefix: str, depth: int) -> Iterator[tuple[str, str | None]]:
    for key, inner in value.items():
        if not key or "\0" in key:
            continue
        pointer = f"{prefix}/{key.replace('~', '~0').replace('/', '~1')}"
        if isinstance(inner, dict):
            if depth < DEEPEST:
                yield from _leaves(inner, pointer, depth + 1)
        elif inner is None or isinstance(inner, str):
            yield pointer, inner
        elif isinstance(inner, bool):
            yield pointer, "true" if inner else "false"
        else:
            yield pointer, json.dumps(inner)
