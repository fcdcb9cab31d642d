"""The fold: what the ledger says, entry by entry. Rebuilt from nothing it equals the live one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from allowance.governance import (
    amendments,
    bankruptcies,
    bullets,
    freezes,
    hand_backs,
    obligations,
    overrides,
    releases,
    signatures,
    states,
    waivers,
)
from allowance.governance.access import DENIED, count_denied
from allowance.governance.facts import Standing
from allowance.governance.ledger import Entry
from allowance.governance.verdict_record import DECIDED, remember_decision

Step = Callable[[Standing, Entry], Standing]

FOLDS: Mapping[str, Step] = {
    **amendments.FOLDS,
    **bullets.FOLDS,
    **overrides.FOLDS,
    **releases.FOLDS,
    **waivers.FOLDS,
    **bankruptcies.FOLDS,
    **obligations.FOLDS,
    **states.FOLDS,
    **freezes.FOLDS,
    **hand_backs.FOLDS,
    **signatures.FOLDS,
    DECIDED: remember_decision,
    DENIED: count_denied,
}
"""What each kind of entry changes. A kind that is not here is a record and changes nothing."""


def fold(entries: Iterable[Entry], standing: Standing | None = None) -> Standing:
    """Everything after `entries`, which continue where `standing` (nothing: the beginning) ends."""
    found = standing or Standing()
    for entry in entries:
        step = FOLDS.get(entry.kind)
        after = step(found, entry) if step is not None else found
        found = replace(after, head=entry.seq, head_hash=entry.hash)
    return found
