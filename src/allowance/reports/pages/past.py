"""The same facts at an earlier instant: what the pages said then, from what is counted by now."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from allowance.budget.budget import Windowed
from allowance.budget.evaluate import Evaluation, evaluate_counted
from allowance.core.counts import NO_DATA
from allowance.core.time import Instant
from allowance.governance.facts import Standing
from allowance.reports.pages.facts import Facts, Promise

Groups = Callable[[str], Mapping[str, Windowed]]
"""What the budgets of the groups of an SLO count."""


def as_of(facts: Facts, standing: Standing, groups: Groups, *, now: Instant) -> Facts:
    """Every promise of today's contract at `now`, and what governed then (`standing`).

    Alerts and silences are kept for no earlier instant: there are none.
    """
    return Facts(
        at=now - now % facts.step,
        step=facts.step,
        contract=facts.contract,
        promises=tuple(_then(one, standing, groups, now=now) for one in facts.promises),
        standing=standing,
        pages=facts.pages,
    )


def _then(one: Promise, standing: Standing, groups: Groups, *, now: Instant) -> Promise:
    return replace(
        one,
        evaluation=None if one.counts is None else evaluate_counted(one.slo, one.counts, now=now),
        groups=_each(one, groups(one.slo.id), now=now) if one.groups else {},
        opened=NO_DATA,
        freezes=tuple(
            freeze
            for freeze in standing.freezes.values()
            if freeze.service == one.slo.service and freeze.end is None
        ),
        muted=False,
        silent=NO_DATA,
    )


def _each(one: Promise, counted: Mapping[str, Windowed], *, now: Instant) -> dict[str, Evaluation]:
    return {name: evaluate_counted(one.slo, counts, now=now) for name, counts in counted.items()}
