"""Messages as a person on call reads them: what fails, against what is usual, how it began, and what to do first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from allowance.alerting.alert import Notice
from allowance.alerting.lifecycle import Life
from allowance.alerting.plan import Context, Settings, plan
from allowance.budget.evaluate import by_method, evaluate
from allowance.changes.deploys import Deploy, DeployState
from allowance.contract.indicator import Events
from allowance.contract.model import Slo, Timeslices
from allowance.contract.presets import preset
from allowance.contract.rules import WORKBOOK
from allowance.core.buckets import Buckets
from allowance.core.time import parse_instant
from allowance.core.window import RollingWindow
from tests.budget.histories import MIN, even

DAY = 1440
"""Minutes."""
BEGIN = parse_instant("2026-10-19T14:05:00Z")
MONTH = 30 * DAY
END = BEGIN + MONTH * MIN
"""2026-11-18T14:05:00Z."""

SLO = Slo(
    name="availability",
    service="checkout",
    indicator=Events(good="status < 500"),
    target=Fraction(999, 1000),
    window=RollingWindow(seconds=MONTH * MIN),
    rules=WORKBOOK,
    owner="payments",
    runbook="https://runbooks.example.com/checkout",
    journeys=("buy",),
)


def deploy(minutes_before: int, *, state: DeployState = "ok") -> Deploy:
    return Deploy(
        id="d1",
        service="checkout",
        version="2.14.0",
        commit="c0ffee",
        environment="production",
        at=END - minutes_before * MIN,
        state=state,
        source="/ci",
    )


def told(
    slo: Slo, history: Buckets, *, first: int = 10, last: int = 0, deploys: Sequence[Deploy] = ()
) -> list[Notice]:
    """What is told in the minutes from `first` to `last` before the end of the history, one tick after the other."""
    lives: dict[str, Life] = {}
    counted = by_method(slo, history)
    context = Context(
        outcomes={"buy": "Customers pay for what they want."},
        counted=lambda slo_id, group: counted,
        deploys=lambda service, begin, end: [one for one in deploys if begin <= one.at < end],
    )
    notices: list[Notice] = []
    for now in range(history.end - first * MIN, history.end - last * MIN + 1, MIN):
        found = plan([("", evaluate(slo, history, now=now))], lives, [], Settings(), now=now, context=context)
        lives, notices = found.lives, [*notices, *found.notices]
    return notices


def text(notice: Notice) -> str:
    message = notice.message
    return "\n".join(part for part in (message.title, *message.lines, message.first_step) if part) + "\n"


def month(bad: dict[range, int], *, per_minute: int = 100, minutes: int = MONTH) -> Buckets:
    """So many events per minute until the end, one failure in each hundred minutes, and what fails besides."""
    usual = {range(minute, minute + 1): 1 for minute in range(0, minutes - 600, 500)}
    return even(minutes, per_minute, usual | bad, start=END - minutes * MIN)


def test_a_sudden_outage_after_a_deploy() -> None:
    (page,) = told(SLO, month({range(MONTH - 4, MONTH): 30}), deploys=[deploy(7)])
    assert (
        text(page)
        == """\
checkout availability: 18 of 100 requests fail
18 of 100 requests fail in the last 5 min; usual is 2 of 100 000.
Sudden: one step at 2026-11-18 14:01 UTC, from 0 % to 30 % failing.
Suspect: checkout 2.14.0 was deployed at 2026-11-18 13:58 UTC, 3 min before it.
At this pace the budget lasts 4 h; 96 % of the budget is left.
Rule: 2 % of the budget in 1 h. Burn rate 180x over 5 min and 15x over 1 h; the limit is 14.4x.
Fires since 2026-11-18 14:04 UTC.
Users feel it in: buy (Customers pay for what they want).
Roll back checkout 2.14.0 if you can. Open the runbook: https://runbooks.example.com/checkout
"""
    )


def test_a_slow_leak_is_a_ticket_that_says_so() -> None:
    leak = month({range(MONTH - 5 * DAY, MONTH): 2}, per_minute=1000)
    (ticket,) = told(replace(SLO, rules=WORKBOOK[3:], runbook=None), leak, first=DAY * 4)
    assert (
        text(ticket)
        == """\
