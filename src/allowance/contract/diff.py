"""What changed between two contracts, in words: promises first, then what stands around them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass
from fractions import Fraction
from hashlib import sha256
from json import dumps
from typing import Any, Literal, TypeVar

from allowance.contract.amounts import number_text
from allowance.contract.explain import indicator_words, method_words, source_words
from allowance.contract.factor_rule import FactorRule, Rule
from allowance.contract.model import Contract, NoDataAlert, Service, Slo
from allowance.contract.rules import BurnRule
from allowance.contract.source import Source
from allowance.contract.write import documents_of
from allowance.core.duration import short
from allowance.core.ratio import percent_text

What = Literal["added", "removed", "changed"]
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One difference: of which `kind` of object (`SLO`, `service`, ...), its name, and in words what it was and is.

    `field` is empty where the whole object came or went. `measured_anew`: former counts do not count any more.
    """

    what: What
    kind: str
    name: str
    field: str = ""
    before: str = ""
    after: str = ""
    measured_anew: bool = False

    def __str__(self) -> str:
        if not self.field:
            return f"{self.kind} {self.name} {self.what}"
        if self.what == "added":
            return f"{self.kind} {self.name}: {self.field} added: {self.after}"
        if self.what == "removed":
            return f"{self.kind} {self.name}: {self.field} removed: {self.before}"
        anew = "; it is counted anew over its whole window" if self.measured_anew else ""
        return f"{self.kind} {self.name}: {self.field} {self.before} -> {self.after}{anew}"


def diff(before: Contract, after: Contract) -> tuple[Change, ...]:
    """Every difference that means something; where it was written and in which order means nothing."""
    return (
        *_objects("SLO", _by_id(before.slos), _by_id(after.slos), _slo),
        *_objects("service", _named(before.services), _named(after.services), _service),
        *_objects("journey", _named(before.journeys), _named(after.journeys), _plainly),
        *_objects("alert policy", _named(before.alert_policies), _named(after.alert_policies), _plainly),
        *_objects(
            "error-budget policy", _named(before.budget_policies), _named(after.budget_policies), _plainly
        ),
        *_objects("data source", _named(before.data_sources), _named(after.data_sources), _plainly),
    )


def contract_hash(contract: Contract) -> str:
    """SHA-256 of what a contract says, however it is written and in whatever order."""
    documents = sorted(dumps(document, sort_keys=True, default=str) for document in documents_of(contract))
    return sha256("\n".join(documents).encode()).hexdigest()


def _by_id(slos: Iterable[Slo]) -> dict[str, Slo]:
    return {slo.id: slo for slo in slos}


def _named(objects: Iterable[Any]) -> dict[str, Any]:
    return {one.name: one for one in objects}


def _objects(
    kind: str,
    before: Mapping[str, T],
    after: Mapping[str, T],
    compare: Callable[[str, str, T, T], Iterator[Change]],
) -> Iterator[Change]:
    for name in sorted({*before, *after}):
        if name not in after:
            yield Change(what="removed", kind=kind, name=name)
        elif name not in before:
            yield Change(what="added", kind=kind, name=name)
        elif before[name] != after[name]:
            yield from compare(kind, name, before[name], after[name])


def _slo(kind: str, name: str, before: Slo, after: Slo) -> Iterator[Change]:
    rules = [_words("rule", rule) for rule in before.rules], [_words("rule", rule) for rule in after.rules]
    yield from _members(kind, name, "rule", *rules)
    for field in _differing(before, after, but=("rules", "service", "name")):
        old, new = getattr(before, field), getattr(after, field)
        anew = field in ("indicator", "group_by", "source")
        yield _changed(kind, name, field, old, new, anew=anew)


def _service(kind: str, name: str, before: Service, after: Service) -> Iterator[Change]:
    dependencies = [one.service for one in before.dependencies], [one.service for one in after.dependencies]
    yield from _members(kind, name, "dependency", *dependencies)
    for field in _differing(before, after, but=("slos", "journeys", "name")):
        if field != "dependencies" or dependencies[0] == dependencies[1]:
            yield _changed(kind, name, field, getattr(before, field), getattr(after, field))


def _plainly(kind: str, name: str, before: Any, after: Any) -> Iterator[Change]:
    for field in _differing(before, after, but=("name",)):
        yield _changed(kind, name, field, getattr(before, field), getattr(after, field))


def _differing(before: Any, after: Any, *, but: Sequence[str]) -> Iterator[str]:
    for field in fields(before):
        if (
            field.compare
            and field.name not in but
            and getattr(before, field.name) != getattr(after, field.name)
        ):
            yield field.name


def _members(kind: str, name: str, field: str, before: list[str], after: list[str]) -> Iterator[Change]:
    """What came and what went of a list of names."""
    for one in before:
        if one not in after:
            yield Change(what="removed", kind=kind, name=name, field=field, before=one)
    for one in after:
        if one not in before:
            yield Change(what="added", kind=kind, name=name, field=field, after=one)


def _changed(kind: str, name: str, field: str, old: object, new: object, *, anew: bool = False) -> Change:
    return Change(
        what="changed",
        kind=kind,
        name=name,
        field=field.replace("_", " "),
        before=_words(field, old),
        after=_words(field, new),
        measured_anew=anew,
    )


def _words(field: str, value: Any) -> str:
    """A value as a reader of the contract knows it."""
    own = _OF_FIELD.get(field)
    if own is not None:
        return own(value)
    if isinstance(value, tuple):
        return ", ".join(_words("", one) for one in value) or "nothing"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={one}" for key, one in sorted(value.items())) or "nothing"
    by_type = next((words for type_, words in _OF_TYPE.items() if isinstance(value, type_)), None)
    if by_type is not None:
        return by_type(value)
    if is_dataclass(value) and type(value).__str__ is object.__str__:
        parts = ((one.name, getattr(value, one.name)) for one in fields(value) if one.compare)
        said = [f"{name} {_words('', part)}" for name, part in parts if part not in (None, (), "", False)]
        return f"({', '.join(said)})"
    return str(value)


def _source(source: Source | None) -> str:
    """Where telemetry is, without a password that an address may hold."""
    return _CREDENTIALS.sub("//", source_words(source))


def _burn_rule(rule: BurnRule) -> str:
    return f"{rule.severity} at {percent_text(rule.share, 3)} of the budget {_where(rule)}"


def _factor_rule(rule: FactorRule) -> str:
    return f"{rule.severity} at burn {number_text(rule.factor)} {_where(rule)}"


def _where(rule: Rule) -> str:
    below = rule.remaining_below
    only = "" if below is None else f", while less than {percent_text(below)} of the budget is left"
    return f"in {short(rule.long)}, also in {short(rule.short)}{only}"


_CREDENTIALS = re.compile(r"//[^/@]*@")

_OF_FIELD: Mapping[str, Callable[[Any], str]] = {
    "indicator": indicator_words,
    "method": method_words,
    "source": _source,
}
_OF_TYPE: Mapping[type, Callable[[Any], str]] = {
    type(None): lambda _: "nothing",
    Fraction: lambda value: percent_text(value, 5),
    BurnRule: _burn_rule,
    FactorRule: _factor_rule,
    NoDataAlert: lambda value: f"{value.severity} after {short(value.after)}",
}


def change_json(change: Change) -> dict[str, Any]:
    """A change as plain JSON, with its sentence."""
    return {
        "what": change.what,
        "kind": change.kind,
        "name": change.name,
        "field": change.field,
        "before": change.before,
        "after": change.after,
        "measured_anew": change.measured_anew,
        "says": str(change),
    }
