"""How the answers of the real cases are compared: every window, slice and alert, exactly."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from typing import Any

import numpy as np

from allowance.budget.budget import budget_at
from allowance.budget.replay import Flags, replay, runs
from allowance.budget.slices import to_slices
from allowance.contract.rules import WORKBOOK
from allowance.core.buckets import Buckets
from allowance.core.counts import NO_DATA
from allowance.core.duration import parse_duration
from allowance.core.time import iso, parse_instant
from allowance.core.window import RollingWindow

PERIOD = 30 * 86400
RULE_NAMES = ("page_1h_5m_14.4", "page_6h_30m_6", "ticket_1d_2h_3", "ticket_3d_6h_1")


def check_counts(buckets: Buckets, expected: dict[str, Any]) -> None:
    """Totals and span."""
    counts, trimmed = buckets.all(), buckets.trimmed()
    assert (counts.total, counts.bad) == (expected["total"], expected["bad"])
    assert iso(trimmed.start) == expected["first_minute"]
    assert iso(trimmed.end - 60) == expected["last_minute"]
    assert len(trimmed) == expected["minutes_spanned"]
    assert buckets.with_data() == expected["minutes_with_data"]
    assert int(np.count_nonzero(buckets.total > buckets.good)) == expected["minutes_with_bad"]


def check_compliance(buckets: Buckets, rows: list[dict[str, Any]]) -> None:
    """Each window at each instant against each target."""
    for row in rows:
        window, now = RollingWindow(seconds=parse_duration(row["window"])), parse_instant(row["at"])
        for target, expected in row["targets"].items():
            budget = budget_at(buckets, Fraction(target), window, now=now)
            assert (budget.counts.good, budget.counts.total) == (row["good"], row["total"])
            if budget.counts.total == 0:
                assert row["sli"] is None
                assert expected["met"] is None
                continue
            assert budget.counts.sli != NO_DATA
            assert round(float(budget.counts.sli), 12) == row["sli"]  # type: ignore[arg-type]
            assert budget.met is expected["met"]
            assert str(budget.allowed) == expected["allowed_bad"].split(" ")[0]
            left = float(budget.remaining)  # type: ignore[arg-type]
            assert round(left, 12) == expected["budget_remaining_fraction"]


def check_slices(buckets: Buckets, rows: list[dict[str, Any]]) -> None:
    """Minutes as slices, those without data left out."""
    for row in rows:
        sliced = to_slices(buckets, 60, Fraction(row["slice_good_if_ratio_at_least"]))
        span = RollingWindow(seconds=parse_duration(row["window"])).at(parse_instant(row["at"]))
        counts = sliced.between(span.begin, span.end)
        assert (counts.total, counts.good, counts.bad) == (
            row["slices_with_data"],
            row["good_slices"],
            row["bad_slices"],
        )


def check_alerts(buckets: Buckets, targets: dict[str, Any]) -> None:
    """Every firing instant of every rule, and of pages and tickets as a whole."""
    for target, expected in targets.items():
        played = replay(buckets, WORKBOOK, Fraction(target), period=PERIOD)
        for one, name in zip(played.rules, RULE_NAMES, strict=True):
            answer = expected[name]
            _check_firing(one.firing, played.start, answer)
            threshold = one.factor * (1 - Fraction(target))
            assert str(threshold) == answer["threshold_error_ratio"].split(" ")[0]
            assert int(np.count_nonzero(one.long_over)) == answer["long_only_firing_minutes"]
            full = np.arange(len(one.firing)) * 60 + played.start - one.rule.long >= played.start - 60
            assert (
                int(np.count_nonzero(one.firing & full))
                == answer["firing_minutes_if_full_long_window_required"]
            )
        _check_firing(played.firing("page"), played.start, expected["any_page"])
        _check_firing(played.firing("ticket"), played.start, expected["any_ticket"])


def _check_firing(flags: Flags, start: int, answer: dict[str, Any]) -> None:
    episodes = runs(flags, start, 60)
    assert int(np.count_nonzero(flags)) == answer["firing_minutes"]
    assert len(episodes) == answer["episodes"]
    listed = [[iso(e.first), iso(e.last)] for e in episodes[:40]]
    assert listed == answer["episode_list"]
    assert (iso(episodes[0].first) if episodes else None) == answer["first"]
    assert (iso(episodes[-1].last) if episodes else None) == answer["last"]
    instants = [iso(start + 60 * int(i)) for i in flags.nonzero()[0]]
    digest = hashlib.sha256("\n".join(instants).encode()).hexdigest() if instants else None
    assert digest == answer["sha256_of_firing_instants"]


def check_all(buckets: Buckets, expected: dict[str, Any]) -> None:
    """Everything that an answer holds."""
    check_counts(buckets, expected)
    check_compliance(buckets, expected.get("compliance", []))
    check_slices(buckets, expected.get("timeslices", []))
    check_alerts(buckets, expected.get("alerts", {}))
