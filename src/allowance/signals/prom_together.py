"""Many selectors in one question: those that differ in one label's value only, and their series apart again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from allowance.signals.prom_answer import Series
from allowance.signals.promql_selector import Matcher, Selector

MOST_TOGETHER = 500
"""Values of one label in one question."""

_PLAIN_PATTERN = re.compile(r"[A-Za-z0-9_|.()-]*")
"""Patterns that mean the same in every dialect of regular expressions."""

_Shape: TypeAlias = tuple[str, int, tuple[Matcher, ...], str]
_Place: TypeAlias = tuple[str, int, frozenset[Matcher]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrower:
    """A selector that wants those series of another one for which one more condition holds."""

    key: str
    condition: Matcher

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether a series of the other one is wanted; a label that it does not have is empty."""
        value = labels.get(self.condition.name, "")
        if self.condition.op == "=~":
            return re.fullmatch(self.condition.value, value) is not None
        return (value == self.condition.value) == (self.condition.op == "=")


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """One question for several selectors: `members` are their keys by the value of `label`; alone, `label` is `""`.

    `narrower`: by the key of a member who else finds its series in that member's answer.
    """

    selector: Selector
    label: str
    members: Mapping[str, tuple[str, ...]]
    narrower: Mapping[str, tuple[Narrower, ...]] = field(default_factory=dict)

    def wanted(self, labels: Mapping[str, str]) -> tuple[str, ...]:
        """The keys of everybody who wants a series of the answer."""
        keys = self.members.get(labels.get(self.label, "") if self.label else "", ())
        more = [one.key for key in keys for one in self.narrower.get(key, ()) if one.holds(labels)]
        return (*keys, *more) if more else keys

    def apart(self, series: Iterable[Series]) -> dict[str, list[Series]]:
        """The series of each member, by its key."""
        members = [key for keys in self.members.values() for key in keys]
        found: dict[str, list[Series]] = {key: [] for key in members}
        found |= {one.key: [] for key in members for one in self.narrower.get(key, ())}
        for one in series:
            for key in self.wanted(one.labels):
                found[key].append(one)
        return found


def together(selectors: Mapping[str, Selector]) -> list[Together]:
    """As few questions as possible for these selectors (by key) without asking for a series that none wants.

    Selectors are joined where they name one metric and differ in the value of one `=` condition only. What asks for
    a part of what another one asks for is not asked at all.
    """
    narrower = _narrower(selectors)
    served = {one.key for some in narrower.values() for one in some}
    shapes = {key: _shapes(selector) for key, selector in selectors.items() if key not in served}
    popular = Counter(shape for found in shapes.values() for shape in found)
    groups: dict[_Shape, dict[str, list[str]]] = {}
    asked: list[Together] = []
    for key, found in shapes.items():
        best = max(found, key=lambda shape: popular[shape], default=None)
        if best is None or popular[best] < 2:
            asked.append(Together(selector=selectors[key], label="", members={"": (key,)}))
        else:
            groups.setdefault(best, {}).setdefault(found[best], []).append(key)
    for shape, members in groups.items():
        values = sorted(members)
        for at in range(0, len(values), MOST_TOGETHER):
            some = values[at : at + MOST_TOGETHER]
            asked.append(_joined(shape, {value: tuple(members[value]) for value in some}))
    return [_with_narrower(one, narrower) for one in asked]


def _narrower(selectors: Mapping[str, Selector]) -> dict[str, tuple[Narrower, ...]]:
    """By the key of one that is asked: the others that are it with one more condition that we can check."""
    places: dict[_Place, str] = {}
    for key, one in selectors.items():
        if one.metric:
            places.setdefault((one.metric, one.offset_ms, frozenset(one.matchers)), key)
    found: dict[str, list[Narrower]] = {}
    served: set[str] = set()
    for key, one in sorted(selectors.items(), key=lambda item: len(item[1].matchers)):
        for condition in one.matchers if one.metric else ():
            rest = frozenset(one.matchers) - {condition}
            wider = places.get((one.metric, one.offset_ms, rest))
            if wider is not None and wider not in served and _can_check(condition):
                found.setdefault(wider, []).append(Narrower(key=key, condition=condition))
                served.add(key)
                break
    return {key: tuple(some) for key, some in found.items()}


def _can_check(condition: Matcher) -> bool:
    if condition.op == "=~":
        return _PLAIN_PATTERN.fullmatch(condition.value) is not None and _is_pattern(condition.value)
    return condition.op in ("=", "!=")


def _is_pattern(text: str) -> bool:
    try:
        re.compile(text)
    except re.error:
        return False
    return True


def _with_narrower(one: Together, narrower: Mapping[str, tuple[Narrower, ...]]) -> Together:
    own = {key: narrower[key] for keys in one.members.values() for key in keys if key in narrower}
    return replace(one, narrower=own) if own else one


def _shapes(selector: Selector) -> dict[_Shape, str]:
    """Each way to leave one `=` condition on a value out of a selector, with that value."""
    return {
        (
            selector.metric,
            selector.offset_ms,
            tuple(other for other in selector.matchers if other is not one),
            one.name,
        ): one.value
        for one in selector.matchers
        if selector.metric and one.op == "=" and one.value
    }


def _joined(shape: _Shape, members: dict[str, tuple[str, ...]]) -> Together:
    metric, offset_ms, others, label = shape
    one_of = Matcher(name=label, op="=~", value="|".join(re.escape(value) for value in members))
    if len(members) == 1:
        one_of = replace(one_of, op="=", value=next(iter(members)))
    selector = Selector(metric=metric, matchers=tuple(sorted((*others, one_of))), offset_ms=offset_ms)
    return Together(selector=selector, label=label, members=members)
