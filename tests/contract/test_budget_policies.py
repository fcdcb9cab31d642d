"""Error-budget policies: presets, clauses, and signatures over one exact version."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from allowance.contract.budget_policy import (
    ROLES,
    Condition,
    ErrorBudgetPolicy,
    Exceptions,
    FreezeEnd,
    Signature,
    Thresholds,
)
from allowance.contract.expressions import parse_expression, spans
from allowance.contract.policies import POLICIES
from allowance.contract.signing import in_force, missing_roles, policy_hash, signed_by
from allowance.core.problem import ProblemError
from tests.contract.reading import contract_of, only_problem


def policy(spec: str) -> str:
    return f"apiVersion: allowance/v1\nkind: ErrorBudgetPolicy\nmetadata: {{name: ours}}\nspec:\n{spec}"


FULL = policy(
    """\
  version: "3"
  states: {yellowBelow: 60%, redAt: 0%, margin: 5%}
  clauses:
    - {when: yellow, hold: [experiment], because: half is gone}
    - {when: {burnAbove: 10, over: 1h, remainingBelow: 25%, window: 7d}, deny: [feature, config], handBack: true}
  freeze: governance
  withoutData: allow
  exceptions: {silverBullets: 3, per: year, expires: 4h, approvers: [business, product], twoPeople: false,
    postmortemWithin: 5d, dependencies: lenient}
  postmortemAbove: 10%
  escalation: cto
  revisit: 2027-02-01
"""
)


def read_policy(text: str) -> ErrorBudgetPolicy:
    return contract_of(text).budget_policies[0]


def test_everything_can_be_said() -> None:
    ours = read_policy(FULL)
    assert ours.thresholds == Thresholds(
        yellow_below=Fraction(3, 5), red_at=Fraction(0), margin=Fraction(1, 20)
    )
    yellow, burning = ours.clauses
    assert yellow.when == Condition(state="yellow")
    assert (yellow.consequence, yellow.changes) == ("hold", ("experiment",))
    assert burning.when.burn_above == 10
    assert burning.when.remaining_below == Fraction(1, 4)
    assert burning.hand_back
    assert ours.exceptions == Exceptions(
        silver_bullets=3,
        per="year",
        expires=4 * 3600,
        approvers=("business", "product"),
        two_people=False,
        postmortem_within=5 * 86400,
        dependencies="lenient",
    )
    assert (ours.freeze, ours.without_data, ours.escalation) == ("governance", "allow", "cto")
    assert ours.revisit == date(2027, 2, 1)


def test_a_preset_is_where_to_begin() -> None:
    ours = read_policy(policy("  preset: workbook-four-weeks\n  freeze: soft\n"))
    preset = POLICIES["workbook-four-weeks"]
    assert ours.clauses == preset.clauses
    assert (ours.name, ours.freeze) == ("ours", "soft")


@pytest.mark.parametrize("name", POLICIES)
def test_presets_are_explained_and_never_stop_a_rollback(name: str) -> None:
    preset = POLICIES[name]
    assert preset.description
    assert not in_force(preset)
    for clause in preset.clauses:
        assert clause.because
        assert clause.consequence == "allow" or "rollback" not in clause.changes


@pytest.mark.parametrize(
    ("spec", "path"),
    [
        ("  preset: green-yelow-red\n", "spec.preset"),
        ("  freeze: hard\n", "spec.clauses"),
        ("  clauses: [{when: orange, deny: [feature]}]\n", "spec.clauses[0].when"),
        ("  clauses: [{deny: [feature]}]\n", "spec.clauses[0].when"),
        ("  clauses: [{when: red}]\n", "spec.clauses[0]"),
        ("  clauses: [{when: red, deny: [feature], hold: [config]}]\n", "spec.clauses[0]"),
        ("  clauses: [{when: red, deny: [features]}]\n", "spec.clauses[0].deny"),
        ("  clauses: [{when: red, deny: [rollback]}]\n", "spec.clauses[0].deny"),
        ("  clauses: [{when: {burnAbove: 10}, deny: [feature]}]\n", "spec.clauses[0].when.over"),
        ("  preset: graduated\n  states: {yellowBelow: 0%, redAt: 10%}\n", "spec.states"),
        ("  preset: graduated\n  revisit: soon\n", "spec.revisit"),
        ("  preset: graduated\n  freezeUntil: {for: 1d}\n", "spec.freezeUntil.remainingAbove"),
        ("  preset: graduated\n  withoutData: {rollback: deny}\n", "spec.withoutData.rollback"),
        ("  preset: graduated\n  withoutData: {features: deny}\n", "spec.withoutData.features"),
        ("  clauses: [{when: red, deny: [feature], handBack: Some Body}]\n", "spec.clauses[0].handBack"),
        ("  clauses: [{when: rde < 1, deny: [feature]}]\n", "spec.clauses[0].when"),
        (
            "  preset: graduated\n  signatures: [{role: cto, by: x, on: 2026-01-01, hash: y}]\n",
            "spec.signatures[0].role",
        ),
    ],
)
def test_faults_and_their_places(spec: str, path: str) -> None:
    assert only_problem(policy(spec)).where.path == path


def signed(ours: ErrorBudgetPolicy, *roles: str) -> ErrorBudgetPolicy:
    digest = policy_hash(ours)
    return replace(
        ours,
        signatures=tuple(
            Signature(role=role, by=f"the {role}", on=date(2026, 11, 1), hash=digest)
            for role in ROLES
            if role in roles
        ),
    )


def test_a_policy_is_in_force_when_all_three_signed_this_version() -> None:
    ours = read_policy(FULL)
    assert missing_roles(ours) == ROLES
    two = signed(ours, "product", "engineering")
    assert signed_by(two) == {"product", "engineering"}
    assert missing_roles(two) == ("business",)
    assert in_force(signed(ours, *ROLES))


def test_a_changed_policy_needs_new_signatures() -> None:
    ours = signed(read_policy(FULL), *ROLES)
    assert in_force(replace(ours, display_name="Our policy"))
    assert not in_force(replace(ours, thresholds=Thresholds(yellow_below=Fraction(7, 10))))
    assert not in_force(replace(ours, revisit=date(2028, 1, 1)))
    assert not in_force(replace(ours, clauses=ours.clauses[:1]))
    assert not in_force(
        replace(ours, clauses=(replace(ours.clauses[0], because="other words"), *ours.clauses[1:]))
    )


def test_the_hash_does_not_depend_on_where_or_how_it_is_written() -> None:
    short = read_policy(policy("  preset: green-yellow-red\n"))
    full = read_policy(policy("  preset: green-yellow-red\n  freeze: hard\n  states: {yellowBelow: 0.5}\n"))
    assert policy_hash(short) == policy_hash(full)
    assert len(policy_hash(short)) == 64


def test_what_was_signed_before_a_field_existed_stays_signed() -> None:
    # The hash as it was before policies could say dwell, freezeUntil, expressions, rotations, withoutData by class.
    first = "db019d4a015e6f60c4f8577ff2f64ce94a9c374d823641a6ccc94a6dcbaac010"
    assert policy_hash(POLICIES["green-yellow-red"]) == first


def test_how_a_freeze_ends_and_who_gets_the_pager() -> None:
    ours = read_policy(
        policy(
            """\
  preset: change-lock
  freezeUntil: {remainingAbove: 20%, for: 12h}
  states: {dwell: 30m}
  withoutData: {default: hold, p0: allow}
  clauses: [{when: red, deny: [feature], handBack: payments-developers}]
