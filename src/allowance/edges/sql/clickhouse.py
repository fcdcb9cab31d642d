"""ClickHouse over HTTP, or its engine in this process (chdb), reading only and in UTC."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from allowance.edges.sql.address import Address
from allowance.edges.sql.session import EngineError, Fault, Session
from allowance.signals.dialects import Dialect

_OPTIONS = ("verify", "ca_cert")

_FAULTS: dict[int, Fault] = {
    60: "table",
    81: "table",
    497: "permission",
    516: "login",
    192: "login",
    193: "login",
    159: "timeout",
    209: "timeout",
    386: "types",
    53: "types",
    43: "types",
    6: "types",
    72: "types",
}
"""ClickHouse's error codes to fault."""

_SETTINGS = {
    # Without it, a column that is called like a result ("bucket") would mean the result.
    "prefer_column_name_to_alias": 1,
}


@contextmanager
def open_session(address: Address, *, timeout: int) -> Iterator[Session]:
    """`clickhouse://user@host:8123/database`, `clickhouses://` with TLS, `chdb:///folder` in this process."""
    try:
        import clickhouse_connect
    except ImportError:
        raise EngineError("extra", "clickhouse") from None
    # The client logs what it also raises; without this, Python prints it where nobody has set up logging.
    logging.getLogger("clickhouse_connect").addHandler(logging.NullHandler())
    settings: dict[str, Any] = {**_SETTINGS, "max_execution_time": timeout}
    with _reporting():
        if address.scheme == "chdb":
            address.allow(())
            if not Path(address.path).is_dir():
                raise EngineError("connection", f"there is no folder {address.path}")
            client = clickhouse_connect.get_client(interface="chdb", path=address.path, settings=settings)
        else:
            address.allow(_OPTIONS)
            client = clickhouse_connect.get_client(
                host=address.host,
                port=address.port,
                username=address.user or None,
                password=address.password,
                database=address.database or None,
                secure=address.scheme == "clickhouses",
                # 2: reads only, and settings may still be changed.
                settings={**settings, "readonly": 2},
                connect_timeout=10,
                send_receive_timeout=timeout + 10,
                **_tls(address),
            )
    try:
        yield _ClickHouse(client)
    finally:
        client.close()


def _tls(address: Address) -> dict[str, Any]:
    options: dict[str, Any] = dict(address.options)
    if "verify" in options:
        options["verify"] = options["verify"] not in ("0", "false")
    return options


class _ClickHouse:
    def __init__(self, client: Any) -> None:
        self._client = client

    @property
    def dialect(self) -> Dialect:
        return "clickhouse"

    def columns(self, relation: str) -> dict[str, str]:
        return {str(row[0]): str(row[1]) for row in self.rows(f"DESCRIBE TABLE {relation}")}

    def tables(self) -> list[str]:
        listed = (
            "SELECT if(database = currentDatabase(), name, concat(database, '.', name)) FROM system.tables "
            "WHERE database NOT IN ('system', 'information_schema', 'INFORMATION_SCHEMA') ORDER BY 1"
        )
        return [str(name) for (name,) in self.rows(listed)]

    def rows(self, query: str) -> Iterator[tuple[object, ...]]:
        with _reporting():
            yield from self._client.query(query).result_rows


@contextmanager
def _reporting() -> Iterator[None]:
    from clickhouse_connect.driver.exceptions import ClickHouseError

    try:
        yield
    except ClickHouseError as error:
        text = str(error)
        code = getattr(error, "code", None)
        if code is None:
            found = re.search(r"[Cc]ode: (\d+)", text)
            code = int(found.group(1)) if found else None
        fault = _FAULTS.get(code, "query") if code is not None else "connection"
        raise EngineError(fault, re.sub(r"^.*DB::Exception: ", "", text)) from None
