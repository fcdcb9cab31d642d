"""Asks, facts, policies and standings for tests of the gate: by hand, and as strategies."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

from hypothesis import strategies as st

from allowance.contract.budget_policy import (
    CHANGE_CLASSES,
    CONSEQUENCES,
    FREEZE_MODELS,
    ROLES,
    STATES,
    Clause,
    Condition,
    ErrorBudgetPolicy,
    Exceptions,
    Signature,
)
from allowance.contract.policies import GREEN_YELLOW_RED
from allowance.contract.signing import policy_hash
from allowance.core.counts import NO_DATA
from allowance.core.window import RollingWindow
from allowance.governance.facts import Bullet, Freeze, Override, Release, Standing, Waiver
from allowance.governance.verdict import Ask
from allowance.governance.verdict_clauses import ClauseFacts, SloNumbers
from allowance.governance.verdict_facts import Comeback, DependencyFact, GateFacts, Progress, SourceFact

NOW = 1_790_000_000
SLO = "checkout/availability"


def signed(policy: ErrorBudgetPolicy) -> ErrorBudgetPolicy:
    """A policy with the signatures of all three parties."""
    digest = policy_hash(policy)
    given = [Signature(role=role, by=f"the {role}", on=date(2026, 9, 1), hash=digest) for role in ROLES]
    return replace(policy, signatures=tuple(given))


POLICY = signed(GREEN_YELLOW_RED)


def ask(**changes: Any) -> Ask:
    """A feature of checkout for production, under the pull request 12."""
    return replace(Ask(service="checkout", change="feature", change_id="pr-12", actor="ci"), **changes)


def facts(remaining: str = "-1", word: str = "fresh", **changes: Any) -> GateFacts:
    """What is known of checkout: so much of its budget remains."""
    numbers = SloNumbers(state=None, remaining=NO_DATA if remaining == "no data" else Fraction(remaining))
    found = GateFacts(
        service="checkout",
        unit="shop",
        as_of=NOW - 60,
        clauses=ClauseFacts(slos={SLO: numbers}),
        sources=(SourceFact(slo=SLO, word=word, reason="" if word == "fresh" else "it sleeps"),),
    )
    return replace(found, **changes)


def freeze(**changes: Any) -> Freeze:
    """A hard freeze of checkout by the second clause, without an end."""
    one = Freeze(
        id="freeze-1",
        service="checkout",
        slo=SLO,
        begin=NOW - 3600,
        end=None,
        model="hard",
        policy="green-yellow-red",
        clause=2,
        why="the budget is spent",
        by="allowance",
        ends_when="10 % are left",
        seq=7,
    )
    return replace(one, **changes)


def bullet(**changes: Any) -> Bullet:
    """A silver bullet for the pull request 12, for an hour more."""
    one = Bullet(
        id="bullet-1",
        unit="shop",
        period="2026-Q3",
        service="checkout",
        change="pr-12",
        environment="production",
        begin=NOW - 3600,
        end=NOW + 3600,
        by="ann",
        approved_by=("bob",),
        reason="the contract ends today",
        memo={"loss": "1/3"},
        obligation="o-1",
        seq=8,
    )
    return replace(one, **changes)


def override(**changes: Any) -> Override:
    """An executive's override for the pull request 12."""
    one = Override(
        id="override-1",
        service="checkout",
        freeze="freeze-1",
        change="pr-12",
        environment="production",
        begin=NOW - 3600,
        end=NOW + 3600,
        by="eve",
        reason="the contract ends today",
        obligation="o-2",
        seq=9,
    )
    return replace(one, **changes)


def waiver(**changes: Any) -> Waiver:
    """A waiver for what the mail provider burned."""
    one = Waiver(
        id="waiver-1",
        service="checkout",
        slo=SLO,
        dependency="mail",
        mode="lenient",
        begin=NOW - 3600,
        end=NOW + 3600,
        by="ann",
        reason="it was them",
        evidence=("https://status.example",),
        seq=10,
    )
    return replace(one, **changes)


def release(**changes: Any) -> Release:
    """A conditional release of the pull request 12 with one condition, met."""
    one = Release(
        id="release-1",
        service="checkout",
        change="pr-12",
        environment="production",
        begin=NOW - 3600,
        end=NOW + 3600,
        by="ann",
        approved_by=("bob",),
        plan="behind a flag",
        conditions={"the flag is off": "https://flags.example/1"},
        seq=11,
    )
    return replace(one, **changes)


