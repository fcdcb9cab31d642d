"""The PolicyTest document."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TypeVar

from allowance.contract.amounts import parse_number, parse_share
from allowance.contract.budget_policy import CHANGE_CLASSES, STATES, BudgetState, ChangeClass
from allowance.contract.defaults import TIER, TIER_TARGETS
from allowance.contract.envelope import Envelope, text_map
from allowance.contract.fields import Fields
from allowance.contract.notes import Notes
from allowance.contract.policy_test import EXPECTED, Expected, PolicyCase, PolicyTest
from allowance.contract.written import Written
from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import parse_duration
from allowance.core.problem import ProblemError
from allowance.core.time import parse_instant
from allowance.core.window import parse_window

NO_DATA_WORD = "no data"

Key = TypeVar("Key")


def read_policy_test(envelope: Envelope, notes: Notes) -> Written:
    """A PolicyTest document: the name of a policy, and cases."""
    spec = envelope.spec
    policy = spec.text("policy") if spec.need("policy", hint="the name of an ErrorBudgetPolicy") else None
    cases = []
    if spec.need("cases", hint="at least one: {given: {remaining: -3%, change: feature}, expect: stop}"):
        cases = [_case(fields, number) for number, fields in enumerate(spec.each("cases"), 1)]
    found = PolicyTest(
        name=envelope.name,
        policy=policy or "",
        cases=tuple(case for case in cases if case is not None),
        origin=spec.origin(),
    )
    spec.finish()
    return Written(policy_tests=(found,))


def _case(fields: Fields, number: int) -> PolicyCase | None:
    name = fields.text("name")
    expect: Expected | None = fields.word("expect", EXPECTED) if fields.need("expect") else None
    given = (
        fields.fields("given") if fields.need("given", hint="what is so, such as {remaining: -3%}") else None
    )
    if given is None:
        return None
    change: ChangeClass | None = given.word("change", CHANGE_CLASSES) if given.need("change") else None
    remaining = (
        _share(given, "remaining") if given.need("remaining", hint="such as 40%, or no data") else None
    )
    state: BudgetState | None = given.word("state", STATES)
    tier = given.word("tier", tuple(TIER_TARGETS))
    at = given.parsed("at", parse_instant)
    found_windows = _map(given, "windows", lambda text: str(parse_window(text)), _share)
    burns = _map(given, "burn", parse_duration, _rate)
    labels = text_map(given, "labels")
    given.finish()
    fields.finish()
    if expect is None or change is None or remaining is None:
        return None
    return PolicyCase(
        name=name or f"case {number}",
        change=change,
        expect=expect,
        remaining=remaining,
        state=state,
        windows=found_windows,
        burns=burns,
        tier=TIER if tier is None else tier,
        labels=labels,
        at=at or 0,
        origin=fields.origin(),
    )


def _share(fields: Fields, key: str) -> Fraction | NoData | None:
    return NO_DATA if fields.raw(key) == NO_DATA_WORD else fields.parsed(key, parse_share)


def _rate(fields: Fields, key: str) -> Fraction | NoData | None:
    return NO_DATA if fields.raw(key) == NO_DATA_WORD else fields.parsed(key, parse_number)


def _map(
    holder: Fields,
    key: str,
    parse_key: Callable[[str], Key],
    read: Callable[[Fields, str], Fraction | NoData | None],
) -> dict[Key, Fraction | NoData]:
    """A map whose keys are spans of time."""
    fields = holder.fields(key)
    found: dict[Key, Fraction | NoData] = {}
    for name in fields.node.items if fields is not None else ():
        assert fields is not None
        value = read(fields, name)
        try:
            parsed = parse_key(name)
        except ProblemError as error:
            fields.notes.refused(error, fields.key_where(name))
            continue
        if value is not None:
            found[parsed] = value
    return found