checkout availability: 2 of 1 000 requests fail
2 of 1 000 requests fail in the last 6 h; usual is 68 of 33 836 000.
Slow: no single step explains the last 3 h.
At this pace the budget lasts 13 d; 88 % of the budget is left.
Rule: 10 % of the budget in 3 d. Burn rate 2x over 6 h and 1x over 3 d; the limit is 1x.
Fires since 2026-11-15 02:01 UTC.
Users feel it in: buy (Customers pay for what they want).
There is no runbook: find the last change.
"""
    )


def test_a_flap_says_that_it_is_not_the_first_one() -> None:
    history = month({range(MONTH - 200, MONTH - 190): 60, range(MONTH - 4, MONTH): 60})
    slo = replace(SLO, rules=WORKBOOK[:1], journeys=())
    notices = told(slo, history, first=205)
    assert [one.says for one in notices] == ["opened", "resolved", "reopened"]
    assert (
        text(notices[1])
        == """\
resolved: checkout availability is calm again
It fired for 13 min, since 2026-11-18 10:47 UTC.
In that time 480 of 1 300 were bad: 11.2 % of the budget.
84 % of the budget is left.
"""
    )
    assert (
        text(notices[2])
        == """\
again: checkout availability: 24 of 100 requests fail
24 of 100 requests fail in the last 5 min; usual is 2 of 10 000.
Sudden: one step at 2026-11-18 14:01 UTC, from 0 % to 60 % failing.
At this pace the budget lasts 2 h; 81 % of the budget is left.
Rule: 2 % of the budget in 1 h. Burn rate 240x over 5 min and 20x over 1 h; the limit is 14.4x.
Fires for the 2nd time since 2026-11-18 10:47 UTC; this time since 2026-11-18 14:03 UTC.
Open the runbook: https://runbooks.example.com/checkout
"""
    )


def test_each_kind_of_promise_is_called_by_its_name() -> None:
    slow = replace(SLO, name="fast", kind="latency", journeys=(), runbook=None)
    (page,) = told(slow, month({range(MONTH - 4, MONTH): 30}))
    assert (
        text(page)
        == """\
checkout fast: 18 of 100 requests are too slow
18 of 100 requests are too slow in the last 5 min; usual is 2 of 100 000.
Sudden: one step at 2026-11-18 14:01 UTC, from 0 % to 30 % failing.
At this pace the budget lasts 4 h; 96 % of the budget is left.
Rule: 2 % of the budget in 1 h. Burn rate 180x over 5 min and 15x over 1 h; the limit is 14.4x.
Fires since 2026-11-18 14:04 UTC.
There is no runbook: find the last change.
"""
    )


def test_slices_of_time_are_no_requests() -> None:
    slices = Timeslices(slice=60, slice_target=Fraction(99, 100))
    up = replace(SLO, kind="uptime", method=slices, rules=WORKBOOK[:1], journeys=())
    (page,) = told(up, month({range(MONTH - 4, MONTH): 30}))
    assert (
        text(page)
        == """\
checkout availability: 1 of 5 slices of 1 min are bad
1 of 5 slices of 1 min are bad in the last 5 min; usual is none of 43 137.
Too little has failed to say whether it came suddenly.
At this pace the budget lasts 4 h; 98 % of the budget is left.
Rule: 2 % of the budget in 1 h. Burn rate 200x over 5 min and 16.7x over 1 h; the limit is 14.4x.
Fires since 2026-11-18 14:02 UTC.
Open the runbook: https://runbooks.example.com/checkout
"""
    )


def test_a_page_that_waited_until_little_is_left_says_so() -> None:
    spent = month({range(MONTH - 9000, MONTH - 7150): 2, range(MONTH - 120, MONTH): 1})
    slo = replace(SLO, rules=preset("budget-aware", MONTH * MIN)[:1], journeys=())
    (page,) = told(slo, spent, first=120)
    assert (
        text(page)
        == """\
checkout availability: 1 of 100 requests fail
1 of 100 requests fail in the last 5 min; usual is 9 of 10 000.
Sudden: one step at 2026-11-18 12:05 UTC, from 0 % to 1 % failing.
At this pace the budget lasts 7 h; 10 % of the budget is left.
Rule: 0.56 % of the budget in 1 h while less than 10 % is left. Burn rate 10x over 5 min and 10x over 1 h; the limit is 4x.
Fires since 2026-11-18 13:46 UTC.
Open the runbook: https://runbooks.example.com/checkout
"""
    )
