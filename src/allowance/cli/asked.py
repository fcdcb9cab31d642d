"""The words of `analyze` and `replay` turned into a question, each wrong word into one clear problem."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from zoneinfo import ZoneInfo

from allowance.budget.analysis import Question
from allowance.contract.presets import PRESETS, preset
from allowance.contract.rules import BurnRule
from allowance.core.duration import DAY, parse_duration
from allowance.core.problem import refuse
from allowance.core.ratio import parse_target
from allowance.core.time import parse_instant, parse_zone
from allowance.core.window import RollingWindow, parse_window

SECOND, LONGEST_STEP = 1, DAY


def question(
    *,
    target: str,
    windows: Sequence[str],
    instants: Sequence[str],
    alerts: str,
    period: str,
    zone: str,
) -> Question:
    """The question of one command line."""
    place: ZoneInfo = parse_zone(zone)
    return Question(
        target=parse_target(target),
        windows=tuple(parse_window(text, zone) for text in windows),
        instants=tuple(parse_instant(text) for text in instants),
        rules=rules(alerts, parse_duration(period)),
        period=parse_duration(period),
        zone=place,
    )


def rules(text: str, period: int) -> tuple[BurnRule, ...]:
    """A preset by name, else the alert policy in a file. Errors: `Problem` `alerts`."""
    if text in PRESETS:
        return preset(text, period)
    from allowance.edges.alert_file import read_alerts

    return read_alerts(text, period=period)


def step_seconds(text: str) -> int:
    """The size of a bucket: it divides a day, so that every day begins on an edge. Errors: `Problem` `step`."""
    seconds = parse_duration(text)
    if not SECOND <= seconds <= LONGEST_STEP or DAY % seconds:
        raise refuse("step", f"a step of {text} does not divide a day", hint="use 10s, 1m, 5m or 1h")
    return seconds


def latency_ms(text: str | None) -> Fraction | None:
    """`100ms`, `1.5s`, `250us` or `2m` to milliseconds. Errors: `Problem` `latency`."""
    if text is None:
        return None
    from allowance.core.ratio import parse_decimal

    cleaned = text.strip().lower().replace("µs", "us")
    for unit, factor in (
        ("us", Fraction(1, 1000)),
        ("ms", Fraction(1)),
        ("s", Fraction(1000)),
        ("m", Fraction(60_000)),
    ):
        if cleaned.endswith(unit):
            number = parse_decimal(cleaned.removesuffix(unit))
            if number <= 0:
                break
            return number * factor
    raise refuse("latency", f"{text!r} is not a latency", hint="write it as 100ms or 1.5s")


def longest_rolling(asked: Question) -> int:
    """The longest span that the question looks back over; a year's period counts as its longest."""
    lengths = [w.seconds if isinstance(w, RollingWindow) else 366 * DAY for w in asked.windows]
    return max([*lengths, *(rule.long for rule in asked.rules)])
