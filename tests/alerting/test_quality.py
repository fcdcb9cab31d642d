"""Alert quality: each page with the newest word about it, and how fast it found what was wrong."""

from __future__ import annotations

from fractions import Fraction

from allowance.alerting.quality import Paged, Word, quality, worth
from allowance.core.counts import NO_DATA

A, B = "checkout/availability/page", "checkout/latency/page"


def word(signature: str, at: int, disposition: str) -> Word:
    return Word(signature=signature, at=at, disposition=disposition)


def test_nothing_said_is_no_share() -> None:
    found = quality([], [])
    assert (found.pages, found.said, found.share, found.find) == (0, 0, NO_DATA, NO_DATA)
    assert quality([Paged(signature=A, at=10)], []).share == NO_DATA


def test_the_newest_word_about_each_page_counts() -> None:
    pages = [
        Paged(signature=A, at=100, delay=120),
        Paged(signature=A, at=500),
        Paged(signature=B, at=300, delay=60),
        Paged(signature=B, at=900, delay=600),
    ]
    words = [
        word(A, 110, "false_positive"),
        word(A, 120, "actionable_manual"),
        word(A, 600, "noise_flapping"),
        word(B, 310, "actionable_automated"),
    ]
    assert [worth(one, pages, words) for one in pages] == ["real", "noise", "real", "unsaid"]
    found = quality(pages, words)
    assert (found.pages, found.real, found.noise, found.share) == (4, 2, 1, Fraction(2, 3))
    assert (found.found, found.find) == (3, 120)


def test_tests_and_doubles_are_no_pages() -> None:
    pages = [Paged(signature=A, at=100), Paged(signature=A, at=500)]
    found = quality(pages, [word(A, 130, "test"), word(A, 510, "duplicate")])
    assert (found.pages, found.said) == (0, 0)


def test_a_word_is_never_about_a_later_page() -> None:
    pages = [Paged(signature=A, at=100), Paged(signature=A, at=500)]
    assert [worth(one, pages, [word(A, 400, "actionable_manual")]) for one in pages] == ["real", "unsaid"]
    assert worth(pages[0], pages, [word(B, 400, "actionable_manual")]) == "unsaid"
