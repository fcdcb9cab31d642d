"""What can be said about causes from what is counted: dependencies, versions, tenants, against one SLO."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction

from allowance.app.tick import Key
from allowance.budget.evaluate import by_method
from allowance.changes.deploys import Deploy
from allowance.contract.model import Contract, Occurrences, Service, Slo
from allowance.core.buckets import Buckets, add, empty
from allowance.core.duration import HOUR
from allowance.core.problem import refuse
from allowance.core.time import Instant, iso, parse_instant
from allowance.core.window import Span
from allowance.governance.attribution import Attribution, Cause, CauseKind, attribute
from allowance.governance.fault_windows import faults, surges

OUT_FOR = 6 * HOUR
"""A failed version that nothing took back is blamed for so long at most."""

MOST_GROUPS = 10
GROUP_KINDS: Mapping[str, CauseKind] = {"tenant": "tenant", "customer": "tenant", "region": "region"}


def service_of(contract: Contract, name: str) -> Service:
    """A service of the contract. Errors: `Problem` `service`."""
    found = contract.service(name)
    if found is None:
        known = ", ".join(one.name for one in contract.services)[:300]
        raise refuse("service", f"there is no service {name[:100]!r} in the contract", hint=f"known: {known}")
    return found


def slo_of(contract: Contract, id_: str) -> tuple[Service, Slo]:
    """An SLO and its service. Errors: `Problem` `slo`."""
    found = contract.slo(id_)
    service = None if found is None else contract.service(found.service)
    if found is None or service is None:
        raise refuse("slo", f"there is no SLO {id_[:200]!r} in the contract", hint="write it as service/name")
    return service, found


def attribution_of(
    contract: Contract,
    histories: Mapping[Key, Buckets],
    deploys: Sequence[Deploy],
    slo_id: str,
    span: Span,
    declared: Mapping[str, Sequence[Span]],
) -> Attribution:
    """Both views of an SLO over a span, which is widened to the edges of its buckets.

    `declared`: fault windows of dependencies that are not measured, by name. Errors: `Problem` `slo`, `attribution`.
    """
    service, slo = slo_of(contract, slo_id)
    groups = _groups(slo, histories)
    step = next(iter(groups.values())).step
    wide = Span(begin=span.begin - span.begin % step, end=-(-span.end // step) * step)
    if wide.end <= wide.begin:
        raise refuse(
            "attribution", "the span ends before it begins", hint="give --from and --to, in this order"
        )
    unknown = sorted(set(declared) - {one.service for one in service.dependencies})
    if unknown:
        known = ", ".join(one.service for one in service.dependencies) or "none"
        raise refuse(
            "attribution",
            f"{service.name} does not depend on {unknown[0][:100]}",
            hint=f"dependencies: {known}",
        )
    causes = [
        *_dependencies(contract, service, histories, wide, declared),
        *_versions([one for one in deploys if one.service == service.name], wide),
        *_surging(slo, groups, wide),
    ]
    return attribute(slo.id, slo.target, groups, causes, wide)


def unseen(
    contract: Contract, histories: Mapping[Key, Buckets], service: Service, declared: Iterable[str]
) -> tuple[str, ...]:
    """Dependencies that nothing is measured of: they cannot be found guilty, nor innocent."""
    measured = {slo_id.partition("/")[0] for slo_id, _ in histories}
    return tuple(
        one.service
        for one in service.dependencies
        if one.service not in measured and one.service not in declared
    )


def parse_fault(text: str) -> tuple[str, Span]:
    """`mail=2026-11-21T14:00:00Z/2026-11-21T16:00:00Z`. Errors: `Problem` `fault`."""
    name, equals, rest = text.partition("=")
    begin, slash, end = rest.partition("/")
    if not (name and equals and slash):
        raise refuse(
            "fault",
            f"{text[:100]!r} is no fault window",
            hint="write it as mail=2026-11-21T14:00:00Z/2026-11-21T16:00:00Z",
        )
    span = Span(begin=parse_instant(begin), end=parse_instant(end))
    if span.end <= span.begin:
        raise refuse(
            "fault",
            f"the fault window of {name} ends at {iso(span.end)}, before it begins",
            hint="turn it round",
        )
    return name, span


def _groups(slo: Slo, histories: Mapping[Key, Buckets]) -> dict[str, Buckets]:
    """What the budget counts, by group; slices of time do not add up, so there is only the whole."""
    own = {group: histories[slo_id, group] for slo_id, group in histories if slo_id == slo.id}
    if not own:
        return {"": by_method(slo, empty())}
    if isinstance(slo.method, Occurrences):
        return own
    return {"": by_method(slo, add(own.values()))}


def _dependencies(
    contract: Contract,
    service: Service,
    histories: Mapping[Key, Buckets],
    span: Span,
    declared: Mapping[str, Sequence[Span]],
) -> Iterator[Cause]:
    for one in service.dependencies:
        other = contract.service(one.service)
        found = [
            window
            for slo in (other.slos if other is not None else ())
            for window in _faults(slo, histories, span)
        ]
        measured = any(slo_id.partition("/")[0] == one.service for slo_id, _ in histories)
        if measured:
            yield Cause(kind="dependency", name=one.service, windows=tuple(found))
        elif one.service in declared:
            yield Cause(
                kind="dependency", name=one.service, windows=tuple(declared[one.service]), basis="declared"
            )


def _faults(slo: Slo, histories: Mapping[Key, Buckets], span: Span) -> tuple[Span, ...]:
    own = [histories[key] for key in histories if key[0] == slo.id]
    if not own:
        return ()
    whole = add(own)
    wide = Span(begin=span.begin - span.begin % whole.step, end=-(-span.end // whole.step) * whole.step)
    return faults(whole, slo.target, wide)


def _versions(deploys: Sequence[Deploy], span: Span) -> Iterator[Cause]:
    """Failed deploys and those that were taken back: from when they went out until something else did."""
    ordered = sorted(deploys, key=lambda one: one.at)
    for number, one in enumerate(ordered):
        after = ordered[number + 1] if number + 1 < len(ordered) else None
        taken_back = after is not None and after.state == "rolled-back" and after.at - one.at <= OUT_FOR
        if one.state == "rolled-back" or not (one.state == "failed" or taken_back):
            continue
        end = min(one.at + OUT_FOR, after.at if after is not None else one.at + OUT_FOR)
        if span.begin <= one.at < span.end:
            window = Span(begin=one.at, end=max(end, one.at + 1))
            yield Cause(kind="version", name=one.version or one.id, windows=(window,), basis="deploys")


def _surging(slo: Slo, groups: Mapping[str, Buckets], span: Span) -> Iterator[Cause]:
    """Groups whose own traffic surged: a neighbour that takes the room of all others."""
    kind: CauseKind = GROUP_KINDS.get(slo.group_by[0], "group") if slo.group_by else "group"
    found = [
        Cause(kind=kind, name=name, windows=windows, basis="traffic")
        for name, buckets in sorted(groups.items())
        if name and (windows := surges(buckets, span))
    ]
    yield from found[:MOST_GROUPS]


def equivalent(buckets: Buckets, windows: Iterable[Span]) -> list[tuple[Instant, Fraction]]:
    """(begin, minutes of a full outage that it comes to) of each window: the sum of the shares of bad events."""
    found = []
    for one in windows:
        shares = Fraction(0)
        for at in range(one.begin, one.end, buckets.step):
            counts = buckets.between(at, at + buckets.step)
            shares += Fraction(counts.bad, counts.total) if counts.total else 0
        found.append((one.begin, shares * buckets.step / 60))
    return found
