"""Silver bullets: finite, two names, bound to one change, ending, and owed for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.core.duration import DAY, HOUR
from allowance.core.problem import ProblemError
from allowance.core.time import iso
from allowance.governance import bullets, obligations
from allowance.governance.facts import Standing
from allowance.governance.fold import fold
from allowance.governance.pending import Person
from allowance.governance.periods import period_name, period_span
from allowance.governance.verdict import Ask
from allowance.governance.verdict_lifts import lifts
from tests.governance.ruling import ADA, BOT, EVE, PAT, START, ZOE, Book, bullet, policy


def asked(book: Book, change: str = "PR-1", now: int = START) -> str:
    (entry,) = book.act(lambda s: bullets.ask_bullet(bullet(change), policy(), s, ADA, now=now))
    return str(entry.payload["id"])


def approved(book: Book, id_: str, now: int = START, who: Person = EVE) -> None:
    book.act(lambda s: bullets.approve_bullet(id_, policy(), s, who, now=now))


def test_two_people_a_memo_and_a_postmortem_owed() -> None:
    book = Book()
    id_ = asked(book)
    assert (id_, dict(book.standing.bullets)) == ("bullet-1", {})
    approved(book, id_, START + 60)
    one = book.standing.bullets[id_]
    assert (one.by, one.approved_by, one.period) == ("ada", ("eve",), "2026-Q3")
    assert (one.begin, one.end) == (START + 60, START + 60 + 4 * HOUR)
    assert one.memo["accepted_by"] == ["ada", "eve"]
    assert one.memo["accepted_until"] == iso(one.end)
    owed = book.standing.obligations[one.obligation]
    assert (owed.kind, owed.of, owed.due, owed.done) == ("postmortem", id_, START + 60 + 7 * DAY, None)
    assert book.standing.pending == {}


@pytest.mark.parametrize(
    ("who", "says"),
    [
        (PAT, "pat speaks for product; the policy wants a yes of business"),
        (BOT, "none of the three parties"),
        (Person(name=" ADA", party="business"), "asked for bullet-1 and cannot approve it"),
    ],
)
def test_who_may_not_approve(who: Person, says: str) -> None:
    book = Book()
    id_ = asked(book)
    with pytest.raises(ProblemError, match=says):
        approved(book, id_, who=who)
    assert book.standing.bullets == {}


def test_one_person_is_enough_only_where_the_policy_says_so() -> None:
    book = Book()
    alone = policy(two_people=False)
    book.act(lambda s: bullets.ask_bullet(bullet(), alone, s, EVE, now=START))
    assert book.standing.bullets["bullet-1"].approved_by == ("eve",)
    book.act(lambda s: bullets.ask_bullet(bullet("PR-2"), alone, s, ADA, now=START))
    assert list(book.standing.pending) == ["bullet-2"], "who asked is of no approving role"


def test_an_answer_that_comes_too_late_spends_nothing() -> None:
    book = Book()
    id_ = asked(book)
    with pytest.raises(ProblemError, match="lapsed at"):
        approved(book, id_, START + DAY)
    assert asked(book, now=START + DAY) == "bullet-2"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"reason": "  "}, "the reason is missing"),
        ({"change": ""}, "the change is missing"),
        ({"seconds": 25 * HOUR}, "longer than the policy allows"),
        ({"seconds": 0}, "no time"),
    ],
)
def test_what_is_refused_before_it_is_asked(changes: dict[str, object], says: str) -> None:
    with pytest.raises(ProblemError, match=says):
        bullets.ask_bullet(bullet(**changes), policy(), Standing(), ADA, now=START)


def test_the_third_of_two_is_refused_until_the_next_quarter() -> None:
    book = Book()
    for change in ("PR-1", "PR-2"):
        approved(book, asked(book, change))
    with pytest.raises(ProblemError, match="has spent 2 of 2 silver bullets in 2026-Q3") as refused:
        asked(book, "PR-3")
    assert "2026-10-01T00:00:00Z" in refused.value.problems[0].hint
    autumn = period_span("quarter", START).end
    for one in list(book.standing.obligations):
        book.act(lambda s, one=one: obligations.done(one, "https://wiki/pm", s, ADA, now=START + DAY))  # type: ignore[misc]
    assert asked(book, "PR-3", autumn) == f"bullet-{len(book.entries)}"


def test_no_next_one_while_the_postmortem_is_overdue() -> None:
    book = Book()
    approved(book, asked(book))
    late = START + 7 * DAY
    with pytest.raises(ProblemError, match=r"owes the postmortem bullet-1\.postmortem since"):
        asked(book, "PR-2", late)
    assert asked(book, "PR-2", late - 1), "it is not overdue before its day"
    with pytest.raises(ProblemError, match="owes the postmortem"):
        approved(book, "bullet-3", late)
    book.act(lambda s: obligations.done("bullet-1.postmortem", "https://wiki/pm-7", s, PAT, now=late))
    assert book.standing.obligations["bullet-1.postmortem"].evidence == "https://wiki/pm-7"
    approved(book, "bullet-3", late)


def test_one_change_takes_one_bullet() -> None:
    book = Book()
    id_ = asked(book)
    with pytest.raises(ProblemError, match="bullet-1 was asked for and waits"):
        asked(book)
    approved(book, id_)
    with pytest.raises(ProblemError, match="bullet-1 holds for this change until"):
        asked(book)


def test_a_dry_run_says_the_price() -> None:
    price = bullets.price(bullet(), policy(), Standing(), now=START)
    assert (price.left_after, price.quota.left, price.quota.period) == (1, 2, "2026-Q3")
    assert (price.ends, price.postmortem_due) == (START + 4 * HOUR, START + 7 * DAY)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["ask", "approve", "close", "wait"]),
        st.integers(0, 4),
        st.sampled_from([ADA, PAT, EVE, ZOE, BOT]),
        st.integers(1, 20 * DAY),
    ),
    max_size=40,
)


@given(STEPS, st.integers(0, 3), st.booleans(), st.sampled_from(["month", "quarter", "year"]))
def test_no_sequence_of_commands_spends_more_than_was_granted(
    steps: list[tuple[str, int, Person, int]], granted: int, two: bool, per: str
) -> None:
    book, now = Book(), START
    rules = policy(silver_bullets=granted, two_people=two, per=per, approvers=("business", "product"))
    for word, number, who, seconds in steps:
        try:
            if word == "ask":
                book.act(
                    lambda s, n=number, w=who, at=now: bullets.ask_bullet(
                        bullet(f"PR-{n}"), rules, s, w, now=at
                    )  # type: ignore[misc]
                )
            elif word == "approve" and book.standing.pending:
                id_ = sorted(book.standing.pending)[number % len(book.standing.pending)]
                book.act(lambda s, i=id_, w=who, at=now: bullets.approve_bullet(i, rules, s, w, now=at))  # type: ignore[misc]
            elif word == "close" and book.standing.obligations:
                id_ = sorted(book.standing.obligations)[number % len(book.standing.obligations)]
                book.act(lambda s, i=id_, w=who, at=now: obligations.done(i, "url", s, w, now=at))  # type: ignore[misc]
            else:
                now += seconds
        except ProblemError:
            continue
    spent: dict[str, int] = {}
    for one in book.standing.bullets.values():
        spent[period_name(rules.exceptions.per, one.begin)] = (
            spent.get(period_name(rules.exceptions.per, one.begin), 0) + 1
        )
        assert one.end - one.begin <= rules.exceptions.expires
        assert not two or one.by not in one.approved_by
        assert one.obligation in book.standing.obligations
    assert all(count <= granted for count in spent.values())
    assert fold(book.entries) == book.standing


@given(st.integers(1, 24 * HOUR), st.integers(-HOUR, 2 * DAY))
def test_a_bullet_lifts_for_its_change_and_never_after_its_end(seconds: int, later: int) -> None:
    book = Book()
    book.act(
        lambda s: bullets.ask_bullet(bullet(seconds=seconds), policy(two_people=False), s, EVE, now=START)
    )
    at = START + later
    ask = Ask(service="checkout", change="feature", change_id="PR-1")
    assert bool(lifts(book.standing, ask, now=at)) is (0 <= later < seconds)
    other = Ask(service="checkout", change="feature", change_id="PR-2")
    assert lifts(book.standing, other, now=at) == ()


@given(st.integers(0, 4_000_000_000))
def test_periods_follow_each_other_without_a_gap(at: int) -> None:
    for per in ("month", "quarter", "year"):
        span = period_span(per, at)  # type: ignore[arg-type]
        assert span.begin <= at < span.end
        assert period_span(per, span.end).begin == span.end  # type: ignore[arg-type]
        assert period_name(per, span.begin) == period_name(per, span.end - 1) != period_name(per, span.end)  # type: ignore[arg-type]
