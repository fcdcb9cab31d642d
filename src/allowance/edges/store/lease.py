"""The evaluator lease: of all replicas on one database exactly one evaluates and delivers.

On PostgreSQL the holder has a session advisory lock on a connection of its own. It is heard from every second; a
session that is silent is ended by the server, and the lock with it, so that a holder that was killed, paused or cut off
is followed within ten seconds. Every takeover raises the epoch of the row `lease`, and a tick is written only under the
epoch in which it began: who wakes up late cannot write any more. A SQLite file has one program at a time: the kernel's
lock on a file beside it ends with its holder, however that ends.
"""

from __future__ import annotations

import os
import socket
import threading
import time
from pathlib import Path
from typing import IO, Protocol

import structlog
from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    Engine,
    Integer,
    NullPool,
    Table,
    Text,
    select,
    update,
)
from sqlalchemy.exc import SQLAlchemyError

from allowance.core.problem import refuse
from allowance.edges.store.database import address_of, postgresql
from allowance.edges.store.tables import metadata

SILENCE = 6
"""Seconds after which the server ends the session of a silent holder."""
TRUST = 5.0
"""For so many seconds after it was last heard a holder may believe that it still is one: less than `SILENCE`."""
BEAT = 1.0
"""Seconds between two signs of life, and between two tries of those who wait."""
LEASE_LOCK = 0x6C65617365

lease_table = Table(
    "lease",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("epoch", BigInteger, nullable=False),
    Column("holder", Text, nullable=False),
)

log = structlog.get_logger()


class LeaseLost(Exception):
    """Another replica has taken over; nothing was written."""


class Lease(Protocol):
    """Who evaluates. Every method may be called from any thread."""

    @property
    def held(self) -> bool:
        """Whether this process evaluates, as far as it can know without asking."""
        ...

    @property
    def holder(self) -> str:
        """Who evaluates: machine and process; empty where nobody does."""
        ...

    def check(self, connection: Connection) -> None:
        """In the transaction of a tick: nobody takes over before it ends. Errors: `LeaseLost`."""
        ...

    def release(self) -> None:
        """Let another one have it at once."""
        ...


def lock_file(url: str) -> FileLease | None:
    """The lease on a SQLite file, to be taken before the file is opened; nothing for a PostgreSQL.

    Errors: `Problem` `store-in-use` where another process serves from the same file.
    """
    address = address_of(url)
    if address.get_backend_name() == "postgresql":
        return None
    name = address.database
    return FileLease(None if not name or name == ":memory:" else Path(name))


def me() -> str:
    """This process, for people."""
    return f"{socket.gethostname()}, process {os.getpid()}"


class FileLease:
    """Held from the beginning to the end of the process; `store` is the SQLite file, none for one in memory."""

    def __init__(self, store: Path | None) -> None:
        self.holder, self._file = me(), None if store is None else _locked(store)
        self._over = False

    @property
    def held(self) -> bool:
        """To the end: who could not have it was refused."""
        return not self._over

    def check(self, connection: Connection) -> None:
        """Nobody can take over from a living process before its last words."""
        if self._over:
            raise LeaseLost("this process has given its store back")

    def release(self) -> None:
        """Unlock the file; it stays, empty."""
        self._over = True
        if self._file is not None:
            self._file.truncate(0)
            self._file.close()
            self._file = None


def _locked(store: Path) -> IO[str]:
    """The lock file, locked. It is never removed: two processes would then lock two files of one name."""
    import fcntl

    path = Path(f"{store}.lock")
    try:
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
    except OSError as error:
        raise refuse(
            "store",
            f"the store cannot be opened: {path}: {error.strerror}",
            hint="check its address and its rights",
        ) from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        who = file.read(200).strip() or "another process"
        file.close()
        raise refuse(
            "store-in-use",
            f"{store} is served by {who} already",
            hint="stop that one, or give each its own --store; several replicas need a PostgreSQL",
        ) from None
    file.truncate(0)
    file.write(me())
    file.flush()
    return file


class DatabaseLease:
    """Tried for and kept alive by a thread of its own, from the first moment until `release`."""

    def __init__(self, url: str) -> None:
        self._engine: Engine = postgresql(
            url, f"-c idle_session_timeout={SILENCE * 1000}", poolclass=NullPool
        )
        self._connection: Connection | None = None
        self._epoch, self._heard = 0, float("-inf")
        self.holder = ""
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="lease", daemon=True)
        self._beat()
        self._thread.start()

    @property
    def held(self) -> bool:
        """Whether the lock was ours so short a time ago that the server cannot have ended our session since."""
        return bool(self._epoch) and time.monotonic() - self._heard < TRUST

    def check(self, connection: Connection) -> None:
        """A shared lock on the row: a takeover waits until this transaction has ended, one way or the other."""
        query = select(lease_table.c.epoch).where(lease_table.c.id == 1)
        epoch = connection.execute(query.with_for_update(read=True)).scalar_one()
        if not self._epoch or epoch != self._epoch:
            raise LeaseLost(f"the lease is at epoch {epoch}, ours was {self._epoch or 'none'}")

    def release(self) -> None:
        """End the session; the lock goes with it."""
        self._over.set()
        self._thread.join(SILENCE)
        self._lost()
        self._engine.dispose()

    def pause(self) -> None:
        """Give no more signs of life, as a process that is stopped: for drills."""
        self._over.set()
        self._thread.join(SILENCE)

    def _keep(self) -> None:
        while not self._over.wait(BEAT):
            self._beat()

    def _beat(self) -> None:
        began = time.monotonic()
        try:
            if self._connection is None:
                self._connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if self._epoch:
                self._connection.exec_driver_sql("SELECT 1")
            else:
                self._try(self._connection)
        except SQLAlchemyError as error:
            if self._epoch:
                log.warning("lease lost", reason=str(error).splitlines()[0])
            self._lost()
        else:
            self._heard = began

    def _try(self, connection: Connection) -> None:
        table = lease_table
        if connection.exec_driver_sql(f"SELECT pg_try_advisory_lock({LEASE_LOCK})").scalar_one():
            # It waits for a tick of the former holder that is still being written.
            raised = update(table).values(epoch=table.c.epoch + 1, holder=me()).returning(table.c.epoch)
            self._epoch = connection.execute(raised).scalar_one()
            self.holder = me()
            log.info("lease taken", epoch=self._epoch)
        else:
            self.holder = connection.execute(select(table.c.holder)).scalar_one()

    def _lost(self) -> None:
        self._epoch = 0
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()
