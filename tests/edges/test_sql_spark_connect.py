"""A Spark Connect server on the loopback answers like every other engine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from allowance.contract.indicator import Events
from allowance.contract.source import Sql
from allowance.core.problem import ProblemError
from allowance.edges import sql
from allowance.signals.event_sql import event_sli
from tests.peers import free_port, need, running, wait_until

OPTIONAL = "an optional engine: pip install 'allowance[spark]'"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """The URL of an empty server, and a folder that both can read."""
    pyspark = pytest.importorskip("pyspark", reason=OPTIONAL)
    pytest.importorskip("grpc", reason=OPTIONAL)
    need("java", "openjdk-17-jre-headless")
    home, folder, port = Path(pyspark.__file__).parent, tmp_path_factory.mktemp("connect"), free_port()
    settings = {
        "spark.connect.grpc.binding.port": str(port),
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.ui.enabled": "false",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.shuffle.partitions": "1",
    }
    words = [word for name, value in settings.items() for word in ("--conf", f"{name}={value}")]
    (jar,) = (home / "jars").glob("spark-connect_*.jar")
    entry = "org.apache.spark.sql.connect.service.SparkConnectServer"
    program = [
        "env",
        f"SPARK_HOME={home}",
        f"--chdir={folder}",
        str(home / "bin" / "spark-submit"),
        "--master",
    ]
    program += ["local[1]", "--class", entry, *words, str(jar)]

    def listening() -> bool:
        with socket.create_connection(("127.0.0.1", port), 1):
            return True

    with running(program, folder / "log"):
        wait_until(listening, "Spark Connect", 90)
        yield f"sc://127.0.0.1:{port}", folder


def test_counts_and_a_wrong_table(server: tuple[str, Path], capfd: pytest.CaptureFixture[str]) -> None:
    url, folder = server
    with duckdb.connect() as connection:
        connection.execute(
            "COPY (SELECT to_timestamp(1700000000 + i) AS ts, CASE WHEN i % 7 = 0 THEN 500 ELSE 200 END AS status "
            f"FROM range(100) t(i)) TO '{folder}/events' (FORMAT parquet)"
        )
    slis = [event_sli("a", Events())]
    measured = sql.measure(Sql(url=url, table=f'parquet."{folder}/events"', time="ts"), slis)
    assert measured.series["a", ""].good.tolist() == [34, 51]
    assert measured.series["a", ""].total.tolist() == [40, 60]
    with pytest.raises(ProblemError) as caught:
        sql.measure(Sql(url=url, table="events", time="ts"), slis)
    assert [problem.code for problem in caught.value.problems] == ["table"]
    assert "Traceback" not in capfd.readouterr().err


def test_a_closed_port_is_said_at_once() -> None:
    pytest.importorskip("pyspark", reason=OPTIONAL)
    with pytest.raises(ProblemError, match="Spark cannot be reached"):
        sql.measure(Sql(url=f"sc://127.0.0.1:{free_port()}", table="events", time="ts"), [])
