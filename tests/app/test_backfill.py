"""A promise over OTLP that had a past elsewhere: it is counted once, and ends where the telemetry begins."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from allowance.alerting.plan import Settings
from allowance.app.serve import Loop
from allowance.contract.read import read
from allowance.contract.write import write
from allowance.core.buckets import Buckets, from_rows
from allowance.core.counts import Counts
from allowance.core.time import Instant
from allowance.edges.counts_file import write_counts
from allowance.edges.read import Reader
from allowance.edges.store.database import connect
from allowance.edges.store.store import Store
from allowance.web.otlp_door import OtlpDoor

NOW: Instant = 1_790_000_040 - 1_790_000_040 % 60
MIN = 60


def _contract(files: Path, by: str = "") -> str:
    return f"""
apiVersion: allowance/v1
kind: Service
metadata: {{name: shop}}
spec:
  slos:
    - name: orders
      kind: http-availability
      target: 99.9%
      window: 7d
      {by}
      source: {{otlp: traces, backfill: "{files}"}}
"""


class _Here:
    """A loop on a store of its own, that can be begun anew."""

    def __init__(self, folder: Path, text: str) -> None:
        self.contract = read([("shop.yaml", text.encode())]).trusted()
        self.engine = connect(str(folder / "a.db"))
        self.begin()

    def begin(self) -> None:
        self.store = Store(self.engine)
        self.door = OtlpDoor(self.contract.slos, self.store, lambda: NOW)
        self.loop = Loop(
            contract=self.contract,
            store=self.store,
            reader=Reader(),
            targets=lambda notice, at: (),
            settings=Settings(),
            doors=(self.door,),
        )
        self.loop.start(now=NOW)

    def live(self, *rows: tuple[Instant, int, int], group: str = "") -> None:
        name = self.door.series("shop/orders")
        assert name is not None
        with self.store.writing() as writing:
            writing.add(NOW, {(name, group): from_rows(rows)})

    def counted(self, begin: Instant, end: Instant) -> Counts:
        found = self.loop.counted("shop/orders")
        assert found is not None
        return found.between(begin, end)


@contextmanager
def _here(folder: Path, text: str) -> Iterator[_Here]:
    here = _Here(folder, text)
    yield here
    here.engine.dispose()


def _past(path: Path, minutes: int, *, end: Instant = NOW) -> Buckets:
    rows = [(end - (n + 1) * MIN, 9, 10) for n in range(minutes)]
    buckets = from_rows(rows)
    write_counts(str(path), buckets)
    return buckets


def test_the_past_is_counted_at_the_first_tick_and_never_again(tmp_path: Path) -> None:
    _past(tmp_path / "past.csv", 600)
    with _here(tmp_path, _contract(tmp_path / "past.csv")) as here:
        here.loop.advance(now=NOW)
        assert here.counted(NOW - 7 * 86400, NOW) == Counts(good=5400, total=6000)
        here.live((NOW, 5, 5))
        here.loop.advance(now=NOW + MIN)
        here.begin()
        here.loop.advance(now=NOW + 2 * MIN)
        assert here.counted(NOW - 7 * 86400, NOW + 2 * MIN) == Counts(good=5405, total=6005)
        assert here.loop.problems == {}


def test_the_past_ends_where_telemetry_began(tmp_path: Path) -> None:
    _past(tmp_path / "past.csv", 600)
    with _here(tmp_path, _contract(tmp_path / "past.csv")) as here:
        here.live((NOW - 100 * MIN, 7, 7), (NOW - MIN, 3, 3))
        here.loop.advance(now=NOW)
        assert here.counted(NOW - 7 * 86400, NOW) == Counts(good=500 * 9 + 10, total=500 * 10 + 10)


def test_groups_keep_their_names(tmp_path: Path) -> None:
    past = {"acme": from_rows([(NOW - MIN, 4, 4)]), "globex": from_rows([(NOW - MIN, 1, 2)])}
    write_counts(str(tmp_path / "past.csv"), past, by="tenant")
    with _here(tmp_path, _contract(tmp_path / "past.csv", "by: tenant")) as here:
        here.live((NOW - MIN + MIN, 1, 1), group="acme")
        here.loop.advance(now=NOW + MIN)
        totals = {group: b.all() for (slo, group), b in here.loop.histories.items() if slo == "shop/orders"}
        assert totals["acme"] == Counts(good=5, total=5)
        assert totals["globex"] == Counts(good=1, total=2)
        assert here.counted(NOW - 86400, NOW + MIN) == Counts(good=6, total=7)


def test_files_that_are_not_there_are_a_problem_until_they_are(tmp_path: Path) -> None:
    with _here(tmp_path, _contract(tmp_path / "past.csv")) as here:
        here.loop.advance(now=NOW)
        (problem,) = here.loop.problems.values()
        assert "past.csv" in str(problem)
        _past(tmp_path / "past.csv", 10)
        here.loop.advance(now=NOW + MIN)
        assert here.loop.problems == {}
        assert here.counted(NOW - 86400, NOW + MIN) == Counts(good=90, total=100)


@given(st.lists(st.sampled_from(["a.csv", "b/*.parquet", "c d.csv"]), max_size=3, unique=True))
def test_a_backfill_is_written_back_as_it_was_read(paths: list[str]) -> None:
    text = _contract(Path("x")).replace('backfill: "x"', f"backfill: {paths}")
    contract = read([("shop.yaml", text.encode())]).trusted()
    assert read([("shop.yaml", write(contract).encode())]).trusted() == contract
