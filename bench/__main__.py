"""`python -m bench [NAME] [--quick]`: each goal beside its peer or floor, as ratios."""

from __future__ import annotations

import importlib
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
SHARED = {"__init__", "__main__", "side_by_side", "histories"}


def programs() -> list[str]:
    """The names of all programs here, in order."""
    return sorted(path.stem for path in HERE.glob("*.py") if path.stem not in SHARED)


def main(arguments: list[str]) -> int:
    """Run the programs whose names begin with the first argument, or all of them, each in its own process."""
    if arguments[:1] == ["--here"]:
        return _here(arguments[1], arguments[2:])
    wanted = arguments[0] if arguments and not arguments[0].startswith("-") else ""
    rest = arguments[1:] if wanted else arguments
    names = [name for name in programs() if name.startswith(wanted)]
    if wanted in names:
        names = [wanted]
    if not names:
        print(
            f"there is no program {wanted!r} in bench/; there are: {', '.join(programs())}", file=sys.stderr
        )
        return 2
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print("x: how many times our time; above 1 the other is slower\n", flush=True)
    return max([_apart(name, rest) for name in names])


def _apart(name: str, rest: list[str]) -> int:
    """One program in a process of its own, so that none inherits the memory and the imports of another."""
    started = time.perf_counter()
    command = [sys.executable, "-m", "bench", "--here", name, *rest]
    code = subprocess.run(command, cwd=HERE.parent, check=False).returncode
    end = "" if code == 0 else f", exit code {code}"
    print(f"  ({name}: {time.perf_counter() - started:.0f} s{end})\n", flush=True)
    return code


def _here(name: str, rest: list[str]) -> int:
    module = importlib.import_module(f"bench.{name}")
    print(f"{name}: {module.GOAL}", flush=True)
    module.main(rest)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
