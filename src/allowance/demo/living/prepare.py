"""A folder with everything that a living shop has behind it: contract, counts, and a month of decisions."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from allowance.alerting.plan import Settings
from allowance.app.serve import Loop
from allowance.contract.model import Contract
from allowance.contract.read import read
from allowance.core.time import Instant
from allowance.demo.living.chronicle import write_chronicle
from allowance.demo.living.past import write_past
from allowance.demo.promise import NAME, contract_text
from allowance.edges.read import Reader
from allowance.edges.store.database import connect
from allowance.edges.store.lease import lock_file
from allowance.edges.store.store import Store
from allowance.web.otlp_door import OtlpDoor


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """Where everything is."""

    folder: Path
    contract: Contract

    @property
    def contract_path(self) -> Path:
        """The contract as a file."""
        return self.folder / NAME

    @property
    def store(self) -> str:
        """The address of the store."""
        return str(self.folder / "allowance.db")


def prepare(folder: Path, *, now: Instant) -> Prepared:
    """Make the folder anew; what an earlier demo left there is gone. Errors: `OSError`, `Problem`s of the store."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    end = now - now % 60
    history = folder / "history"
    write_past(history, end=end)
    text = contract_text(history.resolve(), package="allowance.demo.living")
    (folder / NAME).write_text(text, encoding="utf-8")
    found = Prepared(folder=folder, contract=read([(NAME, text.encode())]).trusted())
    _lived(found, end=end)
    return found


def _lived(found: Prepared, *, end: Instant) -> None:
    """The first tick counts the past, as it does for every contract that names one; then the month is lived through."""
    lock = lock_file(found.store)
    engine = connect(found.store)
    store = Store(engine, lock)
    try:
        door = OtlpDoor(found.contract.slos, store, lambda: end)
        loop = Loop(
            contract=found.contract,
            store=store,
            reader=Reader(),
            targets=lambda notice, at: (),
            settings=Settings(),
            doors=(door,),
        )
        loop.start(now=end)
        loop.advance(now=end)
        write_chronicle(loop, engine, end=end)
    finally:
        store.close()
        if lock is not None:
            lock.release()
