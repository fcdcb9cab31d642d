"""Tables of counts: rows that say how many events there were, and how many of them were good or bad."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from allowance.signals.columns import Sampled, canonical

_GOOD = ("good", "goodevents", "goodcount")
_BAD = ("bad", "badevents", "badcount")
_TOTAL = ("total", "totalevents", "totalcount", "valid", "validevents")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Two raw fields that hold counts: good and total, bad and total, or good and bad."""

    good: str | None
    bad: str | None
    total: str | None

    @property
    def fields(self) -> tuple[str, ...]:
        """The two fields."""
        return tuple(name for name in (self.good, self.bad, self.total) if name is not None)


def counted(fields: Sequence[Sampled], time_field: str) -> Counted | None:
    """The fields of counts, where a table has them and every sampled row holds whole numbers that fit each other."""

    def called(names: Sequence[str]) -> Sampled | None:
        return next((s for s in fields if canonical(s.name) in names and s.name != time_field), None)

    good, bad, total = called(_GOOD), called(_BAD), called(_TOTAL)
    if total is not None and good is not None:
        bad = None
    pair = [sampled for sampled in (good, bad, total) if sampled is not None]
    if len(pair) != 2 or not all(_whole(sampled) for sampled in pair):
        return None
    part = good or bad
    if total is not None and part is not None:
        rows = zip(part.values, total.values, strict=False)
        if len(part.values) != len(total.values) or any(int(few) > int(all_) for few, all_ in rows):
            return None
    return Counted(
        good=good.name if good else None,
        bad=bad.name if bad else None,
        total=total.name if total else None,
    )


def _whole(sampled: Sampled) -> bool:
    return bool(sampled.values) and all(value.isascii() and value.isdigit() for value in sampled.values)
