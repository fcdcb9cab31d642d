"""Risk against reward: from the record, shrunk where it is short, silent where there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.contract.model import Money
from allowance.core.counts import NO_DATA, NoData
from allowance.core.problem import ProblemError
from allowance.governance.risk import (
    Amounts,
    Chance,
    Minutes,
    Question,
    Risk,
    Shipped,
    Tally,
    parse_lift,
    shipped,
    weigh,
)
from allowance.reports.risk_json import risk_json, risk_text, without_floats

DAY = 86400
EURO = Money(amount=Fraction(120), currency="EUR")


@dataclass
class Out:
    service: str
    at: int
    state: str = "ok"


def record(service: str, deploys: int, failed: int, burn: Fraction | NoData = NO_DATA) -> list[Shipped]:
    return [Shipped(service=service, at=n * DAY, failed=n < failed, burn=burn) for n in range(deploys)]


def asked(**changes: object) -> Question:
    fields: dict[str, object] = {
        "service": "checkout",
        "per_minute": EURO,
        "lift": parse_lift("1200 EUR/day"),
    }
    return Question(**fields | changes)  # type: ignore[arg-type]


def chance(found: Risk) -> Chance:
    assert isinstance(found.chance, Chance)
    return found.chance


def test_a_long_record_speaks_for_itself() -> None:
    found = weigh(asked(), record("checkout", 200, 20) + record("search", 50, 0), [])
    assert chance(found).mean == pytest.approx(0.096, abs=0.005)
    assert chance(found).low < 0.1 < chance(found).high
    assert (found.own.deploys, found.everybody.failed) == (200, 0)


def test_a_short_record_is_shrunk_to_everybodys() -> None:
    alone = chance(weigh(asked(), record("checkout", 2, 1) + record("search", 98, 2), []))
    assert alone.mean == pytest.approx((0.025 * 10 + 1) / 12, abs=0.003), "not 50 %"
    none = chance(weigh(asked(), record("search", 100, 2), []))
    assert none.mean == pytest.approx(2.5 / 101)


def test_deploys_into_a_burning_budget_are_a_record_of_their_own() -> None:
    calm, hot = Fraction(1, 10), Fraction(3)
    mixed = record("checkout", 40, 0, calm) + record("checkout", 20, 10, hot)
    now_hot = weigh(asked(burn=Fraction(5)), mixed, [])
    now_calm = weigh(asked(burn=Fraction(0)), mixed, [])
    assert (now_hot.hot, now_hot.at_burn.deploys, now_hot.at_burn.failed) == (True, 20, 10)
    assert (now_calm.hot, now_calm.at_burn.deploys) == (False, 40)
    assert chance(now_hot).mean > 3 * chance(now_calm).mean


def test_deploys_of_the_same_class_are_a_record_of_their_own() -> None:
    features = [replace(one, change="feature") for one in record("checkout", 40, 12)]
    fixes = [replace(one, change="hotfix") for one in record("checkout", 40, 0)]
    some = [*features, *fixes, *record("checkout", 5, 0)]
    any_, feature, hotfix, config = (
        weigh(asked(change=change), some, []) for change in (None, "feature", "hotfix", "config")
    )
    assert (any_.alike, feature.alike) == (NO_DATA, Tally(deploys=40, failed=12))
    assert chance(hotfix).mean < chance(any_).mean < chance(feature).mean
    assert chance(config) == chance(any_), "no deploy of this class is on record, so all of them count"
    assert any("no config among its deploys" in one for one in config.missing)
    assert "of these feature" in risk_text(risk_json(feature))
    assert "12 of 40 failed" in risk_text(risk_json(feature))


def test_too_little_data_says_so_and_states_no_chance() -> None:
    found = weigh(asked(), record("checkout", 9, 1), [(0, Fraction(5))])
    assert (found.chance, found.loss, found.days) == (NO_DATA, NO_DATA, NO_DATA)
    told = risk_json(found)
    assert told["chance"] is None
    assert (
        told["sentence"] == "Too little data: too few deploys to state a chance: 9 on record, 10 are needed."
    )


def test_loss_and_lift() -> None:
    spells = [(60, Fraction(10)), (DAY + 60, Fraction(30)), (900 * DAY, Fraction(500))]
    found = weigh(asked(), record("checkout", 50, 5), spells)
    assert found.minutes == Minutes(usual=Fraction(20), least=Fraction(10), most=Fraction(30), n=2)
    assert isinstance(found.loss, Amounts)
    assert isinstance(found.days, Amounts)
    assert found.loss.usual == pytest.approx(chance(found).mean * 20 * 120)
    assert found.loss.low < found.loss.usual < found.loss.high
    assert found.days.usual == pytest.approx(found.loss.usual / 1200)
    assert found.missing == ("no burn rate now, so all its deploys count alike",)
    text = risk_text(risk_json(found))
    assert "5 of 50 failed" in text
    assert "the declared lift has paid for that after" in text


def test_what_is_not_known_is_said() -> None:
    found = weigh(asked(per_minute=None, lift=None), record("checkout", 50, 5), [])
    assert len(found.missing) == 4
    other = weigh(asked(lift=parse_lift("10 USD/hour")), record("checkout", 50, 5), [])
    assert "the lift is in USD, the minutes in EUR" in other.missing
    assert other.days == NO_DATA


@pytest.mark.parametrize(
    ("text", "a_day"),
    [("1200 EUR/day", 1200), ("50 EUR/hour", 1200), ("8400 EUR/week", 1200), ("36000 EUR / month", 1200)],
)
def test_a_lift_is_read_as_money_a_day(text: str, a_day: int) -> None:
    assert parse_lift(text) == Money(amount=Fraction(a_day), currency="EUR")


@pytest.mark.parametrize("text", ["", "1200 EUR", "1200 EUR/year", "EUR/day"])
def test_what_is_no_lift(text: str) -> None:
    with pytest.raises(ProblemError):
        parse_lift(text)


def test_a_deploy_that_is_taken_back_failed_and_taking_back_is_none() -> None:
    out = [Out("a", 10), Out("b", 15), Out("a", 20, "rolled-back"), Out("a", 30, "failed"), Out("a", 5)]
    found = shipped(out, [NO_DATA] * 5)
    assert [(one.service, one.at, one.failed) for one in found] == [
        ("a", 5, False),
        ("a", 10, True),
        ("b", 15, False),
        ("a", 30, True),
    ]


@given(
    st.integers(0, 60), st.integers(0, 60), st.integers(0, 60), st.integers(0, 60),
    st.lists(st.fractions(0, 1000), max_size=5),
)  # fmt: skip
def test_every_chance_is_an_interval_with_its_middle_inside(
    own: int, own_failed: int, others: int, others_failed: int, spells: list[Fraction]
) -> None:
    everything = record("checkout", own, min(own, own_failed)) + record(
        "x", others, min(others, others_failed)
    )
    found = weigh(asked(), everything, [(n * DAY + 60, one) for n, one in enumerate(spells)])
    if own + others < 10:
        assert found.chance == NO_DATA
    else:
        one = chance(found)
        assert 0 <= one.low <= one.high <= 1
        assert 0 < one.mean < 1
    if isinstance(found.loss, Amounts):
        assert 0 <= found.loss.low <= found.loss.high
    assert not any(isinstance(part, float) for part in _parts(without_floats(risk_json(found))))


def _parts(value: object) -> list[object]:
    if isinstance(value, dict):
        return [inside for part in value.values() for inside in _parts(part)]
    if isinstance(value, list):
        return [inside for part in value for inside in _parts(part)]
    return [value]
