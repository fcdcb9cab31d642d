"""How long commands take from start to exit, beside Python doing nothing."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from allowance.core.time import iso
from bench.histories import history
from bench.side_by_side import measure_process, show

GOAL = "start: small commands as whole processes, beside an empty Python"

CONTRACT = """\
apiVersion: allowance/v1
kind: Service
metadata: {name: shop}
spec:
  owner: team-shop
  tier: 3
  runbook: https://runbooks.example/shop
  source: {files: counts.csv}
  slos:
    - name: pages
      good: status < 500
      target: 99%
"""


def main(arguments: Sequence[str] = ()) -> None:
    """Commands on one small contract and on a day of counts; compiled modules and files are warm."""
    runs = 5 if "--quick" in arguments else 15
    allowance = [sys.executable, "-m", "allowance"]
    with tempfile.TemporaryDirectory(prefix="allowance-bench-") as folder:
        _write(Path(folder))
        commands = {
            "allowance --version": ["--version"],
            "allowance check, one file": ["check", "shop.yaml"],
            "allowance analyze, a day of counts": ["analyze", "counts.csv", "--json"],
            "allowance status, one SLO": ["status", "shop.yaml"],
        }
        empty = measure_process("python -c pass", [sys.executable, "-c", "pass"], runs=runs)
        imports = [
            measure_process(f"python -c 'import {name}'", [sys.executable, "-c", f"import {name}"], runs=runs)
            for name in ("cyclopts", "numpy", "duckdb")
        ]
        ours = [
            measure_process(name, [*allowance, *words], runs=runs, cwd=folder)
            for name, words in commands.items()
        ]
    show("whole processes; x is how many times an empty Python", empty, [*imports, *ours])


def _write(folder: Path) -> None:
    good, total = history(1440)
    rows = zip(range(len(good)), good.tolist(), total.tolist(), strict=True)
    text = "".join(f"{iso(minute * 60)},{counted},{events}\n" for minute, counted, events in rows)
    (folder / "counts.csv").write_text("time,good,total\n" + text)
    (folder / "shop.yaml").write_text(CONTRACT)


if __name__ == "__main__":
    main(sys.argv[1:])
