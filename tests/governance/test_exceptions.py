"""Releases, waivers, overrides and bankruptcies: reasoned, ending, by the right people, and never a change of counts."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.contract.indicator import PromRatio
from allowance.contract.model import Dependency, Service, Slo
from allowance.core.counts import NO_DATA, NoData
from allowance.core.duration import DAY, HOUR
from allowance.core.problem import ProblemError
from allowance.core.window import RollingWindow
from allowance.governance import bankruptcies, obligations, overrides, releases, waivers
from allowance.governance.bankruptcies import BankruptcyAsk, SprintItem, epochs
from allowance.governance.conditions import check_of, evidence_of, unmet
from allowance.governance.facts import Freeze, Standing
from allowance.governance.fold import fold
from allowance.governance.in_force import in_force
from allowance.governance.overrides import OverrideAsk
from allowance.governance.pending import Person
from allowance.governance.releases import ReleaseAsk
from allowance.governance.waivers import Ground, WaiverAsk
from tests.governance.ruling import ADA, BOT, EVE, PAT, START, ZOE, Book, policy

Burns = Callable[[int], Mapping[str, Fraction | NoData]]


def burning(rate: Fraction | NoData) -> Burns:
    return lambda seconds: {"checkout/availability": rate}


def launch(**changes: object) -> ReleaseAsk:
    fields: dict[str, object] = {
        "service": "checkout",
        "change": "PR-9",
        "environment": "production",
        "seconds": DAY,
        "plan": "behind a flag, off by default, one per cent first",
        "conditions": (*releases.USUAL, "burn below 2 over 1h"),
    }
    return ReleaseAsk(**fields | changes)  # type: ignore[arg-type]


def granted(book: Book) -> str:
    book.act(lambda s: releases.ask_release(launch(), policy(), s, ADA, may_release=False, now=START))
    book.act(lambda s: releases.approve_release("release-1", policy(), s, PAT, now=START))
    return "release-1"


def test_a_release_is_of_use_once_every_condition_is_met() -> None:
    book = Book()
    id_ = granted(book)

    def open_ones(rate: Fraction | NoData) -> Sequence[str]:
        return unmet(book.standing.releases[id_], burning(rate))

    def show(condition: str, value: str = "") -> None:
        book.act(
            lambda s: releases.show_evidence(id_, condition, "https://ci/7", s, BOT, value=value, now=START)
        )

    assert len(open_ones(Fraction(0))) == 3
    with pytest.raises(ProblemError, match="asks for a value"):
        show("canary share <= 1 %")
    with pytest.raises(ProblemError, match="2 % is above the 1 % of"):
        show("canary share <= 1 %", "2 %")
    with pytest.raises(ProblemError, match="asks for a value"):
        show("canary share <= 1 %", "0.01")
    show("canary share <= 1 %", "0.5 %")
    show(releases.USUAL[0])
    show(releases.USUAL[2])
    with pytest.raises(ProblemError, match="is looked up by the program"):
        show("burn below 2 over 1h")
    assert book.standing.releases[id_].conditions["canary share <= 1 %"] == "0.5 %: https://ci/7"
    assert open_ones(Fraction(19, 10)) == ()
    assert open_ones(Fraction(2)) == ("burn below 2 over 1h: checkout/availability burns 2",)
    assert open_ones(NO_DATA) == ("burn below 2 over 1h: checkout/availability has no data over 1h",)
    assert unmet(book.standing.releases[id_], lambda seconds: {}) != ()


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"plan": " "}, "the plan is missing"),
        ({"conditions": ()}, "has 1 to 20 conditions, not 0"),
        ({"conditions": ("burn below 0 over 1h",)}, "cannot be looked up"),
        ({"conditions": ("burn below 2 over 2d",)}, "cannot be looked up"),
        ({"seconds": 15 * DAY}, "longer than two weeks"),
    ],
)
def test_a_release_that_is_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(ProblemError, match=says):
        releases.ask_release(launch(**changes), policy(), Standing(), ADA, may_release=True, now=START)


def test_who_asked_for_a_release_cannot_grant_it() -> None:
    book = Book()
    book.act(lambda s: releases.ask_release(launch(), policy(), s, PAT, may_release=True, now=START))
    with pytest.raises(ProblemError, match="pat asked for release-1"):
        book.act(lambda s: releases.approve_release("release-1", policy(), s, PAT, now=START))
    alone = policy(two_people=False)
    other = launch(change="PR-10")
    book.act(lambda s: releases.ask_release(other, alone, s, PAT, may_release=True, now=START))
    assert book.standing.releases["release-2"].approved_by == ("pat",)


def test_a_withdrawn_release_ends_at_once() -> None:
    book = Book()
    id_ = granted(book)
    book.act(lambda s: releases.withdraw_release(id_, "the canary failed", s, ADA, now=START + 60))
    assert in_force(book.standing, now=START + 59)
    assert in_force(book.standing, now=START + 60) == ()
    with pytest.raises(ProblemError, match="release-1 ended at"):
        book.act(lambda s: releases.show_evidence(id_, releases.USUAL[0], "x", s, ADA, now=START + 60))


@given(st.text(max_size=40), st.text(max_size=20))
def test_any_words_are_a_condition_or_one_clear_problem(condition: str, value: str) -> None:
    with contextlib.suppress(ProblemError):
        check_of(condition)
        evidence_of(condition, "seen", value)


SLO = Slo(
    name="mails",
    service="shop",
    indicator=PromRatio(total="t", good="g"),
    target=Fraction("0.99"),
    window=RollingWindow(seconds=30 * DAY),
)
SHOP = Service(name="shop", owner="mail-team", slos=(SLO,), dependencies=(Dependency(service="mail"),))


def wish(**changes: object) -> WaiverAsk:
    fields: dict[str, object] = {
        "slo": "shop/mails",
        "dependency": "mail",
        "seconds": 3 * DAY,
        "reason": "the provider was down for two hours",
        "evidence": ("https://git/queue-with-retries",),
    }
    return WaiverAsk(**fields | changes)  # type: ignore[arg-type]


def grant(
    ask: WaiverAsk,
    confidence: Fraction | NoData,
    book: Book | None = None,
    mode: str = "strict",
    own_left: Fraction = Fraction(3, 10),
) -> Book:
    book = book or Book()
    ground = Ground(service=SHOP, slo=SLO, confidence=confidence, own_left=own_left)
    rules = policy(dependencies=mode)
    book.act(lambda s: waivers.grant_waiver(ask, rules, ground, s, PAT, now=START))
    return book


def test_strict_wants_a_mitigation_and_a_sure_attribution() -> None:
    with pytest.raises(ProblemError, match="wants evidence of a mitigation"):
        grant(wish(evidence=(" ",)), Fraction(999, 1000))
    with pytest.raises(ProblemError, match=r"wants 95 % confidence .* it is 94 %"):
        grant(wish(), Fraction(94, 100))
    with pytest.raises(ProblemError, match="nothing of it can be attributed"):
        grant(wish(), NO_DATA)
    with pytest.raises(ProblemError, match=r"without what mail burned, -20 % of the budget of .* by itself"):
        grant(wish(), Fraction(95, 100), own_left=Fraction(-1, 5))
    (one,) = grant(wish(), Fraction(95, 100)).standing.waivers.values()
    assert (one.mode, one.end - one.begin, one.by) == ("strict", 3 * DAY, "pat")


def test_lenient_wants_the_owners_word() -> None:
    with pytest.raises(ProblemError, match="the word of the owner, mail-team"):
        grant(wish(evidence=()), NO_DATA, mode="lenient")
    (one,) = grant(wish(evidence=(), owner="Mail-Team "), NO_DATA, mode="lenient").standing.waivers.values()
    assert one.mode == "lenient"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"dependency": "search"}, "does not name search as a dependency"),
        ({"seconds": 31 * DAY}, "longer than the burn stays in the window"),
        ({"reason": ""}, "the reason is missing"),
    ],
)
def test_a_waiver_that_is_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(ProblemError, match=says):
        grant(wish(**changes), Fraction(1))


def test_one_waiver_at_a_time_and_an_early_end() -> None:
    book = grant(wish(), Fraction(1))
    with pytest.raises(ProblemError, match="waiver-1 holds until"):
        grant(wish(), Fraction(1), book)
    book.act(lambda s: waivers.end_waiver("waiver-1", "it was us", s, PAT, now=START + HOUR))
    assert in_force(book.standing, now=START + HOUR) == ()
    with pytest.raises(ProblemError, match="ended at"):
        book.act(lambda s: waivers.end_waiver("waiver-1", "again", s, PAT, now=START + 2 * HOUR))


def frozen(model: str, end: int | None = None) -> Standing:
    freeze = Freeze(
        id="freeze-1", service="checkout", slo="", begin=START - HOUR, end=end, model=model,  # type: ignore[arg-type]
        policy="shop", clause=1, why="red", by="allowance", ends_when="green", seq=1,
    )  # fmt: skip
    return Standing(freezes={freeze.id: freeze})


def lifting(**changes: object) -> OverrideAsk:
    fields: dict[str, object] = {
        "service": "checkout", "unit": "shop", "freeze": "", "change": "PR-1", "environment": "production",
        "seconds": HOUR, "reason": "the regulator", "memo": {},
    }  # fmt: skip
    return OverrideAsk(**fields | changes)  # type: ignore[arg-type]


def test_only_a_governance_freeze_is_overridden_and_by_another_executive() -> None:
    for standing in (Standing(), frozen("hard"), frozen("governance", end=START)):
        with pytest.raises(ProblemError, match="no governance freeze"):
            overrides.ask_override(lifting(), policy(), standing, EVE, may_override=True, now=START)
    book = Book()
    book.standing = frozen("governance")
    book.act(lambda s: overrides.ask_override(lifting(), policy(), s, EVE, may_override=True, now=START))
    (waits,) = book.standing.pending.values()
    with pytest.raises(ProblemError, match="eve asked for"):
        book.act(lambda s: overrides.approve_override(waits.id, policy(), s, EVE, now=START))
    book.act(lambda s: overrides.approve_override(waits.id, policy(), s, ZOE, now=START))
    (one,) = book.standing.overrides.values()
    assert (one.freeze, one.approved_by, one.end) == ("freeze-1", ("zoe",), START + HOUR)
    assert book.standing.obligations[one.obligation].due == START + 7 * DAY


ITEM = SprintItem(what="load test", owner="ada", due=START + 30 * DAY)
SPENT: dict[str, dict[str, Any]] = {"checkout/availability": {"known": True, "spent": 900}}


def broke(**changes: object) -> BankruptcyAsk:
    fields: dict[str, object] = {
        "service": "checkout",
        "slos": ("checkout/availability",),
        "reason": "a migration went wrong for a week",
        "sprint": (ITEM,),
    }
    return BankruptcyAsk(**fields | changes)  # type: ignore[arg-type]


def sign(book: Book, who: Person, now: int = START, id_: str = "bankruptcy-1") -> None:
    book.act(lambda s: bankruptcies.sign_bankruptcy(id_, SPENT, s, who, now=now))


def test_three_parties_begin_an_epoch_and_the_old_consumption_stays() -> None:
    book = Book()
    book.act(lambda s: bankruptcies.declare_bankruptcy(broke(), s, EVE, now=START))
    with pytest.raises(ProblemError, match="eve has signed for business"):
        sign(book, ZOE)
    sign(book, ADA)
    assert epochs(book.standing) == {}
    with pytest.raises(ProblemError, match="none of the three parties"):
        sign(book, BOT)
    with pytest.raises(ProblemError, match="Ada has signed already"):
        sign(book, Person(name="Ada", party="product"))
    sign(book, PAT, START + 90)
    assert epochs(book.standing) == {"checkout/availability": START + 60}
    (one,) = book.standing.epochs.values()
    assert (one.signed, one.spent_before) == (
        {"business": "eve", "engineering": "ada", "product": "pat"},
        {"known": True, "spent": 900},
    )
    (owed,) = book.standing.obligations.values()
    assert (owed.id, owed.kind, owed.owner, owed.due) == ("bankruptcy-1.1", "sprint", "ada", ITEM.due)
    assert fold(book.entries) == book.standing


def test_no_second_bankruptcy_while_the_first_is_unpaid() -> None:
    book = Book()
    book.act(lambda s: bankruptcies.declare_bankruptcy(broke(), s, EVE, now=START))
    with pytest.raises(ProblemError, match="waits for product, engineering"):
        book.act(lambda s: bankruptcies.declare_bankruptcy(broke(), s, ZOE, now=START))
    for who in (ADA, PAT):
        sign(book, who)
    with pytest.raises(ProblemError, match="the bankruptcy bankruptcy-1 is unpaid"):
        book.act(lambda s: bankruptcies.declare_bankruptcy(broke(), s, EVE, now=START + DAY))
    book.act(lambda s: obligations.done("bankruptcy-1.1", "https://git/77", s, ADA, now=START + DAY))
    book.act(lambda s: bankruptcies.declare_bankruptcy(broke(), s, EVE, now=START + DAY))
    with pytest.raises(ProblemError, match="met at"):
        book.act(lambda s: obligations.done("bankruptcy-1.1", "again", s, ADA, now=START + DAY))


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"sprint": ()}, "none is committed"),
        ({"slos": ()}, "has no SLO"),
        ({"reason": ""}, "the reason is missing"),
        ({"sprint": (SprintItem(what="x", owner="y", due=START),)}, "would be due at"),
        (
            {"sprint": (SprintItem(what="x", owner=" ", due=START + DAY),)},
            "the owner of a sprint item is missing",
        ),
    ],
)
def test_a_bankruptcy_that_is_refused(changes: dict[str, object], says: str) -> None:
    with pytest.raises(ProblemError, match=says):
        bankruptcies.declare_bankruptcy(broke(**changes), Standing(), EVE, now=START)


@given(st.integers(60, DAY), st.integers(60, 30 * DAY), st.integers(-HOUR, 40 * DAY))
def test_nothing_is_in_force_before_its_beginning_or_after_its_end(
    release: int, waiver: int, later: int
) -> None:
    book = Book()
    alone = policy(two_people=False)
    book.act(
        lambda s: releases.ask_release(launch(seconds=release), alone, s, PAT, may_release=True, now=START)
    )
    grant(wish(seconds=waiver), Fraction(1), book)
    found = {one.kind for one in in_force(book.standing, now=START + later)}
    assert ("release" in found) is (0 <= later < release)
    assert ("waiver" in found) is (0 <= later < waiver)
