"""Running totals after the machine stopped at any instant: what is believed is what the stored gains say, whatever the disk
made of the file; and after a rest nothing is counted anew."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from allowance.app.storing import TornTotals
from allowance.core.buckets import Buckets, Ints
from allowance.edges.store import counts_of
from allowance.edges.store.counts import Counts
from allowance.edges.store.counts_file import CountsFile
from allowance.edges.store.counts_kept import AHEAD, LATE
from allowance.edges.store.store import Store, open_store

STEP, ROWS, PAGE = 60, 500, 4096
START = 1_000_000
SERIES = [(f"s{number}", "") for number in range(5)]


@pytest.fixture
def rebuilt(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Grows whenever all gains are counted anew."""
    found: list[str] = []
    rebuild = Counts.rebuild

    def told(self: Counts, *given: object, **named: object) -> None:
        found.append("anew")
        rebuild(self, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Counts, "rebuild", told)
    return found


@dataclass(slots=True)
class Machine:
    """A store and its totals on a disk of which it is known what it holds for sure, and what it may hold."""

    path: Path
    boots: Callable[[str], None]
    store: Store = field(init=False)
    counts: Counts = field(init=False)
    minute: int = START
    synced: bytes = b""
    since: list[bytes] = field(default_factory=list)
    """What the file was at each instant after the last sync."""
    lives: int = 1

    def __post_init__(self) -> None:
        self.start()

    @property
    def file(self) -> Path:
        return Path(f"{self.path}.counts")

    def start(self) -> None:
        self.boots(f"life {self.lives}")
        self.store = open_store(str(self.path))
        self.counts = self.store.totals(rows=ROWS, step=STEP)
        self.look()

    def look(self) -> None:
        """Take in what the store has gained."""
        self.since.append(self.file.read_bytes())
        gains = self.store.gains(after=self.counts.seq, most=1_000_000)
        self.counts.apply(gains, until=self.minute * STEP)
        self.since.append(self.file.read_bytes())

    def pass_minutes(self, number: int, rng: random.Random, *, late: int = 0) -> None:
        """So many minutes at once, with events in some of them; or in one that was `late` minutes ago."""
        self.minute += number
        for series in rng.sample(SERIES, 3):
            total = np.array([rng.randrange(50) for _ in range(number or 1)], dtype=np.int64)
            start = (self.minute - len(total) - late) * STEP
            buckets = Buckets(start=start, step=STEP, good=total // 2, total=total)
            with self.store.writing() as writing:
                writing.add(self.minute * STEP, {series: buckets})
        self.look()

    def rest(self) -> None:
        self.counts.keep()
        self.since.append(self.file.read_bytes())

    def crash(
        self, rng: random.Random | None = None, damage: Callable[[bytearray], None] | None = None
    ) -> None:
        """The machine stops and starts again. Of each page the disk has what was synced, or anything that it was since."""
        image = bytearray(self.file.read_bytes())
        if rng is not None:
            image = self._torn(rng)
        if damage is not None:
            damage(image)
        self.lives += 1
        there = self.path.parent / str(self.lives) / self.path.name
        there.parent.mkdir()
        for ending in ("", "-wal"):
            if Path(f"{self.path}{ending}").exists():
                shutil.copy(f"{self.path}{ending}", f"{there}{ending}")
        self.store.close()
        self.path = there
        self.file.write_bytes(image)
        self.synced, self.since = bytes(image), []
        self.start()

    def _torn(self, rng: random.Random) -> bytearray:
        size = self.file.stat().st_size
        image = bytearray(size)
        states = [one for one in (self.synced, *self.since) if len(one) == size]
        for begin in range(0, size, PAGE):
            image[begin : begin + PAGE] = rng.choice(states)[begin : begin + PAGE]
        return image

    def check(self) -> None:
        """Every window of every series is the sum of what is stored; where rows are torn, by the totals made then."""
        try:
            self._check()
        except TornTotals:
            assert self.counts.is_torn
            self.counts = self.store.totals(rows=ROWS, step=STEP)
            self.look()
            self._check()

    def _check(self) -> None:
        truth, counts = Counts(None, rows=ROWS, step=STEP), self.counts
        for gain in self.store.gains(after=0, most=1_000_000):
            truth.apply([gain], until=0)
        truth.apply([], until=self.minute * STEP)
        assert counts.head == truth.head
        assert counts.tail <= max(truth.tail, truth.head - ROWS + 1 + AHEAD)
        newest = self._sums(counts, truth.head), self._sums(truth, truth.head)
        for edge in range(max(truth.tail, counts.tail), truth.head):
            mine, wanted = newest[0] - self._sums(counts, edge), newest[1] - self._sums(truth, edge)
            assert np.array_equal(mine, wanted), f"{truth.head - edge} minutes"

    def _sums(self, counts: Counts, edge: int) -> Ints:
        columns = list(self.store.series().values())
        return np.array([part[columns] for part in counts.at(edge * STEP)])


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    found: list[Machine] = []
    sync = CountsFile.sync

    def synced(self: CountsFile) -> None:
        sync(self)
        found[0].synced, found[0].since = found[0].file.read_bytes(), []

    monkeypatch.setattr(CountsFile, "sync", synced)

    def boots(life: str) -> None:
        monkeypatch.setattr(counts_of, "boot", lambda: life)

    found.append(Machine(path=tmp_path / "a.db", boots=boots))
    yield found[0]
    found[0].store.close()


@pytest.mark.parametrize("seed", range(40))
def test_whatever_the_disk_made_of_it_every_window_is_right(machine: Machine, seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(rng.randrange(2, 5)):
        for _ in range(rng.randrange(25)):
            late = rng.choice([0, 0, 0, 0, 3, LATE - 1, LATE + 30, 300])
            machine.pass_minutes(rng.choice([1, 1, 2, 5, 40]), rng, late=late)
            if rng.random() < 0.3:
                machine.rest()
        machine.crash(rng)
        machine.check()


@pytest.mark.parametrize("minutes", [0, 1, 30, AHEAD])
def test_after_a_rest_nothing_is_counted_anew(machine: Machine, rebuilt: list[str], minutes: int) -> None:
    rng = random.Random(minutes)
    machine.pass_minutes(ROWS + 100, rng)
    for _ in range(20):
        machine.pass_minutes(1, rng, late=2)
    machine.rest()
    for _ in range(minutes):
        machine.pass_minutes(1, rng, late=2)
    machine.crash(rng)
    machine.check()
    assert not rebuilt


def test_what_comes_later_than_is_left_room_for_is_counted_all_the_same(
    machine: Machine, rebuilt: list[str]
) -> None:
    rng = random.Random(1)
    machine.pass_minutes(300, rng)
    machine.rest()
    machine.pass_minutes(1, rng, late=200)
    machine.crash(rng)
    machine.check()
    assert rebuilt, "nothing is vouched for, because rows that were are written"
    machine.rest()
    machine.crash(rng)
    machine.check()
    assert len(rebuilt) == 1


def test_a_stop_in_the_midst_of_a_change_costs_only_what_came_since_the_rest(
    machine: Machine, rebuilt: list[str]
) -> None:
    rng = random.Random(2)
    machine.pass_minutes(300, rng)
    machine.rest()
    machine.pass_minutes(3, rng)
    machine.counts._file.header["dirty"] = 1
    machine.store.close()
    machine.start()
    machine.check()
    assert not rebuilt


def zeroed(machine: Machine, edge: int) -> Callable[[bytearray], None]:
    where = place(machine, edge)

    def damage(image: bytearray) -> None:
        begin = where // PAGE * PAGE
        image[begin : begin + PAGE] = bytes(PAGE)

    return damage


def flipped(machine: Machine, edge: int) -> Callable[[bytearray], None]:
    where = place(machine, edge)

    def damage(image: bytearray) -> None:
        image[where + 8] ^= 4

    return damage


def older(machine: Machine, edge: int) -> Callable[[bytearray], None]:
    where, before = place(machine, edge), place(machine, edge - 1)

    def damage(image: bytearray) -> None:
        size = place(machine, 1) - place(machine, 0)
        image[where : where + size] = image[before : before + size]

    return damage


def cut(machine: Machine, edge: int) -> Callable[[bytearray], None]:
    where = place(machine, edge)

    def damage(image: bytearray) -> None:
        del image[where:]

    return damage


def proof_lost(machine: Machine, edge: int) -> Callable[[bytearray], None]:
    def damage(image: bytearray) -> None:
        image[PAGE + 4 * (edge % ROWS)] ^= 1

    return damage


def header_lost(machine: Machine, edge: int) -> Callable[[bytearray], None]:
    def damage(image: bytearray) -> None:
        image[:PAGE] = bytes(PAGE)

    return damage


def place(machine: Machine, edge: int) -> int:
    """Where the row of an edge lies in the file."""
    ring = machine.counts._file.ring
    return machine.file.stat().st_size - ring.nbytes + edge % ROWS * ring[0].nbytes


@pytest.mark.parametrize("damage", [zeroed, flipped, older, cut, proof_lost, header_lost])
@pytest.mark.parametrize("ago", [250, 1])
def test_a_disk_that_lost_what_it_had_promised_is_found_out(
    machine: Machine,
    rebuilt: list[str],
    damage: Callable[[Machine, int], Callable[[bytearray], None]],
    ago: int,
) -> None:
    rng = random.Random(3)
    machine.pass_minutes(300, rng)
    machine.rest()
    machine.crash(damage=damage(machine, machine.counts.head - ago))
    machine.check()
    assert rebuilt == ["anew"]


def test_rows_that_nobody_has_looked_at_yet_are_doubted_by_the_next_process_too(
    machine: Machine, rebuilt: list[str]
) -> None:
    rng = random.Random(4)
    machine.pass_minutes(300, rng)
    machine.rest()
    machine.crash(damage=flipped(machine, machine.counts.head - 100))
    machine.pass_minutes(1, rng)
    machine.rest()
    machine.store.close()
    machine.start()
    machine.check()
    assert rebuilt == ["anew"]


def test_what_another_store_left_is_not_believed(
    machine: Machine, tmp_path: Path, rebuilt: list[str]
) -> None:
    """A copy of the store that is older than the file beside it, after the machine was started again."""
    rng = random.Random(5)
    machine.pass_minutes(300, rng)
    machine.rest()
    shutil.copy(machine.path, tmp_path / "old.db")
    shutil.copy(f"{machine.path}-wal", tmp_path / "old.db-wal")
    machine.pass_minutes(1, rng, late=100)
    machine.rest()
    (tmp_path / "old.db.counts").write_bytes(machine.file.read_bytes())
    machine.store.close()
    machine.path, machine.lives, machine.minute = tmp_path / "old.db", 2, machine.minute - 1
    machine.start()
    machine.check()
    assert rebuilt == ["anew"]


def test_all_at_once_is_what_one_after_the_other_is(machine: Machine) -> None:
    rng = random.Random(6)
    for _ in range(30):
        machine.pass_minutes(rng.choice([1, 5, 40]), rng, late=rng.choice([0, 2, 70]))
    machine.file.unlink()
    machine.store.close()
    machine.start()
    machine.check()
