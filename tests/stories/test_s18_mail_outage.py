"""S18. The mail provider was down for two hours, and seven tenths of the budget for receipts went with it. Whose is that?

Customers waited for their receipts, so the budget is burned, and stays so. But the team changed nothing that day. The
agreement holds features when half of the budget is gone; may the team ship all the same?
"""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from allowance.core.duration import DAY, HOUR
from tests.stories.town import Spell, Town, month

pytestmark = pytest.mark.xdist_group("stories")

CONTRACT = """\
apiVersion: allowance/v1
kind: Service
metadata: {name: receipts}
spec:
  owner: team-receipts
  policy: agreement
  runbook: https://wiki.town.test/receipts
  window: 28d
  source: {files: receipts.csv}
  dependencies:
    - {service: mail, kind: soft, mitigations: [{kind: fallback, coverage: 50%}]}
  slos:
    - {name: sent, description: A receipt is sent., good: status < 500, target: 99.8%, by: tenant}
  journeys:
    - {name: receive, outcome: A customer can prove what they bought., owner: product}
---
apiVersion: allowance/v1
kind: Service
metadata: {name: mail}
spec:
  owner: team-platform
  policy: agreement
  runbook: https://wiki.town.test/mail
  window: 28d
  source: {files: mail.csv}
  slos:
    - {name: delivered, description: The provider takes a mail., good: status < 500, target: 99%}
  journeys:
    - {name: deliver, outcome: Mail arrives., owner: platform}
"""

TENANTS = ("globex", "initech")
SHIP = ("receipts", "--change", "feature", "--version", "3.4.0", "--change-id", "PR-310")
WAIVER = (
    "waive",
    "grant",
    "receipts/sent",
    "--dependency",
    "mail",
    "--hours",
    "72",
    "--reason",
    "mail was down",
)
QUEUE = ("--evidence", "https://git.town.test/receipts/pull/311")


def furnish(town: Town) -> None:
    """Two hours in which nearly half of the receipts failed, four days ago; each tenant sends a hundred mails a minute."""
    town.write("receipts.yaml", CONTRACT)
    # 28 days x 1,440 minutes x 100 mails x 0.2 % = 8,064 may fail, per tenant; 120 minutes x 46 is seven tenths of it.
    town.write(
        "receipts.csv",
        month(town.now, Spell(ago=4 * DAY, lasts=2 * HOUR, bad=46), usual=20_000, who=TENANTS),
    )
    town.write("mail.csv", month(town.now, Spell(ago=4 * DAY, lasts=2 * HOUR, bad=90)))


def test_the_budget_stays_burned_and_the_team_may_ship(town: Town) -> None:
    # Seven tenths are gone, so features wait for somebody's yes: exit code 3, which is neither yes nor no.
    spent = town.get("/v1/slos/receipts/sent")["budget"]
    assert 0.28 < spent["remaining"] < 0.31
    hold = town.gate(*SHIP)
    assert hold.code == 3
    assert hold.out.startswith("HOLD   receipts 3.4.0 → production")
    assert "half of the budget is gone" in hold.out

    # Two views of the same bad events, and both add up to all of them: who was hurt, and who caused it.
    told = json.loads(town.says("Tess Product", "attribution", "receipts/sent", "--json").out)
    assert {one["group"] for one in told["hurt"]} == set(TENANTS)
    (mail,) = told["caused"]
    assert mail["name"] == "mail"
    assert mail["share"] > 0.9
    assert sum(Fraction(one["bad"]) for one in told["hurt"]) == told["bad"]
    assert sum(Fraction(one["bad"]) for one in (*told["caused"], told["unattributed"])) == told["bad"]

    # Not without a mitigation, and not by the one who would like to ship.
    assert town.says("Tess Product", *WAIVER).code == 2
    assert town.says("Emre Engineer", *WAIVER, *QUEUE).code == 2

    # The team shows the queue that it built. The TPM looks first what would be granted, and then grants it, for three days.
    assert town.says("Tess Product", *WAIVER, *QUEUE, "--dry-run").code == 0
    assert town.gate(*SHIP).code == 3, "looking grants nothing"
    granted = town.says("Tess Product", *WAIVER, *QUEUE)
    waiver = next(word for word in granted.out.split() if word.startswith("waiver-"))
    go = town.gate(*SHIP)
    assert go.code == 0
    assert f"lifted by {waiver} for mail" in go.out

    # Nobody forgets it: the budget is as burned as before, and the waiver stands on the page of the service.
    assert town.get("/v1/slos/receipts/sent")["budget"]["spent"] == spent["spent"]
    (holds,) = town.get("/v1/exceptions?service=receipts")["exceptions"]
    assert (holds["id"], holds["by"]) == (waiver, "Tess Product")
    assert "mail was down" in town.page("/services/receipts.md")

    # It was our own fault after all? Then the waiver ends, and features wait again.
    assert (
        town.says("Tess Product", "waive", "end", waiver, "--reason", "our retries made it worse").code == 0
    )
    assert town.gate(*SHIP).code == 3
