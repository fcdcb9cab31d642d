"""P9: the gate in a pipeline as a whole process, beside Python doing nothing and beside `promtool query`."""

from __future__ import annotations

import http.server
import json
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bench.side_by_side import measure_process, show

GOAL = "P9: the gate command, whole process <= 60 ms, asking a server"

VERDICT = {
    "verdict": "stop",
    "sentence": "policy green-yellow-red §2: checkout/pages: red; the budget is spent.",
    "reasons": [
        {"mark": "against", "rule": "policy green-yellow-red §2", "fact": "red", "link": "", "lifted_by": ""}
    ],
    "ways": [{"kind": "class", "text": "hotfix would go", "at": None}],
    "policy": {"name": "green-yellow-red", "hash": "0" * 64},
    "as_of": "2026-11-21T14:20:00Z",
    "at": "2026-11-21T14:20:10Z",
    "ask": {
        "service": "checkout",
        "change": "feature",
        "version": "",
        "environment": "production",
        "actor": "",
    },
}
VECTOR = {"status": "success", "data": {"resultType": "vector", "result": []}}


def main(arguments: Sequence[str] = ()) -> None:
    """The server answers at once, so that the process alone is measured; compiled modules are warm."""
    runs = 7 if "--quick" in arguments else 25
    python = sys.executable
    with _server() as url, tempfile.TemporaryDirectory(prefix="allowance-bench-") as folder:
        (Path(folder) / "shop.yaml").write_text("")
        gate = [python, "-m", "allowance", "gate", "checkout", "--server", url]
        ours = measure_process("allowance gate", gate, runs=runs, allowed=(1,), note="exit code 1: stop")
        others = [
            measure_process("python -c pass", [python, "-c", "pass"], runs=runs),
            measure_process(
                "python, json and http.client", [python, "-c", "import json, http.client"], runs=runs
            ),
            measure_process("allowance --version", [python, "-m", "allowance", "--version"], runs=runs),
        ]
        if promtool := shutil.which("promtool"):
            query = [promtool, "query", "instant", url, "vector(1)"]
            others.append(measure_process("promtool query instant", query, runs=runs, note="Go binary"))
    show("whole processes; x is how many times the gate command", ours, others, limit=0.060)


@contextmanager
def _server() -> Iterator[str]:
    """Answers the gate's question and promtool's."""

    class Door(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(VERDICT if self.path.startswith("/v1/gates/") else VECTOR).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            """Silent."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()


if __name__ == "__main__":
    main(sys.argv[1:])
