"""The whole program, killed at any instant under load: nothing that was acknowledged is lost, nobody is told twice."""

from __future__ import annotations

from pathlib import Path

from tests.app.shop_under_fire import check, kill_again_and_again, shop_in


def test_nothing_acknowledged_is_lost_wherever_it_is_killed(tmp_path: Path) -> None:
    with shop_in(tmp_path) as (shop, mailbox, starter):
        kill_again_and_again(shop, starter, instants=10, seed=12, span=1.6)
        found = check(shop, mailbox)
    assert min(found.values()) > 0, found
