"""The story that the demo tells is really in its counts."""

from __future__ import annotations

from fractions import Fraction

import pytest

from allowance.budget.budget import budget_at
from allowance.budget.replay import replay
from allowance.contract.factor_rule import FactorRule
from allowance.contract.rules import WORKBOOK
from allowance.core.duration import DAY, HOUR, MINUTE
from allowance.core.window import RollingWindow
from allowance.demo.story import (
    DEPLOYMENTS,
    END,
    FLAPS,
    NOISY_TENANT,
    PROMISES,
    PROVIDER_SHARE,
    START,
    STORY,
    event,
    flaps,
)
from tests.demo.month import TARGETS, counted, folder, payments, within

pytestmark = pytest.mark.xdist_group("month")

MONTH = RollingWindow(seconds=30 * DAY)
PAGE = WORKBOOK[0]


def pages(service: str) -> list[int]:
    """When the one-hour page begins to fire."""
    replayed = replay(counted(service), [PAGE], TARGETS[service], period=MONTH.seconds)
    return [episode.first for episode in replayed.rules[0].episodes]


@pytest.mark.parametrize("service", list(TARGETS))
def test_each_service_has_a_whole_month(service: str) -> None:
    buckets = counted(service)
    assert START <= buckets.start < START + HOUR + 6 * HOUR * (service == "backoffice")
    assert END - 7 * HOUR - DAY < buckets.end <= END


def test_traffic_is_diurnal_and_weekly() -> None:
    shop, office = counted("storefront"), counted("backoffice")
    saturday = START + DAY
    evening = shop.between(saturday + 20 * HOUR, saturday + 21 * HOUR).total
    night = shop.between(saturday + 3 * HOUR, saturday + 4 * HOUR).total
    assert evening > 5 * night
    assert office.between(saturday, saturday + 2 * DAY).total == 0
    assert office.between(saturday + 2 * DAY, saturday + 3 * DAY).total > 5000


def test_the_leak_is_two_in_a_thousand_for_days_and_only_the_slow_ticket_sees_it() -> None:
    leak, search = event("leak"), counted("search")
    for begin in range(leak.begin, leak.end, DAY):
        day = search.between(begin, begin + DAY)
        assert 0.0019 < day.bad / day.total < 0.0021
    before = search.between(START, leak.begin)
    assert before.bad / before.total < 0.0003
    replayed = replay(search, WORKBOOK, TARGETS["search"], period=MONTH.seconds)
    assert replayed.episodes("page") == ()
    tickets = replayed.episodes("ticket")
    assert len(tickets) == 1
    assert leak.begin + DAY < tickets[0].first < leak.begin + 2 * DAY
    budget = budget_at(search, TARGETS["search"], MONTH, now=END)
    during = search.between(leak.begin, leak.end)
    assert Fraction(37, 100) < during.bad / budget.allowed < Fraction(43, 100)


def test_the_bad_deploy_pages_within_minutes_and_stops_at_the_rollback() -> None:
    deploy, checkout = event("bad-deploy"), counted("checkout")
    counts = checkout.between(deploy.begin, deploy.end)
    assert 0.28 < counts.bad / counts.total < 0.32
    first = next(at for at in pages("checkout") if at > deploy.begin)
    assert first <= deploy.begin + 5 * MINUTE
    after = checkout.between(deploy.end, deploy.end + 2 * HOUR)
    assert after.bad <= 1
    assert (deploy.begin, "checkout", "2.14.0") in DEPLOYMENTS
    assert (deploy.end, "checkout", "2.13.1") in DEPLOYMENTS


def test_the_flapping_night_rings_ten_times() -> None:
    night = event("flapping")
    rung = [at for at in pages("storefront") if night.begin <= at < night.end + HOUR]
    assert len(rung) == FLAPS == 10
    for (begin, end), at in zip(flaps(), rung, strict=True):
        assert begin < at <= end + MINUTE


def test_maintenance_closes_the_checkout_and_nothing_else() -> None:
    works = event("maintenance")
    closed = counted("checkout").between(works.begin, works.end)
    assert closed.total > 0
    assert closed.good == 0
    assert counted("storefront").between(works.begin, works.end).bad == 0
    rows = (folder() / "maintenance.csv").read_text().splitlines()
    assert rows[1].startswith("2026-10-18T04:00:00Z,2026-10-18T04:20:00Z,checkout,")


def test_the_slow_evening_shows_in_latency_only() -> None:
    slow = event("slow")
    fast, good = within("storefront", 300), counted("storefront")
    evening = fast.between(slow.begin, slow.end)
    assert 0.03 < evening.bad / evening.total < 0.10
    assert good.between(slow.begin, slow.end).bad <= 2
    assert fast.between(START, slow.begin).bad == 0


def test_the_provider_burns_seventy_percent_of_the_budget() -> None:
    outage, counts = event("provider"), counted("payments")
    budget = budget_at(counts, TARGETS["payments"], MONTH, now=END)
    during = counts.between(outage.begin, outage.end)
    # One event is just under 1 % of what this month allows.
    assert abs(during.bad / budget.allowed - PROVIDER_SHARE) < Fraction(1, 100)
    remaining = budget.remaining
    assert isinstance(remaining, Fraction)
    assert 0 < remaining < Fraction(2, 10)
    assert any(outage.begin < at < outage.begin + 10 * MINUTE for at in pages("payments"))


def test_the_noisy_tenant_causes_most_failures_and_hurts_the_others() -> None:
    noisy = event("noisy-tenant")
    hour = [row for row in payments() if noisy.begin <= row[0] < noisy.end]
    failed = [row for row in hour if row[1] >= 500]
    own = sum(row[3] == NOISY_TENANT for row in failed)
    assert 2 * own > len(failed) > own
    day_before = [row for row in payments() if noisy.begin - DAY <= row[0] < noisy.end - DAY]
    usual = sum(row[3] == NOISY_TENANT for row in day_before)
    assert sum(row[3] == NOISY_TENANT for row in hour) > 12 * usual


def test_the_back_office_is_gold_plated() -> None:
    budget = budget_at(counted("backoffice"), TARGETS["backoffice"], MONTH, now=END)
    assert budget.spent == 0
    assert budget.allowed > 1000
    any_burn = FactorRule(severity="log", factor=Fraction(1, 1000), long=DAY, short=HOUR).on(30 * DAY)
    assert (
        replay(counted("backoffice"), [any_burn], TARGETS["backoffice"], period=MONTH.seconds).episodes("log")
        == ()
    )


def test_every_event_lies_in_the_month_on_whole_minutes_and_speaks_of_a_promised_service() -> None:
    services = {promise.service for promise in PROMISES}
    for item in STORY:
        assert START <= item.begin < item.end <= END
        assert item.begin % MINUTE == item.end % MINUTE == 0
        assert item.service in services
        assert item.what.endswith(".")
        assert item.effect.endswith(".")
