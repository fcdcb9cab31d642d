"""The same bucket of many histories, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Generic, TypeVar

from allowance.core.buckets import Buckets, Ints
from allowance.core.time import Instant

K = TypeVar("K")


class Minute(Mapping[K, Buckets], Generic[K]):
    """One bucket `[start, start + step)` of every name: `good[i]` and `total[i]` are those of `names[i]`.

    Each is a history of one bucket when it is asked for. Who keeps something by the names may keep it by the object
    `names`: the same names come as the same object.
    """

    __slots__ = ("_place", "good", "names", "start", "step", "total")

    def __init__(self, names: Sequence[K], *, start: Instant, step: int, good: Ints, total: Ints) -> None:
        if not len(names) == len(good) == len(total):
            raise ValueError("every name has a count")
        if bool(((good < 0) | (good > total)).any()):
            raise ValueError("counts need 0 <= good <= total in every bucket")
        self.names, self.start, self.step, self.good, self.total = names, start, step, good, total
        self._place: dict[K, int] | None = None

    def under(self, names: Sequence[K]) -> Minute[K]:
        """The same counts under other names, one for one."""
        return Minute(names, start=self.start, step=self.step, good=self.good, total=self.total)

    def __getitem__(self, name: K) -> Buckets:
        if self._place is None:
            self._place = {one: number for number, one in enumerate(self.names)}
        at = self._place[name]
        return Buckets(
            start=self.start, step=self.step, good=self.good[at : at + 1], total=self.total[at : at + 1]
        )

    def __iter__(self) -> Iterator[K]:
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)
