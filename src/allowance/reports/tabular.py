"""Numbers, instants and spans as they stand in columns and sentences of a page: fixed decimals, real minus signs."""

from __future__ import annotations

from fractions import Fraction
from zoneinfo import ZoneInfo

from allowance.core.counts import Counts, NoData
from allowance.core.ratio import decimal_text
from allowance.core.time import FIRST, LAST, Instant, in_zone, iso
from allowance.core.window import RollingWindow, Window
from allowance.reports import numbers

MINUS = "\u2212"
NBSP = "\u00a0"
_MOST_PLACES = 8


def fixed(value: Fraction, places: int) -> str:
    """Exactly so many decimals, digits grouped by three: `1 240.50`, `−0.3`."""
    scaled = round(value * 10**places)
    left, right = divmod(abs(scaled), 10**places)
    tail = f".{right:0{places}d}" if places else ""
    return f"{MINUS if scaled < 0 else ''}{numbers.whole(left)}{tail}"


def percent(value: Fraction | NoData, places: int = 1) -> str:
    """`20.4 %` with fixed decimals; what is not zero is never printed as zero: `< 0.1 %`."""
    if isinstance(value, NoData):
        return numbers.NO_DATA_WORD
    least = Fraction(1, 10**places)
    if value and round(value * 100 * 10**places) == 0:
        return f"{'< ' if value > 0 else f'> {MINUS}'}{fixed(least, places)}{NBSP}%"
    return f"{fixed(value * 100, places)}{NBSP}%"


def part(value: Fraction) -> str:
    """A share of something as people wrote it: `2 %`, and `0.56 %` where it is not a whole percent."""
    return percent(value, 0 if (value * 100).denominator == 1 else 2)


def target_places(target: Fraction) -> int:
    """Decimals in which a target and what was measured against it are printed."""
    return min(max(2, numbers.decimals(target)), _MOST_PLACES)


def target_percent(target: Fraction) -> str:
    """A target as percent, at least two decimals: `99.90 %`."""
    return percent(target, target_places(target))


def sli_percent(value: Fraction | NoData, target: Fraction) -> str:
    """An SLI with the decimals of its target; more where it would otherwise look like the target or 100 %."""
    if isinstance(value, NoData):
        return numbers.NO_DATA_WORD
    places = target_places(target)
    for more in range(places, places + 7):
        shown = Fraction(round(value * 100 * 10**more), 10**more * 100)
        if (shown < target) == (value < target) and (shown < 1) == (value < 1):
            return percent(value, more)
    return percent(value, places + 7)


def share_words(counts: Counts, target: Fraction) -> str:
    """`99.92 % of 10 049 requests were good`; none and all are said in words."""
    total = requests(counts.total)
    if not counts.total:
        return "no request was measured"
    if not counts.bad:
        return "the only request was good" if counts.total == 1 else f"all {total} were good"
    if not counts.good:
        return "the only request failed" if counts.total == 1 else f"all {total} failed"
    return f"{sli_percent(counts.sli, target)} of {total} were good"


def requests(count: int) -> str:
    """`1 request`, `10 049 requests`."""
    return plural(count, "request")


def plural(count: int, word: str) -> str:
    """`1 page`, `2 pages`."""
    return f"{numbers.whole(count)}{NBSP}{word}{'' if count == 1 else 's'}"


def amount(value: Fraction) -> str:
    """A number of events: whole where it is whole or large, else two decimals."""
    return fixed(value, 0 if value.denominator == 1 or abs(value) >= 100 else 2)


def exact(value: Fraction) -> str:
    """Every decimal that there is, up to twelve: `1 592.127`."""
    whole, _, tail = decimal_text(abs(value)).partition(".")
    return f"{MINUS if value < 0 else ''}{numbers.whole(int(whole))}{f'.{tail}' if tail else ''}"


def factor(value: Fraction | NoData) -> str:
    """A burn rate: `14.4×`; two figures or more, because 0.93 and 0.9 are different thresholds."""
    if isinstance(value, NoData):
        return numbers.NO_DATA_WORD
    if value and value < Fraction(1, 100):
        return "< 0.01×"
    return f"{fixed(value, 2 if value < 1 else 1 if value < 100 else 0)}×"


def milliseconds(value: float) -> str:
    """A duration that was measured: `310 ms`, `1.25 s`."""
    exact = Fraction(value)
    if exact >= 1000:
        return f"{fixed(exact / 1000, 2)}{NBSP}s"
    return f"{fixed(exact, 0 if exact >= 10 or exact.denominator == 1 else 2)}{NBSP}ms"


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_UTC = ZoneInfo("UTC")


def when(instant: Instant) -> str:
    """`14 Oct 2026 13:05`, in UTC; with seconds only where there are some."""
    if not FIRST <= instant <= LAST:
        return iso(instant)
    moment = in_zone(instant, _UTC)
    seconds = f":{moment.second:02d}" if moment.second else ""
    return f"{day(moment.date().isoformat())} {moment.hour:02d}:{moment.minute:02d}{seconds}"


def day(name: str, *, year: bool = True) -> str:
    """`14 Oct 2026`, or `14 Oct`, for the day `2026-10-14`."""
    in_year, month, number = name.split("-")
    text = f"{int(number)}{NBSP}{MONTHS[int(month) - 1]}"
    return f"{text} {in_year}" if year else text


def window(value: Window) -> str:
    """`30 d`, or `calendar month` with its zone where that is not UTC."""
    if isinstance(value, RollingWindow):
        return numbers.duration(value.seconds).replace(" ", NBSP)
    zone = "" if value.zone.key == "UTC" else f" ({value.zone.key})"
    return f"calendar {value.unit}{zone}"


def span(seconds: Fraction | int) -> str:
    """Seconds as people say them, unbroken: `40 min 19 s`; `less than 1 s` where something is left of one."""
    if 0 < seconds < 1:
        return f"less than 1{NBSP}s"
    return numbers.duration(seconds).replace(" ", NBSP)
