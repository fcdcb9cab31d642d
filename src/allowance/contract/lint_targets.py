"""Lint: is the promise one that can be kept, measured, and told from its neighbours?"""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from allowance.contract.defaults import KINDS, TIER_TARGETS
from allowance.contract.indicator import Events, PromGauge, PromHistogram, PromShare
from allowance.contract.lint_rule import Facts, Finding, LintRule
from allowance.contract.model import TIERS, RatioTimeslices, Slo, Tier, Timeslices
from allowance.core.duration import DAY, HOUR, MINUTE, short
from allowance.core.ratio import percent_text
from allowance.core.window import RollingWindow

FIVE_NINES = Fraction(99_999, 100_000)
LONGEST_WINDOW = 92 * DAY


def _above_tier(facts: Facts) -> Iterator[Finding]:
    for slo, tier in _by_tier(facts):
        if tier > 0 and slo.target >= TIER_TARGETS[TIERS[tier - 1]]:
            yield _about_target(slo, f"as much as tier {tier - 1}, but its service is of tier {tier}")


def _below_tier(facts: Facts) -> Iterator[Finding]:
    for slo, tier in _by_tier(facts):
        written = facts.services[slo.service].origin.wrote("tier")
        if written and tier < TIERS[-1] and slo.target <= TIER_TARGETS[TIERS[tier + 1]]:
            yield _about_target(slo, f"no more than tier {tier + 1}, but its service is of tier {tier}")


def _by_tier(facts: Facts) -> Iterator[tuple[Slo, Tier]]:
    """The SLOs whose usual target follows from the tier."""
    for slo in facts.slos:
        service = facts.services.get(slo.service)
        if service is not None and KINDS[slo.kind].by_tier:
            yield slo, service.tier


def _about_target(slo: Slo, what: str) -> Finding:
    message = f"{slo.id} promises {_percent(slo.target)}, {what}"
    return Finding(subject=slo, where=slo.origin.at("target"), message=message)


def _below_half(facts: Facts) -> Iterator[Finding]:
    for slo in facts.slos:
        if slo.target < Fraction(1, 2):
            yield _about_target(slo, "so that most events may fail")


def _beyond_five_nines(facts: Facts) -> Iterator[Finding]:
    for slo in facts.slos:
        if slo.target > FIVE_NINES:
            allowed = float((1 - slo.target) * slo.period)
            yield _about_target(slo, f"which allows {allowed:.3g} s of failure in {slo.window}")


def _unshowable(facts: Facts) -> Iterator[Finding]:
    for slo in facts.slos:
        size = _sample(slo)
        if size is None or (1 - slo.target) * slo.period >= size:
            continue
        yield Finding(
            subject=slo,
            where=slo.origin.at("target"),
            message=(
                f"{slo.id} has {slo.period // size} samples of {short(size)} in {slo.window}: one bad sample "
                f"spends the whole budget of {_percent(slo.target)}"
            ),
            hint=f"promise at most {_percent(_showable(slo.period // size))}, or measure events or shorter slices",
        )


def _sample(slo: Slo) -> int | None:
    """The seconds of one sample, where an SLI is sampled by time; `None` where it counts events."""
    if isinstance(slo.method, Timeslices):
        return slo.method.slice
    return MINUTE if isinstance(slo.indicator, PromGauge | PromShare) and not slo.group_by else None


def _showable(samples: int) -> Fraction:
    """The most nines that so many samples can show."""
    nines = 1
    while 10 ** (nines + 1) <= samples:
        nines += 1
    return 1 - Fraction(1, 10**nines)


def _not_tighter(facts: Facts) -> Iterator[Finding]:
    for slo in facts.slos:
        if slo.sla is not None and slo.target <= slo.sla:
            than = "equal to" if slo.target == slo.sla else "looser than"
            yield Finding(
                subject=slo,
                where=slo.origin.at("target"),
                message=f"{slo.id} is {than} its SLA: {_percent(slo.target)} against {_percent(slo.sla)}",
            )


def _short_window(facts: Facts) -> Iterator[Finding]:
    for slo in facts.slos:
        if isinstance(slo.window, RollingWindow) and slo.window.seconds < HOUR:
            yield Finding(
                subject=slo,
                where=slo.origin.at("window"),
                message=f"{slo.id} has a window of {slo.window}, less than an hour",
                hint="m means minutes; a month is 28d, or month for the calendar"
                if slo.window.seconds < HOUR
                else "",
            )


def _long_window(facts: Facts) -> Iterator[Finding]:
    for slo in facts.slos:
        if isinstance(slo.window, RollingWindow) and slo.window.seconds > LONGEST_WINDOW:
            yield Finding(
                subject=slo,
                where=slo.origin.at("window"),
                message=f"{slo.id} has a window of {slo.window}, longer than a quarter",
            )