"""
        )
    )
    assert ours.freeze_until == FreezeEnd(remaining_above=Fraction(1, 5), during=12 * 3600)
    assert ours.thresholds.dwell == 1800
    assert (ours.without("p0"), ours.without("feature")) == ("allow", "hold")
    assert (ours.clauses[0].hand_back, ours.clauses[0].rotation) == (True, "payments-developers")


@pytest.mark.parametrize(
    "text",
    [
        "remaining < 0.1 && tier <= 1",
        "state == 'red' || burn['1h'] > 14.4",
        "['a', 'b'].exists(x, labels['team'] == x)",
        "hour >= 9 && hour < 17 && weekday in [1, 2, 3, 4, 5]",
        "'team' in labels && labels['team'].startsWith('pay')",
    ],
)
def test_expressions_that_may_be_written(text: str) -> None:
    assert parse_expression(text) == text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("remaining < 0.1 &&" + " true &&" * 200 + " true", "characters"),
        ("(" * 21 + "true" + ")" * 21, "nested"),
        ("[1].exists(x, [1].exists(y, x == y))", "loop inside a loop"),
        ("budget < 0.1", "nobody knows budget"),
        ("open('x') == 1", "no function open"),
        ("burn > 2.0", "span in quotes"),
        ("burn[hour] > 2.0", "span in quotes"),
        ("burn['one hour'] > 2.0", "duration"),
        ("remaining < 0.1)", "closes nothing"),
        ("(remaining < 0.1", "missing"),
        ("remaining < `0`", "cannot stand here"),
    ],
)
def test_expressions_that_may_not(text: str, said: str) -> None:
    with pytest.raises(ProblemError, match=said):
        parse_expression(text)


def test_an_expression_names_its_spans() -> None:
    assert spans("burn['1h'] > 6.0 && burn[\"5m\"] > 6.0 && burn['60m'] > 1.0") == (300, 3600)
