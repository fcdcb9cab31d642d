"""Which column of a log or table is the instant of an event."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from allowance.core.problem import Where, refuse
from allowance.signals.columns import Sampled
from allowance.signals.number_forms import base_of, unit_of, words_of
from allowance.signals.predicate import check_column
from allowance.signals.time_forms import TimeForm, time_form


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeColumn:
    """The raw field of the instant and how it is written."""

    field: str
    form: TimeForm


_NAMES = (
    "time", "timestamp", "ts", "eventtime", "datetime", "dt", "timelocal", "timeiso", "msec", "acceptdate", "t",
    "minute", "bucket", "epoch", "at", "when", "starttime", "start", "startedat", "starttimeunix", "startutc",
    "startlocal", "timeunix", "createdat", "created", "logtime", "loggedat", "receivedat", "observedat", "hour", "day",
    "date", "endtime", "end", "endedat", "finishedat", "completedat", "month",
)  # fmt: skip
_CERTAIN = ("t", "ts", "time", "timestamp", "epoch", "bucket", "minute", "start")
"""Names that are taken for the instant even where the numbers are near 1970."""


def find_time(fields: Sequence[Sampled], *, name: str, wanted: str | None = None) -> TimeColumn:
    """The column of the instant: the one that the caller names, else the likeliest by name and by values.

    Errors: `Problem` `column` for a name that is not there, `time` where nothing reads as an instant.
    """
    where = Where(file=name)
    if wanted is not None:
        field = check_column(wanted, [sampled.name for sampled in fields], where=where)
        sampled = next(one for one in fields if one.name == field)
        form = sampled.moment or time_form(field, sampled.values, sure=True)
        if form is None:
            shown = sampled.values[0] if sampled.values else "nothing"
            raise refuse(
                "time",
                f"the column {field} holds no instants, but for example {shown!r}",
                hint="instants are ISO 8601, 17/Nov/2013:06:31:30 -0500, or numbers since 1970",
                where=where,
            )
        return TimeColumn(field=field, form=form)
    by_name = _by_name(fields, sure=False) or _by_value(fields) or _by_name(fields, sure=True)
    if by_name is None:
        listed = ", ".join(sampled.name for sampled in fields[:20])
        raise refuse(
            "time", "there is no column of times", hint=f"name it with --time; columns: {listed}", where=where
        )
    return by_name


def _by_name(fields: Sequence[Sampled], *, sure: bool) -> TimeColumn | None:
    """By the whole name first, then by its end: `committed_epoch_s`, `attributes.timestamp`."""
    for whole in (True, False):
        for wanted in _CERTAIN if sure else _NAMES:
            for sampled in fields:
                if wanted not in _called(sampled.name, whole=whole):
                    continue
                form = sampled.moment or time_form(sampled.name, sampled.values, sure=sure)
                if form is not None:
                    return TimeColumn(field=sampled.name, form=form)
    return None


def _called(name: str, *, whole: bool) -> tuple[str, ...]:
    if whole:
        return (base_of(name),)
    words = words_of(name)[: -1 if unit_of(name) else None]
    return tuple("".join(words[start:]) for start in range(1, len(words)))


def _by_value(fields: Sequence[Sampled]) -> TimeColumn | None:
    """The first column whose values are written as instants, whatever it is called."""
    for sampled in fields:
        form = sampled.moment or time_form("", sampled.values)
        if form in ("iso", "clf", "clf-local", "timestamp", "timestamptz"):
            return TimeColumn(field=sampled.name, form=form)
    return None
