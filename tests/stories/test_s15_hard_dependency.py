"""S15. The basket promises 99.9 % and cannot work without a fraud check that promises 99.5 %. Who notices, and when?

The sums say it before anybody signs: 0.9999 x 0.995 is 0.9949. If it is promised all the same, the fraud check burns the
basket's budget every month. Stopping the basket's team for that mends nothing; a way to live without the fraud check does.
"""

from __future__ import annotations

import json
import re

import pytest

from allowance.core.duration import DAY, MINUTE
from tests.stories.town import Spell, Town, month

pytestmark = pytest.mark.xdist_group("stories")

CONTRACT = """\
apiVersion: allowance/v1
kind: Service
metadata: {{name: basket}}
spec:
  owner: team-basket
  tier: 1
  policy: agreement
  runbook: https://wiki.town.test/basket
  window: 28d
  source: {{files: basket.csv}}
  dependencies:
    - {{service: fraud-check, kind: hard{mitigation}}}
  slos:
    - {{name: kept, description: What is put into it stays in it., good: status < 500, target: 99.9%}}
  journeys:
    - {{name: fill, outcome: A visitor finds what they chose., owner: product}}
---
apiVersion: allowance/v1
kind: Service
metadata: {{name: fraud-check}}
spec:
  owner: team-risk
  tier: 2
  policy: agreement
  runbook: https://wiki.town.test/fraud-check
  window: 28d
  source: {{files: fraud-check.csv}}
  slos:
    - {{name: answers, description: A basket is judged., good: status < 500, target: 99.5%}}
  journeys:
    - {{name: judge, outcome: Nobody pays with a stolen card., owner: product}}
"""

FILES = ("agreement.yaml", "basket.yaml")
FALLBACK = ", mitigations: [{kind: fallback, coverage: 95%}]"
WAIVER = (
    "waive",
    "grant",
    "basket/kept",
    "--dependency",
    "fraud-check",
    "--hours",
    "72",
    "--reason",
    "three outages",
)
LAUNCH = ("basket", "--change", "feature", "--version", "8.1.0")


def furnish(town: Town) -> None:
    """The fraud check was down three times this month, twenty-five minutes each: within its own promise."""
    down = [Spell(ago=ago * DAY, lasts=25 * MINUTE, bad=90) for ago in (5, 12, 19)]
    town.write("basket.yaml", CONTRACT.format(mitigation=""))
    town.write("basket.csv", month(town.now, *down))
    town.write("fraud-check.csv", month(town.now, *down))


def test_the_promise_is_refused_mended_and_then_kept(town: Town) -> None:
    # Whoever checks the contract is told at once, with the line to look at: exit code 1, so a pipeline stops here.
    checked = town.says("Emre Engineer", "check", *FILES)
    assert checked.code == 1
    assert (
        "basket/kept promises 99.9 %, but its hard dependencies allow at most 99.5 %"
        in checked.out + checked.err
    )

    # The sums, spelled out; they name who takes the promise away.
    sums = town.says("Tess Product", "composite", *FILES, "--service", "basket", "--check")
    assert sums.code == 1
    assert "fraud-check" in sums.out

    # It was promised all the same, and the month came as it had to come: the basket is frozen, the fraud check is not.
    stop = town.gate(*LAUNCH)
    assert stop.code == 1
    assert "a waiver, if a dependency burned the budget (fraud-check)" in stop.out
    assert town.gate("fraud-check", "--change", "config").code == 0
    (address,) = re.findall(r"^http://\S+(/gate/\d+)$", stop.out, re.MULTILINE)
    verdict = town.page(f"{address}.md").partition("## Since then")[0]

    # Who caused it? Nearly all of it is the fraud check's, and chance does not explain that.
    told = town.says("Tess Product", "attribution", "basket/kept", "--json")
    (cause,) = json.loads(told.out)["caused"]
    assert (cause["name"], cause["share"] > 0.95, cause["confidence"] > 0.99) == ("fraud-check", True, True)

    # That alone lifts nothing: the agreement is strict, and wants to see what softens the next outage.
    refused = town.says("Tess Product", *WAIVER)
    assert refused.code == 2
    assert "evidence of a mitigation" in refused.err

    # The team builds a fallback, and the contract says so. Now the sums come out, and the server takes it over.
    town.write("basket.yaml", CONTRACT.format(mitigation=FALLBACK))
    assert town.says("Emre Engineer", "check", *FILES).code == 0
    assert town.says("Emre Engineer", "composite", *FILES, "--service", "basket", "--check").code == 0
    assert town.post("Ada Admin", "/v1/reload", {}).status_code == 200

    # With that as evidence the consequence is lifted. The budget stays burned: customers did lose their baskets.
    before = town.get("/v1/slos/basket/kept")["budget"]["spent"]
    granted = town.says("Tess Product", *WAIVER, "--evidence", "https://git.town.test/basket/pull/77")
    assert granted.code == 0, granted.err
    go = town.gate(*LAUNCH)
    assert go.code == 0
    assert "for fraud-check" in go.out
    assert town.get("/v1/slos/basket/kept")["budget"]["spent"] == before

    # The page of the first verdict says what it said then, whatever the contract and the ledger say since.
    assert town.page(f"{address}.md").partition("## Since then")[0] == verdict
