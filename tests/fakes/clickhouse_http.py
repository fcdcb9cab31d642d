"""ClickHouse's HTTP door over its engine in process: `python clickhouse_http.py FOLDER PORT`, user `reader`, `se cret`."""

from __future__ import annotations

import base64
import re
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qsl, urlsplit

from chdb.session import Session

PASSWORD = "se cret"
LOGIN = "Basic " + base64.b64encode(f"reader:{PASSWORD}".encode()).decode()


class Door(BaseHTTPRequestHandler):
    """One query per request, in the format that it asks for."""

    engine: Session

    def do_POST(self) -> None:
        asked = dict(parse_qsl(urlsplit(self.path).query))
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        query = f"{asked.get('query', '')}\n{body}".strip()
        format_word = re.search(r"\s*FORMAT (\w+)$", query)
        name = format_word.group(1) if format_word else "TabSeparated"
        query = query[: format_word.start()] if format_word else query
        if self.headers.get("Authorization") != LOGIN:
            self._answer(403, b"Code: 516. DB::Exception: reader: Authentication failed", name, 516)
            return
        try:
            self._answer(200, self.engine.query(query, name).bytes(), name)
        except RuntimeError as error:
            found = re.search(r"Code: (\d+)", str(error))
            self._answer(500, str(error).encode(), name, int(found.group(1)) if found else 1)

    do_GET = do_POST  # noqa: N815

    def _answer(self, status: int, content: bytes, name: str, code: int | None = None) -> None:
        self.send_response(status)
        self.send_header("X-ClickHouse-Format", name)
        self.send_header("X-ClickHouse-Timezone", "UTC")
        if code is not None:
            self.send_header("X-ClickHouse-Exception-Code", str(code))
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Silent."""


if __name__ == "__main__":
    Door.engine = Session(sys.argv[1])
    HTTPServer(("127.0.0.1", int(sys.argv[2])), Door).serve_forever()