def _coarse_slices(facts: Facts) -> Iterator[Finding]:
    for slo in facts.slos:
        if isinstance(slo.method, Timeslices | RatioTimeslices) and slo.method.slice * 100 > slo.period:
            yield Finding(
                subject=slo,
                where=slo.origin.at("method"),
                message=f"{slo.id} has slices of {short(slo.method.slice)} in a window of {slo.window}: fewer than a hundred",
            )


def _silence_is_good(facts: Facts) -> Iterator[Finding]:
    for slo in facts.slos:
        if isinstance(slo.method, Timeslices) and slo.method.no_data == "good":
            yield Finding(
                subject=slo,
                where=slo.origin.at("method"),
                message=f"{slo.id} counts slices without data as good: a dead exporter looks like a perfect service",
            )


def _kind_and_indicator(facts: Facts) -> Iterator[Finding]:
    for slo in facts.slos:
        timed = isinstance(slo.indicator, Events) and slo.indicator.latency_ms is not None
        both = timed and isinstance(slo.indicator, Events) and slo.indicator.good is not None
        if slo.kind == "availability" and (timed or isinstance(slo.indicator, PromHistogram)):
            yield Finding(
                subject=slo,
                where=slo.origin.at("kind"),
                message=f"{slo.id} is called availability but measures latency",
                hint="split it into two SLOs" if both else "say kind: latency",
            )


def _same_promise(facts: Facts) -> Iterator[Finding]:
    seen: dict[object, Slo] = {}
    for slo in facts.slos:
        what = (slo.service, slo.indicator, slo.source, slo.group_by, slo.method, str(slo.window))
        first = seen.setdefault(what, slo)
        if first is not slo:
            yield Finding(
                subject=slo,
                where=slo.origin.at("indicator"),
                message=f"{slo.id} measures exactly what {first.id} measures, over the same window",
            )


def _percent(value: Fraction) -> str:
    return percent_text(value, 6)


RULES = (
    LintRule(
        id="AL201",
        name="target-above-tier",
        severity="warning",
        why="Every nine costs about ten times the one before; a promise that nobody needs slows every release.",
        fix="Lower the target to the tier's, or raise the tier if an outage really hurts that much.",
        check=_above_tier,
    ),
    LintRule(
        id="AL212",
        name="target-below-tier",
        severity="warning",
        why="Others build on the tier: they expect its target, not a looser one.",
        fix="Raise the target to the tier's, or lower the tier.",
        check=_below_tier,
    ),
    LintRule(
        id="AL202",
        name="target-below-half",
        severity="warning",
        why="A target under 50 % is nearly always a slip of the decimal point.",
        fix="Write the target as 99.9 or 0.999.",
        check=_below_half,
    ),
    LintRule(
        id="AL203",
        name="beyond-five-nines",
        severity="warning",
        why="Users reach a service over networks and devices that fail more often; they could not tell the difference.",
        fix="Promise 99.999 at most, and let a dependency's own SLO say what is behind it.",
        check=_beyond_five_nines,
    ),
    LintRule(
        id="AL204",
        name="finer-than-samples",
        severity="warning",
        why="Where time is sampled, a budget smaller than one sample is either whole or overspent, never in between.",
        fix="Lower the target, shorten the slices, or count events.",
        check=_unshowable,
    ),
    LintRule(
        id="AL205",
        name="not-tighter-than-sla",
        severity="error",
        why="The SLO is the early warning of the SLA: at equal targets the penalty is due when the alarm begins.",
        fix="Make the SLO tighter than the SLA, or the SLA looser.",
        check=_not_tighter,
    ),
    LintRule(
        id="AL206",
        name="window-below-an-hour",
        severity="warning",
        why="In so short a window one slow minute is a broken promise, and the next hour has forgotten it.",
        fix="Use 28d, or month, quarter or week by the calendar.",
        check=_short_window,
    ),
    LintRule(
        id="AL207",
        name="window-above-a-quarter",
        severity="info",
        why="A budget that remembers last spring neither warns in time nor forgives in time.",
        fix="Use 28d or a quarter, and report the year from it.",
        check=_long_window,
    ),
    LintRule(
        id="AL208",
        name="coarse-slices",
        severity="warning",
        why="With few slices each one is more than a hundredth of the SLI, so that the budget moves in jumps.",
        fix="Shorten the slices to a minute or five.",
        check=_coarse_slices,
    ),
    LintRule(
        id="AL209",
        name="silence-counts-as-good",
        severity="warning",
        why="Nothing measured is neither good nor bad; the worst outages are those that also stop the telemetry.",
        fix="Use noData: ignore, and an alert for missing data; or noData: bad where silence is failure.",
        check=_silence_is_good,
    ),
    LintRule(
        id="AL210",
        name="kind-does-not-fit",
        severity="warning",
        why="Reports group promises by kind; a latency that is called availability misleads who reads them.",
        fix="Give the SLO the kind of what it measures; promise success and speed in two SLOs.",
        check=_kind_and_indicator,
    ),
    LintRule(
        id="AL211",
        name="same-promise-twice",
        severity="warning",
        why="One failure then spends two budgets and sends two alerts.",
        fix="Keep one of them.",
        check=_same_promise,
    ),
)
