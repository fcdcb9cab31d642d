"""A receiver that is down is told of wherever somebody may look, and its address, which is a secret, nowhere."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from allowance.cli.main import run
from allowance.edges import clock
from allowance.edges.store import open_store
from tests.alerting.notices import notice
from tests.fakes.nursery import served
from tests.fakes.receiver import Reply, receiving
from tests.peers import free_port, wait_until

HIDDEN = "T0KEN-hunter2"
CONTRACT = """
apiVersion: allowance/v1
kind: Service
metadata: {name: checkout}
spec:
  slos:
    - {name: availability, source: {events: test.request}, good: data.status < 500, target: 99%}
"""
NOTIFY = """
channels:
  room: {kind: slack, urlEnv: ROOM_URL}
routes:
  - to: [room]
"""


@contextlib.contextmanager
def serving(folder: Path, room: str) -> Iterator[str]:
    server = f"http://127.0.0.1:{free_port()}"
    words = ["shop.yaml", "--notify", "notify.yaml", "--listen", server.removeprefix("http://")]
    with served(words, folder, lambda: httpx.get(f"{server}/healthz").status_code == 200, ROOM_URL=room):
        yield server


def _seconds(server: str) -> float:
    lines = httpx.get(f"{server}/metrics").text.splitlines()
    (line,) = (one for one in lines if one.startswith('allowance_channel_failing_seconds{channel="room"}'))
    return float(line.split()[-1])


def test_who_is_not_reached_is_seen_everywhere_and_no_secret_is(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "shop.yaml").write_text(CONTRACT)
    (tmp_path / "notify.yaml").write_text(NOTIFY)
    begun = clock.now()
    store = open_store(str(tmp_path / "allowance.db"))
    with store.writing() as writing:
        some = [notice(number, opened=begun, at=begun) for number in range(2)]
        writing.tell(some, {one.key: ["room"] for one in some}, now=begun)
    store.close()
    down = True
    with (
        receiving(lambda _: Reply(status=500, body=f"no {HIDDEN}") if down else Reply(body="ok")) as receiver,
        serving(tmp_path, f"{receiver.url}/services/{HIDDEN}") as server,
    ):

        def failing() -> list[dict[str, object]]:
            found: list[dict[str, object]] = httpx.get(f"{server}/v1/alerts").json()["failing"]
            return found

        wait_until(lambda: bool(failing()), "the first try", 30)
        wait_until(lambda: _seconds(server) > 0, "a second of failure", 10)
        (row,) = failing()
        assert row["channel"] == "room"
        assert str(row["reason"]).startswith("Slack answered 500: no ")
        assert (row["waiting"], row["lost"]) == (2, 0)
        assert row["since"]
        assert row["next_try"]
        page = httpx.get(f"{server}/oncall").text
        assert "Who is not reached" in page
        assert "No alert needs you, but room is not reached" in page
        assert "2\N{NO-BREAK SPACE}notices waiting" in page
        twin = httpx.get(f"{server}/oncall", headers={"Accept": "application/json"}).text
        assert run(["alerts", "--server", server]) == 0
        said = capsys.readouterr().out
        assert "No alert needs you, but room is not reached" in said
        assert "room is not reached since" in said
        assert run(["alerts", "--server", server, "--json"]) == 0
        everything = [
            page,
            twin,
            said,
            capsys.readouterr().out,
            httpx.get(f"{server}/metrics").text,
            str(row),
        ]
        down = False
        wait_until(lambda: not failing(), "the next try", 150)
        assert _seconds(server) == 0
        assert run(["alerts", "--server", server]) == 0
        assert "not reached" not in capsys.readouterr().out
    for text in [*everything, (tmp_path / "serve.log").read_text()]:
        assert HIDDEN not in text
