"""S13. "Buy now, pay later" is announced for Friday, and checkout is frozen: how does it go out all the same, safely?

A bad release has spent the budget of checkout. Marketing has bought the billboards. The agreement says stop; it also says
how a launch can be made safe enough to be let through: a flag that turns it off at once, one per cent of the customers
first, a rollback that was tried, and nothing that burns right now.
"""

from __future__ import annotations

import time

import pytest

from allowance.core.time import iso
from tests.stories.town import DAY, MINUTE, Spell, Town, month

pytestmark = pytest.mark.xdist_group("stories")

CONTRACT = """\
apiVersion: allowance/v1
kind: Service
metadata: {name: checkout}
spec:
  owner: team-checkout
  policy: agreement
  runbook: https://wiki.town.test/checkout
  window: 30d
  source: {files: checkout.csv}
  slos:
    - {name: orders, description: An order is taken., good: status < 500, target: 99.9%}
  journeys:
    - {name: buy, outcome: A visitor becomes a customer., owner: product, revenuePerMinute: 140 EUR}
"""

LAUNCH = ("checkout", "--change", "feature", "--version", "5.0.0", "--change-id", "BNPL-1")
CONDITIONS = (
    "the flag bnpl is off by default and turns it off at once",
    "canary share <= 1 %",
    "the rollback was tested",
    "burn below 2 over 1h",
)


def furnish(town: Town) -> None:
    """An hour and a half in which six of ten orders were lost, six days ago: more than the month's budget."""
    town.write("checkout.yaml", CONTRACT)
    town.write("checkout.csv", month(town.now, Spell(ago=6 * DAY, lasts=90 * MINUTE, bad=60)))


def test_the_launch_goes_once_it_is_safe_and_not_before(town: Town) -> None:
    # The bad release and the way back are on record, as the pipeline told them.
    town.deployed("checkout", "4.13.0", at=town.now - 6 * DAY)
    town.deployed("checkout", "4.12.2", at=town.now - 6 * DAY + 90 * MINUTE, event="service.rolledback")

    # The pipeline asks, and is stopped. It reads why, since when, and what would help.
    stop = town.gate(*LAUNCH)
    assert stop.code == 1
    assert stop.out.startswith("STOP   checkout 5.0.0 → production")
    assert "the budget is spent" in stop.out
    assert "What would change this" in stop.out

    # Whoever looks at the page reads the same verdict in the same words.
    said = " ".join(stop.out.partition("\n\n")[0].split("\n", 1)[1].split())
    asked = "service=checkout&change=feature&version=5.0.0&change_id=BNPL-1"
    assert town.get(f"/gate.json?{asked}")["answer"]["sentence"] == said
    assert town.get(f"/v1/gates/checkout?{asked.partition('&')[2]}")["sentence"] == said

    # A repair would pass at this very moment: the freeze keeps nobody from mending things.
    assert town.gate("checkout", "--change", "hotfix").code == 0
    assert town.gate("checkout", "--change", "rollback").code == 0

    # What would it cost, if it went wrong? The record is short, and that is said instead of a number.
    assert town.says("Tess Product", "risk", "checkout", "--lift", "40000 EUR/day").code == 0

    # The engineer writes the plan; it is worth nothing before somebody of another party has said yes.
    plan = ("--plan", "behind the flag bnpl; 1 % of customers for an hour; then 10, 50, 100 %")
    conditions = [word for one in CONDITIONS for word in ("--condition", one)]
    asked = town.says("Emre Engineer", "release", "ask", "checkout", "--change", "BNPL-1", *plan, *conditions)
    assert asked.code == 3
    release = next(word for word in asked.out.split() if word.startswith("release-")).rstrip(".,:;")
    assert town.says("Emre Engineer", "release", "approve", release).code == 2, "not by the one who asked"
    assert town.says("Tess Product", "release", "approve", release).code == 0

    # Granted is not yet met: promises are not looked at, evidence is.
    still = town.gate(*LAUNCH)
    assert still.code == 1
    assert "the rollback was tested: nothing was shown" in still.out
    show = ("release", "show-evidence", release)
    at_ci = ("--evidence", "https://ci.town.test/run/77")
    too_many = town.says("pipeline", *show, CONDITIONS[1], "--value", "5 %", *at_ci)
    assert too_many.code == 2
    assert "5 % is above the 1 %" in too_many.err
    assert town.says("pipeline", *show, CONDITIONS[1], "--value", "1 %", *at_ci).code == 0
    for condition in (CONDITIONS[0], CONDITIONS[2]):
        assert town.gate(*LAUNCH).code == 1
        assert town.says("pipeline", *show, condition, *at_ci).code == 0

    # Nobody has to show that nothing burns: the gate looks it up. Now all four are met.
    go = town.gate(*LAUNCH, "--json")
    assert go.code == 0
    assert f"(lifted by conditional {release})" in town.gate(*LAUNCH).out
    assert town.gate("checkout", "--change", "feature", "--change-id", "OTHER-2").code == 1, (
        "for no other change"
    )
    town.deployed("checkout", "5.0.0", at=int(time.time()))

    # In the books: one deploy during the freeze, and it was allowed. The budget itself is as spent as before.
    kept = town.get(f"/v1/adherence?service=checkout&to={iso(town.now + DAY)}")
    assert (kept["during_freeze"], kept["allowed"], kept["against"]) == (1, 1, [])
    assert town.get("/v1/slos/checkout/orders")["budget"]["remaining"] < 0
    for page in ("/services/checkout.md", "/gate.md?service=checkout"):
        assert "- release: BNPL-1" in town.page(page), "everybody sees what holds"

    # The canary looks bad after all: one word, and the gate is closed again.
    assert town.says("Emre Engineer", "release", "withdraw", release, "--reason", "refunds fail").code == 0
    assert town.gate(*LAUNCH).code == 1
