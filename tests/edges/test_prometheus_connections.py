"""One connection serves minute after minute; it is given up when it fails, ages, or is forgotten on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from allowance.contract.source import Prometheus
from allowance.core.problem import ProblemError
from allowance.edges.prometheus import client as client_file
from allowance.edges.prometheus import connections as file
from allowance.edges.prometheus.connections import Connections
from tests.fakes.prom_http import Asked, Reply, Script, serving


@pytest.fixture
def connections() -> Iterator[Connections]:
    found = Connections()
    yield found
    found.close()


def ask(connections: Connections, source: Prometheus) -> None:
    with connections.to(source) as client:
        client.get("query", {"query": "up"})


def ports(script: Script) -> int:
    """How many connections were opened."""
    return len({one.port for one in script.asked})


def test_readings_share_a_connection(connections: Connections) -> None:
    with serving(lambda _: Reply()) as script:
        for _ in range(5):
            ask(connections, Prometheus(url=script.url))
        assert (len(script.asked), ports(script)) == (5, 1)


def test_two_readings_at_once_have_one_each(connections: Connections) -> None:
    with serving(lambda _: Reply()) as script:
        source = Prometheus(url=script.url)
        with connections.to(source) as one, connections.to(source) as other:
            assert one is not other
        with connections.to(source) as again, connections.to(source) as another:
            assert {again, another} == {one, other}


def test_other_credentials_never_share_one(connections: Connections) -> None:
    with serving(lambda _: Reply()) as script:
        ask(connections, Prometheus(url=script.url))
        ask(connections, Prometheus(url=script.url, username="ann"))
    assert [one.headers.get("authorization", "")[:5] for one in script.asked] == ["", "Basic"]


def test_a_connection_that_the_server_closed_meanwhile_is_opened_anew(connections: Connections) -> None:
    with serving(lambda _: Reply(closes=True)) as script:
        ask(connections, Prometheus(url=script.url))
        time.sleep(0.05)
        ask(connections, Prometheus(url=script.url))
    assert ports(script) == 2


def test_what_went_wrong_is_not_used_again(connections: Connections) -> None:
    with serving(_first(Reply(status=500))) as script:
        with pytest.raises(ProblemError):
            ask(connections, Prometheus(url=script.url))
        ask(connections, Prometheus(url=script.url))
    assert ports(script) == 2


def test_an_old_one_is_closed_and_so_is_that_of_a_source_that_nobody_reads_now(
    connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    with serving(lambda _: Reply()) as script, serving(lambda _: Reply()) as former:
        ask(connections, Prometheus(url=former.url))
        ask(connections, Prometheus(url=script.url))
        monkeypatch.setattr(file, "RENEWED", -1.0)
        with connections.to(Prometheus(url=script.url)) as client:
            client.get("query", {"query": "up"})
            assert not connections._idle
    assert ports(script) == 2


def test_where_a_kept_connection_is_forgotten_on_the_way_each_reading_opens_its_own(
    connections: Connections, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a firewall does that drops what is idle without a word: only the answer is missing."""
    monkeypatch.setattr(client_file, "ATTEMPTS", 1)
    known: set[int] = set()

    def forgets(asked: Asked) -> Reply:
        is_kept = asked.port in known
        known.add(asked.port)
        return Reply(drip=1.5) if is_kept else Reply()

    with serving(forgets) as script:
        source = Prometheus(url=script.url, timeout_seconds=1)
        ask(connections, source)
        with pytest.raises(ProblemError, match="no answer"):
            ask(connections, source)
        for _ in range(3):
            ask(connections, source)
    assert ports(script) == 4


def _first(reply: Reply) -> Callable[[Asked], Reply]:
    given = iter([reply])
    return lambda _: next(given, Reply())
