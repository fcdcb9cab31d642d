"""Lint: can the promise be kept on top of what it leans on?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import prod

from allowance.contract.lint_rule import Facts, Finding, LintRule
from allowance.contract.model import Dependency, Service, Slo
from allowance.core.ratio import percent_text

_PROMISES = ("availability", "uptime", "client", "synthetic")
"""The kinds of SLO that say how often a service answers at all."""
_LONGEST_WAY = 8


def _leans_on_lower_tier(facts: Facts) -> Iterator[Finding]:
    for service, dependency in _dependencies(facts):
        other = facts.services.get(dependency.service)
        if other is None or dependency.kind != "hard" or dependency.mitigations:
            continue
        if other.tier > service.tier:
            yield _about(
                service,
                dependency,
                f"{service.name} (tier {service.tier}) depends hard on {other.name} (tier {other.tier})",
            )


def _out_of_reach(facts: Facts) -> Iterator[Finding]:
    for service in facts.contract.services:
        parts = _hard_parts(service, facts)
        best = prod(parts.values(), start=Fraction(1))
        for slo in service.slos:
            if slo.kind in _PROMISES and best < slo.target:
                listed = " x ".join(f"{name} {_percent(value)}" for name, value in parts.items())
                yield Finding(
                    subject=slo,
                    where=slo.origin.at("target"),
                    message=(
                        f"{slo.id} promises {_percent(slo.target)}, but its hard dependencies allow at most "
                        f"{_percent(best)} ({listed})"
                    ),
                )


def _no_room(facts: Facts) -> Iterator[Finding]:
    for service in facts.contract.services:
        best = prod(_hard_parts(service, facts).values(), start=Fraction(1))
        for slo in service.slos:
            if slo.kind in _PROMISES and slo.target <= best and (1 - best) * 2 > 1 - slo.target:
                share = (1 - best) / (1 - slo.target)
                yield Finding(
                    subject=slo,
                    where=slo.origin.at("target"),
                    message=(
                        f"the hard dependencies of {service.name} may spend {percent_text(share, 0)} of the budget of {slo.id}"
                    ),
                )


def _unknown(facts: Facts) -> Iterator[Finding]:
    for service, dependency in _dependencies(facts):
        if dependency.service not in facts.services and dependency.target is None:
            yield _about(
                service,
                dependency,
                f"{service.name} depends on {dependency.service}, which promises nothing here and has no target",
            )


def _cycles(facts: Facts) -> Iterator[Finding]:
    graph = {
        service.name: [one.service for one in service.dependencies if one.kind == "hard"]
        for service in facts.contract.services
    }
    component = _components(graph)
    told: set[int] = set()
    for service, dependency in _dependencies(facts):
        number = component[service.name]
        if dependency.kind == "hard" and component.get(dependency.service) == number and number not in told:
            told.add(number)
            way = [service.name, *_way(graph, dependency.service, service.name, component)]
            shown = way if len(way) <= _LONGEST_WAY else [*way[: _LONGEST_WAY - 2], "...", way[-1]]
            yield _about(service, dependency, f"{service.name} depends hard on itself: {' -> '.join(shown)}")


def _components(graph: Mapping[str, list[str]]) -> dict[str, int]:
    """Tarjan's strongly connected components, without recursion: the component of each service."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    component: dict[str, int] = {}
    open_: list[str] = []
    for root in graph:
        if root in order:
            continue
        order[root] = low[root] = len(order)
        open_.append(root)
        work = [(root, iter(graph[root]))]
        while work:
            name, rest = work[-1]
            for other in rest:
                if other not in graph:
                    continue
                if other not in order:
                    order[other] = low[other] = len(order)
                    open_.append(other)
                    work.append((other, iter(graph[other])))
                    break
                if other not in component:
                    low[name] = min(low[name], order[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == order[name]:
                    while True:
                        member = open_.pop()
                        component[member] = order[name]
                        if member == name:
                            break
    return component


def _way(graph: Mapping[str, list[str]], begin: str, end: str, component: Mapping[str, int]) -> list[str]:
    """The shortest way from one service of a component to another."""
    before: dict[str, str] = {}
    waiting = [begin]
    for name in waiting:
        if name == end:
            break
        for other in graph[name]:
            if other not in before and other != begin and component.get(other) == component[begin]:
                before[other] = name
                waiting.append(other)
    way = [end]
    while way[-1] != begin:
        way.append(before[way[-1]])
    return way[::-1]


def _twice(facts: Facts) -> Iterator[Finding]:
    for service in facts.contract.services:
        seen: set[str] = set()
        for dependency in service.dependencies:
            if dependency.service in seen:
                yield _about(
                    service, dependency, f"{service.name} names its dependency {dependency.service} twice"
                )
            seen.add(dependency.service)


def _soft_in_truth(facts: Facts) -> Iterator[Finding]:
    for service, dependency in _dependencies(facts):
        if dependency.kind == "hard" and _covered(dependency) == 1:
            yield _about(
                service,
                dependency,
                f"{service.name} says that no user sees a failure of {dependency.service}, and yet depends hard on it",
            )


def _soft_without_plan(facts: Facts) -> Iterator[Finding]:
    for service, dependency in _dependencies(facts):
        if dependency.kind == "soft" and not dependency.mitigations:
            yield _about(
                service,
                dependency,
                f"{service.name} does not say how it goes on without {dependency.service}",
            )


def _hard_parts(service: Service, facts: Facts) -> dict[str, Fraction]:
    """What users may count on of each hard dependency, its mitigations included; unknown ones are left out."""
    parts: dict[str, Fraction] = {}
    for dependency in service.dependencies:
        promised = _promised(dependency, facts)
        if dependency.kind == "hard" and promised is not None:
            parts[dependency.service] = 1 - (1 - promised) * (1 - _covered(dependency))
    return parts


def _covered(dependency: Dependency) -> Fraction:
    """The share of failures that users do not see; each mitigation catches its share of what the others let through."""
    return 1 - prod((1 - one.coverage for one in dependency.mitigations), start=Fraction(1))


def _promised(dependency: Dependency, facts: Facts) -> Fraction | None:
    """The dependency's own availability SLO (the loosest of several), else the target written beside it."""
    other = facts.services.get(dependency.service)
    own = [slo.target for slo in _availability(other)] if other is not None else []
    if dependency.target is not None and not own:
        return dependency.target
    return min(own) if own else None


def _availability(service: Service) -> list[Slo]:
    """Its availability SLOs; where it has none, those that speak of availability in another way."""
    named = [slo for slo in service.slos if slo.kind == "availability"]
    return named or [slo for slo in service.slos if slo.kind in _PROMISES]


def _dependencies(facts: Facts) -> Iterator[tuple[Service, Dependency]]:
    for service in facts.contract.services:
        for dependency in service.dependencies:
            yield service, dependency


def _about(service: Service, dependency: Dependency, message: str) -> Finding:
    return Finding(subject=service, where=dependency.origin.at("service"), message=message)


def _percent(value: Fraction) -> str:
    return percent_text(value, 6)


RULES = (
    LintRule(
        id="AL501",
        name="hard-on-lower-tier",
        severity="error",
        why="A vital service is only as vital as the weakest one that it cannot work without.",
        fix="Make the dependency soft, mitigate it (fallback, cache, circuit breaker), or raise its tier.",
        check=_leans_on_lower_tier,
    ),
    LintRule(
        id="AL502",
        name="target-out-of-reach",
        severity="error",
        why="Availabilities in series multiply: 0.9999 x 0.995 = 0.9949, whatever the service itself does.",
        fix="Lower the target, mitigate a dependency, or agree on a tighter target with its owner.",
        check=_out_of_reach,
    ),
    LintRule(
        id="AL503",
        name="no-room-for-own-failures",
        severity="warning",
        why="When dependencies may spend most of the budget, little is left for the service's own releases.",
        fix="A hard dependency should have one nine more than what leans on it; mitigate it otherwise.",
        check=_no_room,
    ),
    LintRule(
        id="AL504",
        name="unknown-dependency",
        severity="warning",
        why="What nobody promised cannot be counted on, and the arithmetic leaves it out.",
        fix="Write target: with what its provider promises, or describe the service.",
        check=_unknown,
    ),
    LintRule(
        id="AL505",
        name="hard-cycle",
        severity="error",
        why="Services that need each other to work cannot start after a common outage, and fail together.",
        fix="Make at least one of these dependencies soft.",
        check=_cycles,
    ),
    LintRule(
        id="AL506",
        name="dependency-twice",
        severity="warning",
        why="A dependency that is named twice is counted twice.",
        fix="Merge the two entries.",
        check=_twice,
    ),
    LintRule(
        id="AL507",
        name="hard-but-covered",
        severity="warning",
        why="A mitigation that hides every failure would make the dependency soft; few do.",
        fix="Say kind: soft, or measure the coverage and write that.",
        check=_soft_in_truth,
    ),
    LintRule(
        id="AL508",
        name="soft-without-plan",
        severity="info",
        why="A dependency is soft only if the service was built to go on without it, and somebody tried.",
        fix="Name the mitigation and the share of failures that it covers.",
        check=_soft_without_plan,
    ),
)