def standing(*things: Freeze | Bullet | Override | Waiver | Release) -> Standing:
    """A standing in which these stand."""
    return Standing(
        freezes={one.id: one for one in things if isinstance(one, Freeze)},
        bullets={one.id: one for one in things if isinstance(one, Bullet)},
        overrides={one.id: one for one in things if isinstance(one, Override)},
        waivers={one.id: one for one in things if isinstance(one, Waiver)},
        releases={one.id: one for one in things if isinstance(one, Release)},
    )


shares = st.fractions(min_value=-3, max_value=1, max_denominator=1000)
amounts = st.one_of(st.just(NO_DATA), shares)
windows = st.sampled_from([None, RollingWindow(seconds=7 * 86400)])
ends = st.integers(min_value=NOW - 100, max_value=NOW + 100)
changes = st.sampled_from(CHANGE_CLASSES)


@st.composite
def conditions(draw: st.DrawFn) -> Condition:
    """Any condition of a clause."""
    burn = draw(st.one_of(st.none(), st.fractions(min_value=1, max_value=20, max_denominator=10)))
    return Condition(
        state=draw(st.one_of(st.none(), st.sampled_from(STATES))),
        remaining_below=draw(st.one_of(st.none(), shares)),
        burn_above=burn,
        burn_over=None if burn is None else 3600,
        window=draw(windows),
    )


clauses = st.builds(
    Clause,
    when=conditions(),
    changes=st.lists(changes.filter(lambda one: one != "rollback"), min_size=1, unique=True).map(tuple),
    consequence=st.sampled_from(CONSEQUENCES),
    because=st.sampled_from(["", "we agreed so"]),
)
policies = st.builds(
    ErrorBudgetPolicy,
    name=st.just("green-yellow-red"),
    clauses=st.lists(clauses, max_size=4).map(tuple),
    freeze=st.sampled_from(FREEZE_MODELS),
    without_data=st.sampled_from(CONSEQUENCES),
    exceptions=st.builds(Exceptions, silver_bullets=st.integers(0, 3)),
    revisit=st.sampled_from([None, date(2027, 1, 1)]),
).map(signed)


@st.composite
def numbers(draw: st.DrawFn) -> SloNumbers:
    """Any numbers of an SLO."""
    return SloNumbers(
        state=draw(st.one_of(st.none(), st.sampled_from(STATES))),
        remaining=draw(amounts),
        over={"7d": draw(amounts)},
        burns={3600: draw(st.one_of(st.just(NO_DATA), st.fractions(0, 30, max_denominator=10)))},
    )


any_facts = st.builds(
    facts,
    as_of=st.sampled_from([None, NOW - 60]),
    clauses=st.builds(
        ClauseFacts, slos=st.dictionaries(st.sampled_from([SLO, "checkout/latency"]), numbers())
    ),
    sources=st.sampled_from(
        [(), (SourceFact(slo=SLO, word="fresh"),), (SourceFact(slo=SLO, word="late", reason="r"),)]
    ),
    progress=st.sampled_from([(), (Progress(freeze="freeze-1", text="half", earliest=NOW + 86400),)]),
    comebacks=st.sampled_from([(), (Comeback(slo=SLO, earliest=NOW + 3600),)]),
    dependencies=st.sampled_from([(), (DependencyFact(service="mail", state="red"),)]),
    shadow=st.booleans(),
)


@st.composite
def standings(draw: st.DrawFn) -> Standing:
    """Any standing, with exceptions before, in and after their time, and for others."""
    things: list[Any] = []
    if draw(st.booleans()):
        things.append(
            freeze(
                model=draw(st.sampled_from(FREEZE_MODELS)),
                clause=draw(st.integers(0, 4)),
                end=draw(st.one_of(st.none(), ends)),
            )
        )
    for make in (bullet, override, waiver, release):
        if draw(st.booleans()):
            things.append(make(end=draw(ends), service=draw(st.sampled_from(["checkout", "search"]))))
    return standing(*things)


asks = st.builds(
    ask,
    change=changes,
    environment=st.sampled_from(["production", "staging"]),
    change_id=st.sampled_from(["", "pr-12", "pr-13"]),
    shadow=st.booleans(),
)
