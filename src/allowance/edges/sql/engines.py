"""The SQL engines, by the scheme of their URL."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from allowance.core.problem import refuse
from allowance.edges.sql import clickhouse, duckdb_engine, postgres, spark
from allowance.edges.sql.address import Address
from allowance.edges.sql.session import Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """An engine: its name for people, and how a session is opened (`open_session(address, timeout=seconds)`)."""

    name: str
    open_session: Callable[..., AbstractContextManager[Session]]


_DUCKDB = Engine(name="DuckDB", open_session=duckdb_engine.open_session)
_POSTGRES = Engine(name="PostgreSQL", open_session=postgres.open_session)
_CLICKHOUSE = Engine(name="ClickHouse", open_session=clickhouse.open_session)
_SPARK = Engine(name="Spark", open_session=spark.open_session)

SCHEMES: dict[str, Engine] = {
    "duckdb": _DUCKDB,
    "postgresql": _POSTGRES,
    "postgres": _POSTGRES,
    "clickhouse": _CLICKHOUSE,
    "clickhouses": _CLICKHOUSE,
    "chdb": _CLICKHOUSE,
    "sc": _SPARK,
    "spark": _SPARK,
}


def engine_for(address: Address) -> Engine:
    """The engine of an address. Errors: `Problem` `url`."""
    try:
        return SCHEMES[address.scheme]
    except KeyError:
        raise refuse(
            "url",
            f"there is no SQL engine for {address.scheme}://",
            hint=f"URLs begin with {', '.join(f'{scheme}://' for scheme in SCHEMES)}",
        ) from None
