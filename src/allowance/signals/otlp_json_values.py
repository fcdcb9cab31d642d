"""The values of OTLP's JSON: attributes, numbers of 64 bits as text or number, enumerations, instants.

Anything of another shape is a `TypeError` or `ValueError`, which the reader of requests turns into its refusal.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from allowance.core.problem import refuse
from allowance.signals.otlp_points import Attributes, Scalar

_U64 = 2**64


def pairs_of(pairs: Any, wanted: Collection[str] | None) -> tuple[tuple[str, Scalar], ...]:
    """Attributes in order; only those `wanted`, unless it is None."""
    if wanted is None:
        return tuple([(_name(pair), scalar_of(pair.get("value") or {})) for pair in pairs])
    return tuple(
        [(pair["key"], scalar_of(pair.get("value") or {})) for pair in pairs if pair["key"] in wanted]
    )


def _name(pair: dict[str, Any]) -> str:
    name = pair["key"]
    if not isinstance(name, str):
        raise TypeError("a key is text")
    return name


def scalar_of(value: dict[str, Any]) -> Scalar:
    """A plain value; None for lists, maps and bytes."""
    for kind, found in value.items():
        if kind == "stringValue":
            return str(found)
        if kind == "intValue":
            return whole(found)
        if kind == "boolValue":
            return found is True
        if kind == "doubleValue":
            return float(found)
    return None


def sender_of(part: Any) -> Attributes:
    """The attributes of a resource."""
    resource = part.get("resource")
    return dict(pairs_of(resource.get("attributes") or [], None)) if resource else {}


def scope_of(part: Any) -> str:
    """The name of an instrumentation scope."""
    scope = part.get("scope")
    return str(scope.get("name") or "") if scope else ""


def object_of(value: Any) -> dict[str, Any]:
    """A value that must be an object."""
    if not isinstance(value, dict):
        raise TypeError("an object is wanted")
    return value


def list_of(holder: Any, key: str) -> list[Any]:
    """The list under a key; none where it is absent."""
    found = holder.get(key)
    if found is None:
        return []
    if not isinstance(found, list):
        raise TypeError("a list is wanted")
    return found


def enum_of(holder: Any, key: str) -> int:
    """A small number or an enumeration under a key; 0 where it is absent. Errors: `Problem` `otlp` for a name."""
    found = holder.get(key, 0)
    if found.__class__ is int:
        return found
    if found is None:
        return 0
    raise refuse(
        "otlp",
        f"{key} must be a number, not {str(found)[:40]!r}",
        hint="in OTLP's JSON, enumerations are numbers, not names",
    )


def whole(value: Any) -> int:
    """A 64-bit number, as text or as number."""
    if value.__class__ is int or isinstance(value, str):
        return int(value)
    if isinstance(value, float) and value.is_integer():
        return int(value)
    raise TypeError("a whole number is wanted")


def natural(value: Any) -> int:
    """A count."""
    found = 0 if value is None else whole(value)
    if not 0 <= found < _U64:
        raise ValueError("a count is not negative")
    return found


def nanos(value: Any) -> int:
    """An instant; 0 where it is absent."""
    if value.__class__ is str and len(value) <= 20:
        found = int(value)
    elif value is None:
        return 0
    else:
        found = whole(value)
    if not 0 <= found < _U64:
        raise ValueError("an instant is not negative")
    return found
