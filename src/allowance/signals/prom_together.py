"""Many selectors in one question: those that differ in one label's value only, and their series apart again."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias, TypeVar

from allowance.signals.prom_answer import Listed, Series
from allowance.signals.promql_selector import Matcher, Selector

MOST_TOGETHER = 500
"""Values of one label in one question."""

One = TypeVar("One", Series, Listed)

_Shape: TypeAlias = tuple[str, int, tuple[Matcher, ...], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Together:
    """One question for several selectors: `members` are their keys by the value of `label`; alone, `label` is `""`."""

    selector: Selector
    label: str
    members: Mapping[str, tuple[str, ...]]

    def apart(self, series: Iterable[One]) -> dict[str, list[One]]:
        """The series of each member, by its key."""
        found: dict[str, list[One]] = {key: [] for keys in self.members.values() for key in keys}
        for one in series:
            for key in self.members.get(one.labels.get(self.label, "") if self.label else "", ()):
                found[key].append(one)
        return found


def together(selectors: Mapping[str, Selector]) -> list[Together]:
    """As few questions as possible for these selectors (by key) without asking for a series that none wants.

    Selectors are joined where they name one metric and differ in the value of one `=` condition only.
    """
    shapes = {key: _shapes(selector) for key, selector in selectors.items()}
    popular = Counter(shape for found in shapes.values() for shape in found)
    groups: dict[_Shape, dict[str, list[str]]] = {}
    asked: list[Together] = []
    for key, selector in selectors.items():
        best = max(shapes[key], key=lambda shape: popular[shape], default=None)
        if best is None or popular[best] < 2:
            asked.append(Together(selector=selector, label="", members={"": (key,)}))
        else:
            groups.setdefault(best, {}).setdefault(shapes[key][best], []).append(key)
    for shape, members in groups.items():
        values = sorted(members)
        for at in range(0, len(values), MOST_TOGETHER):
            some = values[at : at + MOST_TOGETHER]
            asked.append(_joined(shape, {value: tuple(members[value]) for value in some}))
    return asked


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
