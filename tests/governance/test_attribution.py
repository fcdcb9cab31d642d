"""Who was hurt and who caused it: exact sums, and a confidence that chance does not reach."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.core.buckets import Buckets
from allowance.core.counts import NO_DATA, NoData
from allowance.core.window import Span
from allowance.governance.attribution import Attribution, Cause, attribute
from allowance.governance.fault_windows import by_chance, covered, fault_share, faults, on_grid, runs, surges

MIN, START = 60, 1_790_000_040 - 1_790_000_040 % 86400
TARGET = Fraction("0.999")


def history(bad: dict[range, int], minutes: int = 1000, per_minute: int = 100, start: int = START) -> Buckets:
    """Even traffic with so many bad events in each minute of some ranges."""
    total = np.full(minutes, per_minute, dtype=np.int64)
    good = total.copy()
    for where, count in bad.items():
        good[where.start : where.stop] -= count
    return Buckets(start=start, step=MIN, good=good, total=total)


def over(minutes: int = 1000) -> Span:
    return Span(begin=START, end=START + minutes * MIN)


def mail(windows: tuple[Span, ...], **changes: object) -> Cause:
    return Cause(kind="dependency", name="mail", windows=windows, **changes)  # type: ignore[arg-type]


def test_faults_are_minutes_that_burn_ten_times_too_fast_and_gaps_of_one_are_closed() -> None:
    buckets = history({range(10, 12): 2, range(13, 15): 5, range(30, 31): 1})
    assert fault_share(TARGET) == Fraction(1, 100)
    assert faults(buckets, TARGET, over()) == (Span(begin=START + 10 * MIN, end=START + 15 * MIN),)
    assert fault_share(Fraction("0.9")) == Fraction(1, 2)


def test_an_outage_of_the_mail_provider_is_found_with_its_part() -> None:
    ours = history({range(0, 1000, 1): 1, range(400, 520): 60})
    provider = history({range(400, 520): 90})
    windows = faults(provider, Fraction("0.99"), over())
    found = attribute("shop/mails", TARGET, {"": ours}, [mail(windows)], over())
    (part,) = found.parts
    # 880 minutes x 1 bad and 120 x 61; the window and a minute after it: 121 minutes of which 1 x 100 is usual
    assert (found.counts.bad, part.inside, part.expected) == (1000 + 7200, 7200 + 121, 121)
    assert (part.bad, found.unattributed) == (7200, 1000)
    assert part.confidence == 1 - Fraction(2, 1000), "of 1000 shifts this one and its neighbour cover as much"
    assert found.share(part) == Fraction(7200, 8200)


def test_time_before_the_first_event_is_no_evidence() -> None:
    """Ten hours of data in a window of 30 days: only shifts inside the ten hours count."""
    ours, provider = history({range(400, 460): 60}, 600), history({range(400, 460): 90}, 600)
    long = Span(begin=START - 30 * 86400, end=START + 600 * MIN)
    windows = faults(provider, TARGET, long)
    (part,) = attribute("shop/mails", TARGET, {"": ours}, [mail(windows)], long).parts
    assert part.confidence == 1 - Fraction(2, 600)


def test_what_fails_at_other_times_is_not_attributed() -> None:
    ours = history({range(100, 150): 30})
    elsewhere = faults(history({range(700, 760): 80}), TARGET, over())
    (part,) = attribute("shop/mails", TARGET, {"": ours}, [mail(elsewhere)], over()).parts
    assert (part.bad, part.confidence) == (0, NO_DATA)


def test_windows_that_cover_nearly_everything_prove_nothing() -> None:
    ours = history({range(400, 410): 50})
    always = (Span(begin=START, end=START + 900 * MIN),)
    (part,) = attribute("shop/mails", TARGET, {"": ours}, [mail(always)], over()).parts
    assert isinstance(part.confidence, Fraction)
    assert part.confidence < Fraction(1, 5)


def test_more_causes_that_were_tried_make_each_less_sure() -> None:
    ours = history({range(400, 520): 60})
    real = mail(faults(history({range(400, 520): 90}), TARGET, over()))
    others = [
        Cause(
            kind="dependency",
            name=f"other-{n}",
            windows=(Span(begin=START + n * 600, end=START + n * 600 + 60),),
        )
        for n in range(4)
    ]
    alone = attribute("a/b", TARGET, {"": ours}, [real], over()).of("mail")
    among = attribute("a/b", TARGET, {"": ours}, [real, *others], over()).of("mail")
    assert alone is not None
    assert among is not None
    assert (alone.confidence, among.confidence) == (1 - Fraction(2, 1000), 1 - Fraction(10, 1000))


def test_windows_that_a_person_names_prove_nothing_without_a_signature() -> None:
    ours = history({range(400, 520): 60})
    windows = (Span(begin=START + 400 * MIN, end=START + 520 * MIN),)
    found = attribute("a/b", TARGET, {"": ours}, [mail(windows, basis="declared")], over())
    assert found.parts[0].confidence == NO_DATA
    signed = mail(windows, basis="declared", signature=Fraction(9, 10))
    (part,) = attribute("a/b", TARGET, {"": ours}, [signed], over()).parts
    assert (part.confidence, part.bad) == (Fraction(9, 10), Fraction(9, 10) * 7200)


def test_shared_minutes_are_shared_out() -> None:
    ours = history({range(100, 200): 50})
    one = mail((Span(begin=START + 100 * MIN, end=START + 200 * MIN),))
    two = Cause(kind="version", name="2.14.0", windows=one.windows, basis="deploys")
    found = attribute("a/b", TARGET, {"": ours}, [one, two], over())
    assert [part.bad for part in found.parts] == [2500, 2500]
    assert found.unattributed == 0


def test_a_tenant_that_imports_its_catalogue_is_a_surge() -> None:
    usual = history({}, per_minute=10)
    total = usual.total.copy()
    total[300:360] = 120
    loud = Buckets(start=START, step=MIN, good=total - (total > 10) * 30, total=total)
    assert surges(loud, over()) == (Span(begin=START + 300 * MIN, end=START + 360 * MIN),)
    assert surges(usual, over()) == ()
    quiet = history({range(300, 360): 1}, per_minute=10)
    cause = Cause(kind="tenant", name="globex", windows=surges(loud, over()), basis="traffic")
    found = attribute("payments/charges", TARGET, {"globex": loud, "initech": quiet}, [cause], over())
    assert [(one.group, one.counts.bad) for one in found.hurt] == [("globex", 1800), ("initech", 60)]
    assert found.parts[0].bad == 1860
    assert sum(one.share for one in found.hurt if isinstance(one.share, Fraction)) == 1


def test_without_anything_bad_nothing_is_shared_out() -> None:
    found = attribute("a/b", TARGET, {"": history({})}, [mail((over(10),))], over())
    assert (found.unattributed, found.parts[0].bad, found.parts[0].confidence) == (0, 0, NO_DATA)
    assert found.share(found.parts[0]) == NO_DATA
    nothing = attribute("a/b", TARGET, {}, [mail((over(10),))], over())
    assert (nothing.counts.total, nothing.hurt, nothing.unattributed) == (0, (), 0)


MINUTES = 60
SPANS = st.lists(st.tuples(st.integers(-5, MINUTES), st.integers(1, 20)), max_size=4)


def _world(bad: list[int], windows: list[list[tuple[int, int]]], groups: int) -> Attribution:
    total = np.full(MINUTES, 10, dtype=np.int64)
    parts = {
        f"g{n}": Buckets(
            start=START,
            step=MIN,
            good=total
            - np.array([one if i % groups == n else 0 for i, one in enumerate(bad)], dtype=np.int64),
            total=total,
        )
        for n in range(groups)
    }
    causes = [
        Cause(
            kind="dependency",
            name=f"d{number}",
            windows=tuple(Span(begin=START + b * MIN, end=START + (b + n) * MIN) for b, n in some),
        )
        for number, some in enumerate(windows)
    ]
    return attribute("a/b", TARGET, parts, causes, over(MINUTES))


@given(
    st.lists(st.integers(0, 10), min_size=MINUTES, max_size=MINUTES),
    st.lists(SPANS, max_size=4),
    st.integers(1, 3),
)
def test_both_views_sum_to_the_whole_exactly(
    bad: list[int], windows: list[list[tuple[int, int]]], groups: int
) -> None:
    found = _world(bad, windows, groups)
    assert found.counts.bad == sum(bad)
    assert sum(one.counts.bad for one in found.hurt) == sum(bad)
    assert found.unattributed + sum(one.bad for one in found.parts) == sum(bad)
    assert found.unattributed >= 0
    assert all(0 <= one.bad <= one.inside for one in found.parts)
    assert all(isinstance(one.confidence, NoData) or 0 <= one.confidence < 1 for one in found.parts)


@given(
    st.lists(st.integers(0, 9), min_size=1, max_size=40),
    st.lists(st.booleans(), min_size=40, max_size=40),
)
def test_chance_is_what_counting_every_shift_says(bad: list[int], mask: list[bool]) -> None:
    events, laid = np.array(bad, dtype=np.int64), np.array(mask[: len(bad)])
    found = by_chance(events, laid)
    inside = [int(np.roll(events, -shift)[laid].sum()) for shift in range(len(bad))]
    if not events.sum() or not laid.any():
        assert found == NO_DATA
    else:
        assert found == Fraction(sum(one >= inside[0] for one in inside), len(bad))


@given(st.lists(st.booleans(), max_size=30))
def test_runs_and_covered_agree(mask: list[bool]) -> None:
    laid = np.array(mask, dtype=np.bool_)
    spans = runs(laid, START, MIN)
    back = covered([Span(begin=s.begin, end=s.end - MIN) for s in spans], over(len(mask)), MIN)
    assert back.tolist() == mask, "a window of n - 1 buckets and one after it are n"


@pytest.mark.parametrize("shift", [-30, 0, 30, 2000])
def test_a_history_is_laid_on_the_grid_of_a_span(shift: int) -> None:
    good, total = on_grid(history({range(0, 5): 7}, minutes=50, start=START + shift * MIN), over(60))
    inside = max(0, min(60, shift + 50) - max(0, shift))
    assert (int(total.sum()), len(good)) == (100 * inside, 60)
