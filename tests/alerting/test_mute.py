"""What keeps an alert quiet: labels, time, occurrences, and how fast something may burn in spite of it."""

from __future__ import annotations

from fractions import Fraction
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from allowance.alerting.alert import Mute
from allowance.alerting.mute import held_until, hits, in_force, maintenance_of, matches, next_span
from allowance.alerting.stored import mute_from_plain, mute_to_plain
from allowance.contract.maintenance import MaintenanceRule, Recurrence
from allowance.contract.model import Contract, Service
from allowance.core.counts import NO_DATA
from allowance.core.time import iso, parse_instant

CHECKOUT = {"service": "checkout", "severity": "page"}


def test_all_labels_must_match_and_a_fast_burn_is_heard() -> None:
    mute = Mute(id="S", kind="silence", begin=0, end=100, labels=CHECKOUT, unless_burn_above=6.0)
    assert hits(mute, CHECKOUT | {"slo": "x"}, Fraction(6), now=50)
    assert not hits(mute, CHECKOUT | {"slo": "x"}, Fraction(6001, 1000), now=50)
    assert not hits(mute, {"service": "checkout"}, Fraction(1), now=50)
    assert hits(mute, CHECKOUT, NO_DATA, now=0)
    assert not hits(mute, CHECKOUT, NO_DATA, now=100)


def _weekly(**changes: object) -> Mute:
    rule = Recurrence(rrule="FREQ=WEEKLY;BYDAY=SU;BYHOUR=2", duration=7200, zone=ZoneInfo("Europe/Berlin"))
    fields = {"begin": parse_instant("2026-11-01"), "end": parse_instant("2026-12-01T00:00:00Z")}
    return Mute(id="M", kind="maintenance", repeats=rule, **(fields | changes))  # type: ignore[arg-type]


def test_one_that_repeats_holds_in_its_occurrences_only() -> None:
    inside, outside = parse_instant("2026-11-08T02:00:00Z"), parse_instant("2026-11-08T03:00:00Z")
    assert held_until(_weekly(), now=inside) == parse_instant("2026-11-08T03:00:00Z")
    assert held_until(_weekly(), now=outside) is None
    assert held_until(_weekly(end=inside + 60), now=inside) == inside + 60
    assert held_until(_weekly(), now=parse_instant("2026-12-06T02:00:00Z")) is None
    assert in_force([_weekly()], now=inside) == (_weekly(),)
    assert matches(_weekly(), {}, NO_DATA)


def test_its_next_time_is_known() -> None:
    span = next_span(_weekly(), now=parse_instant("2026-11-08T04:00:00Z"))
    assert span is not None
    assert (iso(span.begin), iso(span.end)) == ("2026-11-15T01:00:00Z", "2026-11-15T03:00:00Z")
    assert next_span(_weekly(), now=parse_instant("2026-11-29T04:00:00Z")) is None


def test_a_contract_plans_its_maintenance_itself() -> None:
    rule = MaintenanceRule(
        recurrence=Recurrence(rrule="FREQ=DAILY;BYHOUR=4", duration=600, zone=ZoneInfo("UTC")),
        reason="the nightly restart",
        unless_burn_above=50.0,
    )
    (mute,) = maintenance_of(Contract(services=(Service(name="checkout", maintenance=(rule,)),)))
    assert (mute.kind, mute.labels, mute.why) == ("maintenance", {"service": "checkout"}, rule.reason)
    assert held_until(mute, now=parse_instant("2026-11-08T04:09:59Z")) is not None
    assert held_until(mute, now=parse_instant("2026-11-08T04:10:00Z")) is None


@given(st.integers(0, 2**31), st.sampled_from(["FREQ=DAILY", "FREQ=MONTHLY;BYMONTHDAY=31;BYHOUR=3"]))
def test_the_next_time_is_the_first_in_which_it_holds(now: int, rule: str) -> None:
    repeats = Recurrence(rrule=rule, duration=3600, zone=ZoneInfo("America/New_York"))
    mute = Mute(id="M", kind="maintenance", begin=0, end=2**40, repeats=repeats)
    span = next_span(mute, now=now)
    if span is None:
        assert now < 1_704_000_000  # before rules are counted
        return
    assert held_until(mute, now=max(now, span.begin)) == span.end
    assert span.begin <= now or held_until(mute, now=now) is None


def test_what_is_kept_in_a_store_comes_back_and_older_rows_too() -> None:
    assert mute_from_plain(mute_to_plain(_weekly())) == _weekly()
    old = mute_to_plain(Mute(id="S", kind="silence", begin=1, end=2))
    del old["repeats"]
    assert mute_from_plain(old) == Mute(id="S", kind="silence", begin=1, end=2)
