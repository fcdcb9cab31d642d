"""Spark: a Spark Connect server (`sc://`), a cluster (`spark://`), or this machine (`spark://local`)."""

from __future__ import annotations

import logging
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from allowance.edges.sql.address import Address
from allowance.edges.sql.session import EngineError, Fault, Session
from allowance.signals.dialects import Dialect

_CONNECT_SECONDS = 10

_FAULTS: tuple[tuple[str, Fault], ...] = (
    ("TABLE_OR_VIEW_NOT_FOUND", "table"),
    ("SCHEMA_NOT_FOUND", "table"),
    ("PATH_NOT_FOUND", "table"),
    ("DATATYPE_MISMATCH", "types"),
    ("CAST_INVALID_INPUT", "types"),
    ("INSUFFICIENT_PERMISSIONS", "permission"),
    ("UNAUTHENTICATED", "login"),
    ("OPERATION_CANCELED", "timeout"),
    ("cancelled", "timeout"),
    ("canceled", "timeout"),
    ("UNAVAILABLE", "connection"),
)


@contextmanager
def open_session(address: Address, *, timeout: int) -> Iterator[Session]:
    """A session of its own in UTC; a Spark that already runs in this process is used and left running."""
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        raise EngineError("extra", "spark") from None
    # Spark's client prints the stack traces of the errors that it also raises.
    logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)
    with _reporting():
        if address.scheme == "sc":
            spark = _connect(SparkSession, address)
        else:
            address.allow(())
            spark = _classic(SparkSession, address)
        spark.conf.set("spark.sql.session.timeZone", "UTC")
        spark.conf.set("spark.sql.ansi.enabled", "true")
        if spark.conf.get("spark.sql.parser.escapedStringLiterals") == "true":
            raise EngineError(
                "query", "spark.sql.parser.escapedStringLiterals is on, which reads texts differently"
            )
    try:
        yield _Spark(spark, timeout, remote=address.scheme == "sc")
    finally:
        if address.scheme == "sc":
            spark.stop()


def _classic(session: Any, address: Address) -> Any:
    running = session.getActiveSession()
    if running is not None:
        return running.newSession()
    master = "local[*]" if address.host == "local" else f"spark://{address.host}:{address.port or 7077}"
    settings = session.builder.master(master).appName("allowance").config("spark.ui.enabled", "false")
    return settings.getOrCreate().newSession()


def _connect(session: Any, address: Address) -> Any:
    """The password is sent as the bearer token, which Spark Connect sends over TLS only."""
    address.allow(("use_ssl", "user_id"))
    port = address.port or 15002
    # Spark's client would try again for minutes.
    try:
        socket.create_connection((address.host, port), _CONNECT_SECONDS).close()
    except OSError as error:
        raise EngineError("connection", str(error)) from None
    options = dict(address.options)
    if address.password:
        options |= {"token": address.password, "use_ssl": "true"}
    tail = "".join(f";{name}={quote(value, safe='')}" for name, value in options.items())
    with warnings.catch_warnings():
        # It warns of versions of pandas, which is not used here.
        warnings.simplefilter("ignore", FutureWarning)
        return session.builder.remote(f"sc://{address.host}:{port}/{tail}").create()


class _Spark:
    def __init__(self, spark: Any, timeout: int, *, remote: bool) -> None:
        self._spark = spark
        self._timeout = timeout
        self._remote = remote

    @property
    def dialect(self) -> Dialect:
        return "spark"

    def columns(self, relation: str) -> dict[str, str]:
        with _reporting():
            return dict(self._spark.sql(f"SELECT * FROM {relation} LIMIT 0").dtypes)

    def tables(self) -> list[str]:
        return sorted(str(row[1]) for row in self.rows("SHOW TABLES"))

    def rows(self, query: str) -> Iterator[tuple[object, ...]]:
        stop = self._spark.interruptAll if self._remote else self._spark.sparkContext.cancelAllJobs
        alarm = threading.Timer(self._timeout, stop)
        alarm.daemon = True
        alarm.start()
        try:
            with _reporting():
                for row in self._spark.sql(query).collect():
                    yield tuple(row)
        finally:
            alarm.cancel()


@contextmanager
def _reporting() -> Iterator[None]:
    from pyspark.errors import PySparkException, PySparkImportError

    try:
        yield
    except PySparkImportError:
        raise EngineError("extra", "spark") from None
    except PySparkException as error:
        text = str(error)
        fault: Fault = next((fault for words, fault in _FAULTS if words in text), "query")
        raise EngineError(fault, text.partition("\n")[0]) from None
