"""What `/metrics` says of every promise: written once a tick, from one sweep over all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
from prometheus_client.utils import floatToGoString

from allowance.app.tick import Tick
from allowance.budget.figures import Figures, Sheet
from allowance.budget.fleet import SAFE, exact
from allowance.contract.model import Slo
from allowance.core.buckets import Ints
from allowance.core.duration import short
from allowance.reports.numbers import machines

SLO = ("service", "slo")
PLAIN_FROM = 1e6
"""From here on the text format writes a number otherwise than Python does."""

_as_go: Callable[[float], str] = floatToGoString

Values = Sequence[float | None]
Labels = tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SloGauge:
    """A metric of every promise: what it says, its labels, and the lines of a tick (nothing is said of what is unknown)."""

    name: str
    says: str
    labels: Labels
    lines: Callable[[Tick, Frame], str]
    unit: str = ""
    counts: bool = False


class Frame:
    """What stands around the values: it stays while the contract does."""

    def __init__(self, sheet: Sheet) -> None:
        targets = [1 - slo.target for slo in sheet.slos]
        owners = [number for number, slo in enumerate(sheet.slos) for _ in slo.rules]
        self.p = exact([target.numerator for target in targets])
        self.q = exact([target.denominator for target in targets])
        self.owners = np.array(owners, dtype=np.intp)
        self.windows = [(*_names(slo), str(slo.window)) for slo in sheet.slos]
        # Two rules of one severity may share a window: what they say of it is the same, and it is said once.
        self.burns = {labels: place for place, labels in enumerate(_burns(sheet.slos))}
        self.firing = {(*_names(slo), rule.severity, "firing"): 0 for slo in sheet.slos for rule in slo.rules}
        self._heads: dict[str, list[str]] = {}

    def heads(self, name: str, names: Labels, rows: Iterable[Labels]) -> list[str]:
        """The beginnings of the lines of a metric, worked out once."""
        if name not in self._heads:
            self._heads[name] = [head(name, names, labels) for labels in rows]
        return self._heads[name]


def _names(slo: Slo) -> tuple[str, str]:
    return slo.service, slo.name


def _burns(slos: Iterable[Slo]) -> Iterable[Labels]:
    """In the order in which `_burn_rates` gives the values: long and short of each rule."""
    for slo in slos:
        for rule in slo.rules:
            for seconds in (rule.long, rule.short):
                yield (*_names(slo), rule.severity, rule.name, short(seconds))


def head(name: str, names: Labels, labels: Labels) -> str:
    """A line up to its value; labels are sorted, as both formats have them."""
    said = ",".join(f'{key}="{_escaped(value)}"' for key, value in sorted(zip(names, labels, strict=True)))
    return f"{name}{{{said}}} "


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _lines(heads: Iterable[str], values: Values) -> str:
    return "".join(
        f"{head}{repr(value) if value < PLAIN_FROM else _as_go(value)}\n"
        for head, value in zip(heads, values, strict=True)
        if value is not None
    )


def _of_window(name: str, read: Callable[[Figures, Frame], Values]) -> Callable[[Tick, Frame], str]:
    return lambda tick, frame: _lines(
        frame.heads(name, (*SLO, "window"), frame.windows), read(tick.figures, frame)
    )


def _remaining(figures: Figures, frame: Frame) -> Values:
    good, total = figures.budgets
    allowed, spent = _products(total, frame.p, total - good, frame.q)
    return machines(allowed - spent, allowed)


def _burn_rates(figures: Figures, frame: Frame) -> Values:
    p, q = frame.p[frame.owners], frame.q[frame.owners]
    both = []
    for good, total in figures.rules:
        even, bad = _products(total, p, total - good, q)
        both.append(machines(bad, even))
    return [value for pair in zip(*both, strict=True) for value in pair]


def _products(total: Ints, p: Ints, bad: Ints, q: Ints) -> tuple[Ints, Ints]:
    """total x p and bad x q, exactly."""
    most = int(total.max(initial=0)) * max(int(p.max(initial=0)), int(q.max(initial=0)))
    if most >= SAFE:
        total, bad = total.astype(object), bad.astype(object)
    return total * p, bad * q


def _burn(tick: Tick, frame: Frame) -> str:
    values = _burn_rates(tick.figures, frame)
    heads = frame.heads("allowance_burn_rate", BURN, frame.burns)
    return _lines(heads, [values[place] for place in frame.burns.values()])


def _alerts(tick: Tick, frame: Frame) -> str:
    """How many in each state; firing is always there, so that its 0 can be seen."""
    found = Counter[Labels](
        (*_names(alert.evaluation.slo), alert.severity, alert.life.state) for alert in tick.plan.alerts
    )
    name = "allowance_alerts"
    usual = frame.heads(name, ALERTS, frame.firing)
    more = [labels for labels in found if labels not in frame.firing]
    heads = [*usual, *(head(name, ALERTS, labels) for labels in more)]
    return _lines(heads, [float(found[labels]) for labels in (*frame.firing, *more)])


BURN = (*SLO, "severity", "rule", "window")
ALERTS = (*SLO, "severity", "state")

SLO_GAUGES: tuple[SloGauge, ...] = (
    SloGauge(
        name="allowance_budget_remaining_ratio",
        says="1 - spent / allowed of the window; below 0 when overspent",
        labels=(*SLO, "window"),
        lines=_of_window("allowance_budget_remaining_ratio", _remaining),
        unit="ratio",
    ),
    SloGauge(
        name="allowance_window_good_events",
        says="Good events of the window",
        labels=(*SLO, "window"),
        lines=_of_window(
            "allowance_window_good_events", lambda figures, _: figures.budgets[0].astype(float).tolist()
        ),
        unit="events",
    ),
    SloGauge(
        name="allowance_window_valid_events",
        says="All valid events of the window, good or bad",
        labels=(*SLO, "window"),
        lines=_of_window(
            "allowance_window_valid_events", lambda figures, _: figures.budgets[1].astype(float).tolist()
        ),
        unit="events",
    ),
    SloGauge(
        name="allowance_burn_rate",
        says="How many times too fast the budget goes over the last window of a rule",
        labels=BURN,
        lines=_burn,
    ),
    SloGauge(
        name="allowance_alerts",
        says="Alerts in each state: pending, firing, recovering, resolved",
        labels=ALERTS,
        lines=_alerts,
    ),
)

_frames = WeakKeyDictionary[Sheet, Frame]()
_texts = WeakKeyDictionary[Tick, tuple[str, ...]]()


def slo_lines(tick: Tick) -> tuple[str, ...]:
    """The lines of every metric of `SLO_GAUGES` at a tick, in their order; worked out at its first scrape."""
    found = _texts.get(tick)
    if found is None:
        sheet = tick.figures.sheet
        frame = _frames.get(sheet)
        if frame is None:
            frame = _frames[sheet] = Frame(sheet)
        found = _texts[tick] = tuple(gauge.lines(tick, frame) for gauge in SLO_GAUGES)
    return found
