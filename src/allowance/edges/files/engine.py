"""DuckDB inside this process: bounded memory, UTC, a private temporary folder, and a way to stop at once."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from allowance.core.problem import ProblemError, Where, refuse

MEMORY = "1GB"
"""What the engine may hold; beyond it, it spills to the temporary folder."""

Connection = duckdb.DuckDBPyConnection


@dataclass(kw_only=True)
class Engine:
    """One in-memory database. Each thread takes its own cursor; `stop` interrupts them all."""

    folder: Path
    threads: int
    _connection: Connection
    _cursors: list[Connection] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def cursor(self) -> Connection:
        """A connection of its own to the same database."""
        with self._lock:
            cursor = self._connection.cursor()
            cursor.execute("SET TimeZone = 'UTC'")
            self._cursors.append(cursor)
            return cursor

    def run(self, cursor: Connection, statements: Sequence[str], moved: Callable[[float], None]) -> None:
        """Execute statements one after the other; `moved` hears how far they are, from 0 to 1."""
        with ThreadPoolExecutor(1) as pool:
            for number, statement in enumerate(statements):
                future = pool.submit(cursor.execute, statement)
                try:
                    while not wait([future], timeout=0.2).done:
                        part = max(cursor.query_progress(), 0) / 100
                        moved((number + part) / len(statements))
                    future.result()
                except BaseException:
                    self.stop()
                    raise
        moved(1)

    def stop(self) -> None:
        """Interrupt whatever runs."""
        with self._lock:
            for cursor in self._cursors:
                cursor.interrupt()


@contextmanager
def engine() -> Iterator[Engine]:
    """An engine for one question; its temporary folder is gone afterwards, whatever happens.

    What DuckDB itself cannot do becomes a `Problem` `engine`.
    """
    threads = max(1, min(os.cpu_count() or 1, 8))
    with tempfile.TemporaryDirectory(prefix="allowance-", ignore_cleanup_errors=True) as folder:
        config: Mapping[str, str | bool | int | float | list[str]] = {
            "threads": threads,
            "memory_limit": MEMORY,
            "temp_directory": str(Path(folder) / "spill"),
            "autoinstall_known_extensions": False,
            "allow_community_extensions": False,
        }
        connection = duckdb.connect(config=dict(config))
        try:
            # Not in the configuration: the setting belongs to an extension that is loaded later.
            connection.execute("SET TimeZone = 'UTC'")
            zone = connection.execute("SELECT current_setting('TimeZone')").fetchone()
            if zone != ("UTC",):
                raise refuse("engine", f"DuckDB keeps the time zone {zone}", hint="UTC is needed")
            yield Engine(folder=Path(folder), threads=threads, _connection=connection)
        except duckdb.InterruptException:
            raise KeyboardInterrupt from None
        except duckdb.Error as error:
            raise spoken(error) from None
        except RuntimeError as error:
            # So DuckDB reports Ctrl-C where the signal meets a running query.
            if "interrupted" in str(error):
                raise KeyboardInterrupt from None
            raise
        finally:
            connection.close()


@contextmanager
def blaming(label: str) -> Iterator[None]:
    """What the engine cannot read within the block is the fault of a file."""
    try:
        yield
    except (duckdb.InterruptException, duckdb.OutOfMemoryException):
        raise
    except duckdb.Error as error:
        text = str(error).partition("\n")[0].strip()[:200]
        where = Where(file=label)
        raise refuse(
            "file", f"the file cannot be read: {text}", hint="is it damaged? write it again", where=where
        ) from None


def spoken(error: duckdb.Error) -> ProblemError:
    """An error of DuckDB in one sentence."""
    text = str(error).partition("\n")[0].strip()
    text = text if len(text) <= 200 else f"{text[:197]}..."
    if isinstance(error, duckdb.OutOfMemoryException):
        return refuse(
            "engine", f"the data do not fit into {MEMORY} of memory: {text}", hint="ask with a larger step, or without --by"
        )  # fmt: skip
    return refuse(
        "engine", f"DuckDB could not read the data: {text}", hint="look at the named column or file"
    )
