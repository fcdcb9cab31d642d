"""Attributes of OTLP's protobuf: what comes again and again is read once and then looked up."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from allowance.signals.otlp_points import Attributes, Scalar
from allowance.signals.otlp_wire import MESSAGES

_KEY_VALUE, _RESOURCE, _SCOPE = MESSAGES["KeyValue"], MESSAGES["Resource"], MESSAGES["Scope"]


class AttributeReader:
    """`wanted` are the attributes that are asked for (all, where it is None). `size` is how much it remembers."""

    def __init__(self, wanted: Collection[str] | None = None) -> None:
        self._wanted = None if wanted is None else frozenset(name.encode() for name in wanted)
        self._pairs: dict[bytes, tuple[str, Scalar]] = {}
        self._resources: dict[bytes, Attributes] = {}
        self._scopes: dict[bytes, str] = {}

    @property
    def size(self) -> int:
        """How many different texts are remembered."""
        return len(self._pairs) + len(self._resources) + len(self._scopes)

    def forget(self) -> None:
        """Start anew; what is read later is the same."""
        for known in (self._pairs, self._resources, self._scopes):
            known.clear()

    def is_wanted(self, pair: bytes) -> bool:
        """Whether an attribute is asked for, seen from its first bytes (the key comes first, if it is short)."""
        if self._wanted is None or pair[:1] != b"\n" or len(pair) < 2 or pair[1] > 127:
            return True
        return pair[2 : 2 + pair[1]] in self._wanted

    def wants(self, name: bytes) -> bool:
        """Whether a column is asked for."""
        return self._wanted is None or name in self._wanted

    def attributes(self, pairs: Iterable[bytes]) -> dict[str, Scalar]:
        """Attributes by name."""
        return dict(self._pairs.get(pair) or self._pair(pair) for pair in pairs)

    def _pair(self, pair: bytes) -> tuple[str, Scalar]:
        read = _KEY_VALUE.FromString(pair)
        found = self._pairs[pair] = (read.key, plain(read.value))
        return found

    def resource(self, raw: bytes) -> Attributes:
        """The attributes of a resource: the same object for the same bytes, as long as they are remembered."""
        found = self._resources.get(raw)
        if found is None:
            found = self._resources[raw] = self.attributes(_RESOURCE.FromString(raw).attributes)
        return found

    def scope(self, raw: bytes) -> str:
        """The name of an instrumentation scope."""
        found = self._scopes.get(raw)
        if found is None:
            found = self._scopes[raw] = str(_SCOPE.FromString(raw).name)
        return found


def plain(value: Any) -> Scalar:
    """The value of an attribute or a body; None for lists, maps and bytes."""
    kind = value.WhichOneof("one")
    known = kind in ("string_value", "bool_value", "int_value", "double_value")
    return getattr(value, kind) if known else None
