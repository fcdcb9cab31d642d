"""What many tests share: the folder of real cases, and where it is absent a clear word."""

from __future__ import annotations

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

pytest_plugins = ["tests.peers"]

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def cases() -> Path:
    """The folder of real data with independently computed answers; users do not have it."""
    folder = Path(os.environ.get("ALLOWANCE_CASES", ROOT.parent / "shared" / "cases"))
    if not folder.is_dir():
        pytest.skip(f"the folder of real cases is not there ({folder}); set ALLOWANCE_CASES")
    return folder
