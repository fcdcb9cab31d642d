"""S16. Two of a thousand searches fail, day and night, where one may. Nobody notices. Is that worth a call at three?

No: the budget lasts another ten days at that pace. But it must not go unseen either, as it does where alerts look at
an hour only. A ticket says how long the budget lasts, nobody is woken, and if nobody mends it, features stop in time.
"""

from __future__ import annotations

import re
from fractions import Fraction

import pytest

from allowance.core.duration import DAY, HOUR
from allowance.core.time import iso
from tests.stories.town import Spell, Town, month

pytestmark = pytest.mark.xdist_group("stories")

CONTRACT = """\
apiVersion: allowance/v1
kind: Service
metadata: {{name: {name}}}
spec:
  owner: team-lookup
  policy: agreement
  runbook: https://wiki.town.test/lookup
  window: 28d
  alerts: workbook
  source: {{files: {name}.csv}}
  slos:
    - {{name: found, description: A search is answered., good: status < 500, target: 99.9%}}
  journeys:
    - {{name: find-by-{name}, outcome: A customer finds what they look for., owner: product}}
"""
LEAKS = {"lookup": 4, "lookup-north": 8}
A_MINUTE = 500


def furnish(town: Town) -> None:
    """The pool of connections leaks since four days, in the north since eight: one search of 500 a minute fails."""
    for name, days in LEAKS.items():
        town.write(f"{name}.yaml", CONTRACT.format(name=name))
        leak = Spell(ago=days * DAY, lasts=days * DAY, bad=2, of=1000)
        town.write(f"{name}.csv", month(town.now, leak, a_minute=A_MINUTE, usual=10**9))


def test_a_ticket_says_how_long_it_lasts_and_nobody_is_woken(town: Town) -> None:
    # Exactly twice too fast, over every window: four days of it are 2 x 4 / 28 of the budget. The file ends when the
    # town begins, so that the other stories take a few minutes of events out of the window.
    slo = town.get("/v1/slos/lookup/found")
    assert (Fraction(slo["budget"]["allowed"]), slo["budget"]["spent"]) == (
        Fraction(slo["total"], 1000),
        4 * 1440,
    )
    assert slo["budget"]["remaining"] == pytest.approx(1 - 2 * 4 / 28, abs=0.002)
    assert {rule["long"] for rule in slo["rules"]} == {2.0}

    # Only the rule that looks at three days fires, and it writes a ticket. No page, now or ever before.
    assert [rule["rule"] for rule in slo["rules"] if rule["firing"]] == ["3d/6h"]
    (alert,) = [one for one in town.get("/v1/alerts")["alerts"] if one["service"] == "lookup"]
    assert (alert["severity"], alert["state"], alert["told"]) == ("ticket", "firing", True)
    said = [one for one in town.get("/v1/alerts/events")["events"] if one["signature"].startswith("lookup/")]
    assert [one["signature"] for one in said] == ["lookup/found/ticket"]

    # The ticket says what to decide by: how much fails, and how long the budget lasts at this pace.
    card = town.page("/oncall.md").partition("## ticket: Lookup found\n")[2].partition("\n## ")[0]
    assert "2 of 1 000 requests fail in the last 6 h" in card
    assert "At this pace the budget lasts 10 d" in card
    assert "no single step explains" in card

    # Replay agrees, and says when the ticket would have come had the server run: once 0.933 is met over three days.
    told = town.says("Emre Engineer", "replay", "lookup.csv", "--target", "99.9", "--alerts", "workbook")
    (ticket,) = re.findall(r"3d/6h\s+ticket\s+1\s+1\s+\d+ (\S+ \S+)", told.out)
    after_half_of_three_days = town.now - 4 * DAY + 36 * HOUR
    assert iso(after_half_of_three_days)[:16].replace("T", " ") <= ticket
    assert ticket <= iso(after_half_of_three_days + HOUR)[:16].replace("T", " ")
    assert len(re.findall(r"page +\S+ +0 +0 never", told.out)) == 2

    # Somebody takes it in the morning.
    taken = town.says("Emre Engineer", "alerts", "ack", "lookup/found/ticket", "--note", "pool leaks, 3.7.1")
    assert taken.code == 0, taken.err
    (alert,) = [one for one in town.get("/v1/alerts")["alerts"] if one["service"] == "lookup"]
    assert alert["acknowledged"]["note"] == "pool leaks, 3.7.1"

    # Here features may still ship. In the north nobody took it: half of the budget is gone, and they wait.
    assert town.gate("lookup", "--change", "feature").code == 0
    north = town.gate("lookup-north", "--change", "feature")
    assert north.code == 3
    assert "half of the budget is gone" in north.out
    assert town.gate("lookup-north", "--change", "reliability").code == 0
