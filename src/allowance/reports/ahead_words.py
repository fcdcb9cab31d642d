"""The forecast in sentences."""

from __future__ import annotations

from allowance.budget.forecast import Forecast, Moment, NotBefore, Renewal
from allowance.core.time import Instant, iso
from allowance.reports import tabular
from allowance.reports.tabular import percent


def spending_words(ahead: Forecast) -> str:
    """When nothing is left; empty where nothing can be said."""
    spending = ahead.spending
    said = _sentence(spending.reason)
    match spending.word:
        case "no data":
            return ""
        case "spent":
            return f"{said}."
        case "ahead":
            return f"{said}{_range(spending.earliest, spending.latest)}."
        case "not in sight":
            if isinstance(spending.earliest, NotBefore) or not ahead.tested:
                return f"{said}."
            return f"{said}; a turn for the worse could spend it by {tabular.when(spending.earliest)} UTC."


def launch_words(ahead: Forecast) -> str:
    """When there is budget to launch with; empty where nothing can be said."""
    launch = ahead.launch
    match launch.word:
        case "no data":
            return ""
        case "now":
            return f"You can launch now: {launch.reason}."
        case "later":
            return f"You can launch again later: {launch.reason}{_range(launch.earliest, launch.latest)}."
        case "not in sight":
            return f"When you can launch again is not in sight: {launch.reason}."


def comes_back_words(ahead: Forecast) -> str:
    """What the window gives back by itself."""
    back = ahead.recovery
    if isinstance(back, Renewal):
        return f"A new period begins with a new budget on {tabular.when(back.at)} UTC."
    if not back.days:
        return ""
    most = max(back.days, key=lambda day: day.share)
    return (
        f"Most comes back when {tabular.day(most.day)} leaves the window, by {tabular.when(most.leaves.end)} UTC: "
        f"{percent(most.share)} of the budget."
    )


def ends_words(ahead: Forecast) -> str:
    """The end of the forecast's range, short: `spent between 26 and 29 Nov`; empty where nothing can be said."""
    spending, launch = ahead.spending, ahead.launch
    match spending.word:
        case "no data":
            return ""
        case "spent" if launch.word == "later":
            return _short("back above zero", launch.earliest, launch.latest)
        case "spent":
            return "spent"
        case _:
            doubtful = spending.word == "not in sight" and not ahead.tested
            return "" if doubtful else _short("spent", spending.earliest, spending.latest)


def _short(what: str, earliest: Moment, latest: Moment) -> str:
    if isinstance(earliest, NotBefore):
        return f"not {what} before {_day(earliest.at)}"
    if isinstance(latest, NotBefore):
        return f"{what} on {_day(earliest)} at the earliest"
    one, other = _day(earliest), _day(latest)
    if one != other:
        number, _, month = one.partition(tabular.NBSP)
        return f"{what} between {number if other.endswith(month) else one} and {other}"
    begin, end = (tabular.when(at)[-5:] for at in (earliest, latest))
    return f"{what} on {one} " + (f"at {begin}" if begin == end else f"between {begin} and {end}")


def _day(at: Instant) -> str:
    return tabular.day(iso(at)[:10], year=False)


def _range(earliest: Moment, latest: Moment) -> str:
    if isinstance(earliest, NotBefore):
        return ""
    if isinstance(latest, NotBefore):
        return f"; in 80 of 100 such cases not before {tabular.when(earliest)} UTC"
    if earliest == latest:
        return ""
    return f"; in 80 of 100 such cases between {tabular.when(earliest)} and {tabular.when(latest)} UTC"


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
