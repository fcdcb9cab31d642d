"""What came and went while nobody watched: each alert of the gap is told once, in its own notice or in the summary."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from allowance.alerting.alert import RANK
from allowance.alerting.away import LONG, MOST_LINES, Missed, as_notice, away, missed, summary
from allowance.alerting.lifecycle import Hysteresis, Life
from allowance.alerting.plan import Plan, Settings
from allowance.app.tick import tick
from allowance.contract.indicator import PromRatio
from allowance.contract.model import Slo
from allowance.contract.rules import WORKBOOK
from allowance.contract.source import Prometheus
from allowance.core.window import RollingWindow
from tests.budget.histories import MIN, even

DAY = 86400
START = 1_790_000_040 - 1_790_000_040 % DAY
LIMITS = Settings(hysteresis=dict.fromkeys(("page", "ticket"), Hysteresis(memory=0)))


def _slo(name: str) -> Slo:
    return Slo(
        name=name,
        service="checkout",
        indicator=PromRatio(total="t", good="g"),
        target=Fraction("0.999"),
        window=RollingWindow(seconds=30 * DAY),
        rules=WORKBOOK,
        source=Prometheus(url="http://127.0.0.1:9"),
    )


stretches = st.lists(st.tuples(st.integers(20, 170), st.integers(1, 25)), max_size=3)


@settings(max_examples=40)
@given(stretches, stretches, st.integers(21, 120), st.integers(11, 70))
def test_every_alert_of_a_gap_is_told_once(
    one: list[tuple[int, int]], two: list[tuple[int, int]], last: int, gap: int
) -> None:
    slos = [_slo("one"), _slo("two")]
    histories = {
        (slo.id, ""): even(
            200, 100, {range(m, m + 1): 60 for a, b in bad for m in range(a, a + b)}, start=START
        )
        for slo, bad in zip(slos, (one, two), strict=True)
    }
    lives: dict[str, Life] = {}
    held = away(START + last * MIN, START + (last + gap) * MIN)
    plans: list[tuple[int, Plan]] = []
    for minute in range(1, last + gap + 1):
        now = START + minute * MIN
        plan = tick(slos, histories, lives, held, LIMITS, now=now).plan
        if minute > last:
            plans.append((now, plan))
        else:
            before = dict(plan.lives)
        lives = dict(plan.lives)
    gone = missed(plans)
    told = [n for _, plan in plans for n in plan.notices]
    early = [n for n in told if n.at < plans[-1][0]]
    assert all(n.says == "resolved" and before[n.signature].told for n in early), (
        "only what closes a told one"
    )
    for alert in (a for _, plan in plans for a in plan.alerts):
        opened = [e.begin for e in alert.life.entries if e.begin > START + last * MIN]
        if opened and alert.severity == "page":
            own = [m for m in gone if m.signature == alert.signature]
            now_open = plans[-1][1].lives.get(alert.signature, Life())
            for begin in opened:
                in_summary = [m for m in own if m.begin == begin]
                still = now_open.is_open and now_open.entries[-1].begin == begin
                assert len(in_summary) + still == 1, (begin, own, now_open)
    for m in gone:
        assert START + last * MIN < m.begin < m.end <= plans[-1][0]


def test_a_short_gap_is_nothing_special() -> None:
    assert away(START, START + LONG) == ()
    [mute] = away(START, START + LONG + MIN)
    assert (mute.kind, mute.begin, mute.end) == ("away", START, START + LONG + MIN)


def _missed(number: int, severity: str = "ticket") -> Missed:
    return Missed(
        signature=f"shop/{number}/{severity}",
        severity=severity,  # type: ignore[arg-type]
        service="shop",
        labels={"service": "shop", "tier": "1"},
        begin=START,
        end=START + number * MIN,
    )


def test_the_summary_names_the_loudest_and_longest_first_and_not_all_of_many() -> None:
    told = summary([_missed(n) for n in range(1, 30)] + [_missed(1, "page")], START, START + DAY)
    assert told.message.title == "30 alerts came and went while nobody watched"
    lines = told.message.lines
    assert lines[1].startswith("shop/1/page from ")
    assert lines[2].startswith("shop/29/ticket from ")
    assert lines[-1] == f"And {30 - MOST_LINES} more."
    assert told.severity == "ticket", "a page of what is over wakes nobody"
    assert RANK[told.severity] > RANK["page"]


def test_who_would_have_been_told_is_told_of_the_summary() -> None:
    told = summary([_missed(3, "page")], START, START + DAY)
    asked = as_notice(_missed(3, "page"), told)
    assert (asked.severity, asked.labels["tier"], asked.key) == ("page", "1", told.key)
