"""Plain values to YAML text that reads back as the same values by the rules of YAML 1.2."""

from __future__ import annotations

from collections.abc import Iterable

import yaml

from allowance.contract import scalars
from allowance.core.problem import NOWHERE, ProblemError


class Number(str):
    """The text of a number, written without quotes and without loss."""

    __slots__ = ()


class _Writer(yaml.SafeDumper):
    """PyYAML quotes by the rules of YAML 1.1; text that 1.2 would not read as text is quoted as well."""

    def ignore_aliases(self, data: object) -> bool:
        """Write every value in full."""
        return True


def _text(writer: _Writer, text: str) -> yaml.ScalarNode:
    style = None if text.isprintable() and _is_text(text) else '"'
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


def _is_text(text: str) -> bool:
    try:
        return isinstance(scalars.resolve(text, NOWHERE), str)
    except ProblemError:
        return False


def _number(writer: _Writer, number: Number) -> yaml.ScalarNode:
    kind = "float" if "." in number else "int"
    return writer.represent_scalar(f"tag:yaml.org,2002:{kind}", str(number))


_Writer.add_representer(str, _text)
_Writer.add_representer(Number, _number)


def yaml_text(documents: Iterable[object]) -> str:
    """Documents of dicts, lists, text, whole numbers and truth values, as one stream."""
    return yaml.dump_all(
        documents, Dumper=_Writer, sort_keys=False, allow_unicode=True, explicit_start=True, width=110
    )
