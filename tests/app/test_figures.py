"""The figures of a tick, read in one sweep, are those of its evaluations, and the metrics say what evaluations say."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from allowance.alerting.plan import Settings
from allowance.app.tick import Key, Tick
from allowance.app.watch import Watch
from allowance.budget.burn import burn_rate
from allowance.budget.evaluate import Evaluation
from allowance.budget.figures import Sheet
from allowance.budget.fleet import Member
from allowance.contract.indicator import PromRatio
from allowance.contract.model import Slo, Timeslices
from allowance.contract.rules import WORKBOOK
from allowance.core.buckets import Buckets
from allowance.core.duration import short
from allowance.core.time import Instant
from allowance.core.window import RollingWindow, Span
from allowance.reports.numbers import machine, machines
from allowance.signals.corrections import Correction
from allowance.web.metrics_slos import head, slo_lines
from tests.budget.histories import MIN, even
from tests.budget.test_fleet import Columns, fleets


class Held(Columns):
    """Totals of histories that stay as they are."""

    step, head, seq = MIN, 2**40, 1

    @property
    def columns(self) -> int:
        return len(self.parts)

    def history(self, column: int, since: Instant) -> Buckets:
        return self.parts[column]

    def apply(self, gains: Iterable[tuple[int, bytes]], *, until: Instant) -> None:
        raise AssertionError("nothing is gained")


def _watch(members: list[Member], parts: list[Buckets]) -> Watch:
    """Each member as an SLO with as many groups as it has columns."""
    slos, series, held = [], dict[Key, int](), []
    for member in members:
        grouped = len(member.columns) > 1
        slos.append(replace(member.slo, group_by=("tenant",) if grouped else ()))
        for column in member.columns:
            series[member.slo.id, f"g{column}" if grouped else ""] = len(held)
            held.append(parts[column])
    return Watch(slos, series, Held(held), 0)


def _tick(watch: Watch, *, now: Instant, **more: object) -> Tick:
    return watch.judged({}, [], Settings(), now=now, **more)  # type: ignore[arg-type]


def _wholes(tick: Tick) -> list[Evaluation]:
    return [evaluation for group, evaluation in tick.evaluations if not group]


def _agree(tick: Tick) -> None:
    wholes = _wholes(tick)
    alone = Sheet([one.slo for one in wholes]).filled(wholes)
    assert tick.figures.sheet.slos == alone.sheet.slos
    assert tick.figures.budgets.tolist() == alone.budgets.tolist()
    assert tick.figures.rules.tolist() == alone.rules.tolist()


@settings(max_examples=30, deadline=None)
@given(fleets(), st.integers(0, 4), st.integers(0, 300))
def test_the_figures_of_a_sweep_are_those_of_the_evaluations(
    drawn: tuple[list[Member], list[Buckets], Instant], which: int, minute: int
) -> None:
    members, parts, now = drawn
    watch, start = _watch(members, parts), parts[0].start
    _agree(_tick(watch, now=now))
    slo = members[which % len(members)].slo.id
    span = Span(begin=start + minute * MIN, end=start + (minute + 9) * MIN)
    taken = Correction(kind="exclude", span=span)
    _agree(_tick(watch, now=now, corrections={slo: [taken]}))
    _agree(_tick(watch, now=now, epochs={slo: start + minute * MIN}))


def _expected(wholes: list[Evaluation]) -> list[str]:
    """One by one, as the library writes it."""
    registry = CollectorRegistry()
    names = ("service", "slo")
    left = Gauge("allowance_budget_remaining_ratio", "", (*names, "window"), registry=registry)
    good = Gauge("allowance_window_good_events", "", (*names, "window"), registry=registry)
    total = Gauge("allowance_window_valid_events", "", (*names, "window"), registry=registry)
    burn = Gauge("allowance_burn_rate", "", (*names, "severity", "rule", "window"), registry=registry)
    for one in wholes:
        own = (one.slo.service, one.slo.name)
        counts = one.budget.counts
        rows = [(left, (str(one.slo.window),), machine(one.budget.remaining))]
        rows += [(good, (str(one.slo.window),), float(counts.good))]
        rows += [(total, (str(one.slo.window),), float(counts.total))]
        for reading in one.readings:
            rule = reading.rule
            for seconds, read in ((rule.long, reading.long), (rule.short, reading.short)):
                labels = (rule.severity, rule.name, short(seconds))
                rows.append((burn, labels, machine(burn_rate(read, one.slo.target))))
        for gauge, labels, value in rows:
            if value is not None:
                gauge.labels(*own, *labels).set(value)
    lines = generate_latest(registry).decode().splitlines()
    return [line for line in lines if not line.startswith("#")]


def _slo(name: str, target: Fraction = Fraction(999, 1000)) -> Slo:
    return Slo(
        name=name,
        service="shop",
        indicator=PromRatio(total="t", good="g"),
        target=target,
        window=RollingWindow(seconds=2 * 86400),
        rules=WORKBOOK,
    )


def test_the_lines_of_the_metrics_are_those_of_the_library_over_every_evaluation() -> None:
    usual, failing = even(300, 7919, {}), even(300, 104_729, {range(250, 260): 31_337})
    slos = [
        _slo("usual"),
        _slo("failing"),
        _slo("rare", 1 - Fraction(1, 10**9)),
        _slo("silent"),
        replace(_slo("by-the-minute"), method=Timeslices(slice=MIN, slice_target=Fraction(99, 100))),
    ]
    series = {(slo.id, ""): place for place, slo in enumerate(slos) if slo.name != "silent"}
    series = {key: place for place, key in enumerate(series)}
    tick = _tick(
        Watch(slos, series, Held([usual, failing, failing, failing]), 0), now=usual.start + 300 * MIN
    )
    *said, alerts = slo_lines(tick)
    assert "".join(said).splitlines() == _expected(_wholes(tick))
    assert slo_lines(tick)[0] is said[0]
    firing = {(alert.severity, alert.life.state) for alert in tick.plan.alerts}
    assert firing
    for severity, state in firing:
        labels = f'{{service="shop",severity="{severity}",slo="failing",state="{state}"}}'
        assert f"allowance_alerts{labels} 1.0" in alerts.splitlines()
    assert (
        'allowance_alerts{service="shop",severity="page",slo="silent",state="firing"} 0.0'
        in alerts.splitlines()
    )
    assert len(alerts.splitlines()) == len({line.rpartition(" ")[0] for line in alerts.splitlines()})


@given(st.lists(st.tuples(st.integers(-(2**62), 2**62), st.integers(0, 2**62)), max_size=5))
def test_many_ratios_are_the_nearest_doubles(pairs: list[tuple[int, int]]) -> None:
    over, under = (np.array([pair[side] for pair in pairs], dtype=np.int64) for side in (0, 1))
    assert machines(over, under) == [machine(Fraction(a, b)) if b else None for a, b in pairs]


@pytest.mark.parametrize("value", ['a "b"', "a\\b", "a\nb", "ä"])
def test_labels_are_written_as_the_library_writes_them(value: str) -> None:
    registry = CollectorRegistry()
    Gauge("some", "", ("slo", "service"), registry=registry).labels(value, "x").set(1)
    assert f"{head('some', ('slo', 'service'), (value, 'x'))}1.0\n" in generate_latest(registry).decode()
