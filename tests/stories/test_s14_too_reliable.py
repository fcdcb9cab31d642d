"""S14. A tool of our own people, tier 2, has not failed once in a month. Why is that not good news?

Nobody dares to touch the label printer's service: it releases four times a year. What was promised is 99.9 %, and nothing
of the budget is ever spent. A budget that nobody spends is risk that nobody takes, and users who get used to more than was
promised. The program says so by itself, says what to do, and stops saying it once the budget is used.
"""

from __future__ import annotations

import pytest

from allowance.core.duration import DAY, MINUTE
from tests.stories.town import Spell, Town, month

pytestmark = pytest.mark.xdist_group("stories")

CONTRACT = """\
apiVersion: allowance/v1
kind: Service
metadata: {{name: {name}}}
spec:
  owner: team-warehouse
  tier: 2
  policy: agreement
  runbook: https://wiki.town.test/labels
  window: 14d
  source: {{files: {name}.csv}}
  slos:
    - {{name: printed, description: A label is printed., good: status < 500, target: {target}}}
    - {{name: printed-all-month, description: So it is over the month., good: status < 500, target: 98%, window: 30d}}
  journeys:
    - {{name: pack-by-{name}, outcome: A parcel leaves the warehouse., owner: product}}
"""

ADVICE = (
    "release faster: the budget allows more risk than is taken",
    "run chaos experiments and game days: the budget pays for them",
    "loosen the SLO, or promise the better level openly",
)


def furnish(town: Town) -> None:
    """The label printer never fails. Its sister in the other warehouse held two game days."""
    town.write("labels.yaml", CONTRACT.format(name="labels", target="99.9%"))
    town.write("labels.csv", month(town.now, usual=10**9))
    town.write("labels-south.yaml", CONTRACT.format(name="labels-south", target="99.9%"))
    game_days = [Spell(ago=ago * DAY, lasts=20 * MINUTE, bad=25) for ago in (4, 12, 20, 27)]
    town.write("labels-south.csv", month(town.now, *game_days, usual=10**9))


def test_a_budget_that_nobody_spends_is_a_finding_with_advice(town: Town) -> None:
    # The page of the promise is green, and says in the same breath that this is too much of a good thing.
    page = town.page("/slo/labels/printed.md")
    assert "Labels printed is kept" in page
    assert "far easier than what is delivered" in page
    assert "spent 0 % of its budget" in page
    for advice in ADVICE:
        assert advice in page

    # So does the command that reads the bare history, word for word.
    told = town.says("Emre Engineer", "analyze", "labels.csv", "--target", "99.9", "--window", "14d")
    (finding,) = [line for line in (told.out + told.err).splitlines() if "far easier" in line]
    assert finding.partition("the promise ")[2] in page

    # The gate stands open, for experiments as well: take the risk that was agreed.
    for change in ("feature", "config", "experiment"):
        assert town.gate("labels", "--change", change).code == 0

    # One way out is to promise less. The page replays the month under another promise before anybody signs it.
    tried = town.page("/slo/labels/printed.md?if_target=99")
    assert "| target | 99.90 % | 99.00 % |" in tried
    assert "| failures allowed | 2 016 | 20 1" in tried


def test_the_finding_goes_when_the_budget_is_used(town: Town) -> None:
    # The sister lets the printers fail on purpose now and then, within the budget: nothing to remark, and the gate is open.
    page = town.page("/slo/labels-south/printed.md")
    assert "Labels south printed is kept" in page
    assert "far easier" not in page
    assert town.gate("labels-south", "--change", "feature").code == 0
