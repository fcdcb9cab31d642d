"""The whole program killed at random instants under load: what was acknowledged is there, and nobody was told twice."""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from tests.app.shop_under_fire import check, kill_again_and_again, shop_in

GOAL = "killed at any instant, nothing acknowledged is lost, nothing is counted or told twice"
SPAN = 1.6
"""Seconds from the fork within which an instant is drawn: start, recovery, first tick, delivery, steady state."""


def main(arguments: Sequence[str] = ()) -> None:
    """`--instants 200` kills so often (24 without it), `--seed 1` draws other instants."""
    words = list(arguments)
    instants = int(words[words.index("--instants") + 1]) if "--instants" in words else 24
    seed = int(words[words.index("--seed") + 1]) if "--seed" in words else 1
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, shop_in(Path(folder)) as (shop, mailbox, starter):
        kill_again_and_again(shop, starter, instants=instants, seed=seed, span=SPAN)
        found = check(shop, mailbox)
    print(f"  killed {instants} times within {time.perf_counter() - began:.0f} s, seed {seed}; afterwards:")
    for name, number in found.items():
        print(f"  {number:>8,} {name}")
    print(f"  {mailbox.repeats:>8,} notices came to the receiver again, under a key that it knew")
    print("  same: counts and budgets of an undisturbed run over the same requests")


if __name__ == "__main__":
    main(sys.argv[1:])
