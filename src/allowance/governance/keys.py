"""Keys to entries of the ledger: grown by one at a time, never changed, and cheap however many there are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

YOUNG, MOST = 256, 65_536


class Keys(Mapping[str, int]):
    """An immutable mapping of the newest keys. Adding copies the young ones only; beyond `MOST` the oldest go."""

    __slots__ = ("_old", "_young")

    def __init__(self, old: Mapping[str, int] | None = None, young: Mapping[str, int] | None = None) -> None:
        self._old, self._young = dict(old or {}), dict(young or {})

    def added(self, key: str, number: int) -> Keys:
        """With one more key; one that is there already is replaced."""
        young = {**self._young, key: number}
        if len(young) < YOUNG:
            return self._with(self._old, young)
        newest = sorted({**self._old, **young}.items(), key=lambda item: item[1])[-MOST:]
        return self._with(dict(newest), {})

    def __getitem__(self, key: str) -> int:
        found = self._young.get(key)
        return self._old[key] if found is None else found

    def __iter__(self) -> Iterator[str]:
        return iter({**self._old, **self._young})

    def __len__(self) -> int:
        return len({**self._old, **self._young})

    @staticmethod
    def _with(old: dict[str, int], young: dict[str, int]) -> Keys:
        found = Keys()
        found._old, found._young = old, young
        return found
