"""P8: the state of 100 SLOs over 30 days as one command, beside Python that imports NumPy."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.side_by_side import measure_process, show

GOAL = "P8: 100 SLO reports, whole process <= 0.3 s wall (a generator of reports takes 70 ms for each)"

HEAD = """\
apiVersion: allowance/v1
kind: Service
metadata: {name: shop}
spec:
  owner: team-shop
  tier: 3
  runbook: https://runbooks.example/shop
  source: {files: events.parquet}
  slos:
"""


def main(arguments: Sequence[str] = ()) -> None:
    """One contract with 100 SLOs over one table of events; files and compiled modules are warm."""
    runs = 3 if "--quick" in arguments else 7
    with tempfile.TemporaryDirectory(prefix="allowance-bench-") as folder:
        _write(Path(folder))
        floor = measure_process("import numpy", [sys.executable, "-c", "import numpy"], runs=runs)
        one = measure_process(
            "import duckdb, numpy", [sys.executable, "-c", "import duckdb, numpy"], runs=runs
        )
        command = [sys.executable, "-m", "allowance", "status", "shop.yaml", "--json"]
        ours = measure_process("allowance status, 100 SLOs", command, runs=runs, cwd=folder)
    show("whole processes; x is how many times the import of NumPy", floor, [one, ours])


def _write(folder: Path) -> None:
    import duckdb

    slos = "".join(f"    - {{name: within-{n}, latency: {n * 5}ms, target: 50%}}\n" for n in range(1, 101))
    (folder / "shop.yaml").write_text(HEAD + slos)
    table = (
        "SELECT TIMESTAMP '2026-10-01 00:00:00' + INTERVAL (i * 10) SECOND AS time, "
        "CASE WHEN i % 997 = 0 THEN 503 ELSE 200 END AS status, (i * 7919) % 600 AS duration_ms "
        f"FROM range({30 * 8640}) t(i)"
    )
    with duckdb.connect() as connection:
        connection.sql(table).write_parquet(str(folder / "events.parquet"))


if __name__ == "__main__":
    main(sys.argv[1:])
