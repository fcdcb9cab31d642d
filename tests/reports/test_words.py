"""The answer in words, word by word."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

from allowance.budget.analysis import Analysis, analyse
from allowance.contract.rules import BurnRule
from allowance.core.buckets import Buckets, empty
from allowance.core.duration import DAY
from allowance.reports.health import health_of
from allowance.reports.words import headline, sentences
from allowance.signals.measured import SourceFacts
from tests.budget.histories import even
from tests.reports.analyses import FACTS, WORDING, Parts, any_parts, month, question

CLEAN = replace(FACTS, malformed=0, samples=(), notes=())


def spread(good: int, total: int, days: int = 1) -> Buckets:
    """So many events, evenly over some days of 10 minutes each, the bad ones last."""
    each = np.full(days * 10, total // (days * 10))
    each[0] += total - int(each.sum())
    bad = np.zeros_like(each)
    left = total - good
    for place in range(len(each) - 1, -1, -1):
        bad[place] = min(left, each[place])
        left -= int(bad[place])
    return Buckets(start=0, step=60, good=each - bad, total=each)


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\u00a0", " ")


def said(whole: Analysis, facts: SourceFacts = CLEAN) -> tuple[str, ...]:
    return tuple(plain(text) for text in sentences(whole, facts, WORDING))


@pytest.mark.parametrize(
    ("good", "total", "target", "words", "health"),
    [
        (10_041, 10_049, "0.999", "Promise kept: 99.92 % of 10 049 requests were good, 20 % of the budget is left", "watch"),
        (10_049, 10_049, "0.999", "Promise kept: all 10 049 requests were good, the whole budget is left", "ok"),
        (10_044, 10_049, "0.999", "Promise kept: 99.95 % of 10 049 requests were good, 50 % of the budget is left", "ok"),
        (999, 1000, "0.999", "Promise kept: 99.90 % of 1 000 requests were good, the budget is spent exactly", "watch"),
        (9_999, 100_000, "0.999", "Promise broken: 10.00 % of 100 000 requests were good, the budget is spent 900 times over", "broken"),
        (84_536, 84_620, "0.9995", "Promise broken: 99.90 % of 84 620 requests were good, 199 % of the budget is spent", "broken"),
        (99_899, 100_000, "0.999", "Promise broken: 99.899 % of 100 000 requests were good, 101 % of the budget is spent", "broken"),
        (999_998_999, 10**9, "0.999999", "Promise broken: 99.9998999 % of 1 000 000 000 requests were good, the budget is just overspent", "broken"),
        (999_999_999, 10**9, "0.99", "Promise kept: 99.9999999 % of 1 000 000 000 requests were good, more than 99 % of the budget is left", "ok"),
        (0, 40, "0.9", "Promise broken: all 40 requests failed, the budget is spent 10 times over", "broken"),
        (212, 212, "0.999", "Too little traffic to say: all 212 requests were good, but a single failure would cost 4.7 budgets", "too little"),
        (211, 212, "0.999", "Too little traffic to say: 99.53 % of 212 requests were good, and a single failure is 4.7 budgets", "too little"),
        (1, 1, "0.9", "Too little traffic to say: the only request was good, but a single failure would cost 10.0 budgets", "too little"),
        (485, 500, "0.999", "Promise broken: 97.00 % of 500 requests were good, the budget is spent 30 times over", "broken"),
    ],
)  # fmt: skip
def test_headlines(good: int, total: int, target: str, words: str, health: str) -> None:
    asked = replace(question(target), rules=())
    whole = analyse(spread(good, total), asked)
    assert plain(headline(whole, WORDING)) == words
    assert health_of(whole) == health


def test_a_page_that_fires_puts_a_kept_promise_on_watch() -> None:
    rule = BurnRule(severity="page", share=question().rules[0].share, long=3600, short=300)
    burning = even(2000, 1000, {range(1960, 2000): 30})
    whole = analyse(burning, replace(question(), rules=(rule,)))
    assert plain(headline(whole, WORDING)).startswith("Promise kept: 99.94 %")
    assert health_of(whole) == "watch"
    assert any("At the end 1h/5m still fires." in text for text in said(whole))
    logged = replace(rule, severity="log")
    assert health_of(analyse(burning, replace(question(), rules=(logged,)))) == "ok"


def test_what_a_reader_must_know_of_a_month() -> None:
    whole = analyse(month(), question())
    told = said(whole, FACTS)
    assert told[0] == "The promise: 99.90 % of requests are good over 30 d. Good means status < 500."
    budget = whole.windows[0].budget
    assert told[1].startswith(f"{budget.spent:,} of {round(budget.allowed):,} allowed".replace(",", " "))
    assert "of full outage at the traffic of this window" in told[1]
    assert "18 Oct" in told[2]
    assert told[3].startswith("The alert rules would have sent 1 page and ")
    assert told[-1] == "12 lines of 1 204 332 could not be read (< 0.1 %)."


def test_a_history_that_is_shorter_than_its_window_says_so() -> None:
    told = said(analyse(even(3 * 1440, 5, {range(10): 1}, start=month().end - 3 * DAY), question("0.99")))
    assert "The data cover 3 d of the 30 d: they begin only on 29 Oct 2026 00:00 UTC." in told


def test_an_overspent_budget_is_counted_in_failures_and_in_outage() -> None:
    whole = analyse(even(1000, 100, {range(500, 510): 100}), replace(question("0.999"), rules=()))
    assert (
        said(whole)[1]
        == "1 000 failed where 100 were allowed: 900 too many, as much as 9 min of full outage."
    )


def test_no_data_says_where_to_look() -> None:
    nothing = analyse(empty(), question())
    assert headline(nothing, WORDING) == "No data: not one request was measured"
    assert "1 204 332 lines were read as nginx combined, and none of them counts." in said(nothing)
    assert "The source is empty." in said(nothing, SourceFacts(format="csv"))[1]
    far = analyse(even(10, 10, {}), question(instants=(400 * DAY,)))
    assert (
        plain(headline(far, WORDING)) == "No data in this window: all 100 requests were measured outside it"
    )


@settings(max_examples=60)
@given(any_parts())
def test_every_sentence_is_one(made: Parts) -> None:
    whole, facts, wording = made["whole"], made["facts"], made["wording"]
    first = headline(whole, wording)
    assert first[0].isupper()
    assert not first.endswith(".")
    for text in sentences(whole, facts, wording):
        assert text.endswith(".")
        assert "  " not in text
        assert text[0].isupper() or text[0].isdigit()
