"""What an export gives: files by name, what was left out and why, and YAML that other programs read."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from allowance.core.problem import Problem

Plain = Mapping[str, Any]

_PLAIN = re.compile(r"[A-Za-z][\w:./-]*", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportedFile:
    """One document under the name of a file; `document` is made of dicts, lists, text and numbers."""

    name: str
    document: Plain


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """The files of one export, and a warning for all that other programs cannot be told."""

    files: tuple[ExportedFile, ...]
    left_out: tuple[Problem, ...] = ()


class Query(str):
    """PromQL, written as a block of lines without escapes."""

    __slots__ = ()


class _Writer(yaml.SafeDumper):
    def ignore_aliases(self, data: object) -> bool:
        """Write every value in full: some readers know no anchors."""
        return True


def _text(writer: _Writer, text: str) -> yaml.ScalarNode:
    style = None if _PLAIN.fullmatch(text) else '"'
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _query(writer: _Writer, query: Query) -> yaml.ScalarNode:
    return writer.represent_scalar("tag:yaml.org,2002:str", str(query), style="|")


_Writer.add_representer(str, _text)
_Writer.add_representer(Query, _query)


def yaml_document(document: Plain, *, about: str) -> str:
    """One YAML document under a comment. Never several: Prometheus reads the first and is silent about the others."""
    text = yaml.dump(dict(document), Dumper=_Writer, sort_keys=False, allow_unicode=True, width=100_000)
    comment = "".join(f"# {line}\n" for line in about.splitlines())
    return comment + text
