"""What many tests share: the folder of real cases, and where it is absent a clear word."""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("steady", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("steady")

if not hasattr(sys.modules["__main__"], "__file__"):
    # Spark's client takes a process whose main program has no file, as a test worker's, for its own doctests.
    sys.modules["__main__"].__file__ = __file__

# Hundreds of programs are started: each reads what an earlier one has compiled, whatever the machine's usual way is.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
gc.set_threshold(50_000, 20, 50)

pytest_plugins = ["tests.peers"]


WAITING = ("demo", "docs", "app", "stories", "edges", "web")
"""Folders whose tests wait for programs, longest first: what begins last should be short, so that workers end together."""


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: so many tests wait for other programs and for the minute's end."""
    return (os.cpu_count() or 1) + 1


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A module's tests stay in one worker, which sets up once what they share; long waits begin first."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.relative_to(ROOT).as_posix()))
    items.sort(key=lambda item: _rank(item.path.parent.name))


def _rank(folder: str) -> int:
    return WAITING.index(folder) if folder in WAITING else len(WAITING)


def pytest_collection_finish() -> None:
    """What is imported and collected stays: no later collection of garbage has to look through it."""
    gc.freeze()


def pytest_unconfigure() -> None:
    """At the end everything is taken apart as usual."""
    gc.unfreeze()


ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def cases() -> Path:
    """The folder of real data with independently computed answers; users do not have it."""
    folder = Path(os.environ.get("ALLOWANCE_CASES", ROOT.parent / "shared" / "cases"))
    if not folder.is_dir():
        pytest.skip(f"the folder of real cases is not there ({folder}); set ALLOWANCE_CASES")
    return folder
