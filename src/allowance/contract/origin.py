"""Origins: where an object was written, and which of its fields were written at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from allowance.core.problem import NOWHERE, Where


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """`where` the object begins; `fields` has the place of every field that was written (absent: a default).

    The keys are the names of the object's own fields: `target`, `window`, `owner`.
    """

    where: Where = NOWHERE
    fields: Mapping[str, Where] = field(default_factory=dict)

    def at(self, name: str) -> Where:
        """The place of a field, or of the whole object where the field was not written."""
        return self.fields.get(name, self.where)

    def wrote(self, name: str) -> bool:
        """Whether a person wrote the field; otherwise its value is the documented default."""
        return name in self.fields


UNWRITTEN = Origin()
"""The origin of what no file holds, such as a preset."""
