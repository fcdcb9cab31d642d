"""A port that somebody else has is one sentence, before anything is written."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

import pytest

from allowance.contract.read import read
from allowance.core.problem import ProblemError
from allowance.web.composed import Serving
from allowance.web.listening import Address, bound
from allowance.web.serve import run
from tests.peers import free_port

CONTRACT = b"""
apiVersion: allowance/v1
kind: Service
metadata: {name: checkout}
spec:
  owner: payments
  source: {otlp: traces}
  slos: [{name: availability, target: 99.9%, kind: http-availability}]
"""


def test_what_is_bound_is_free_again_afterwards() -> None:
    address = Address(host="localhost", port=free_port())
    for _ in range(2):
        with bound(address, "--listen") as sockets:
            assert {one.getsockname()[1] for one in sockets} == {address.port}


@pytest.mark.parametrize("taken", ["--listen", "--otlp", "grpc"])
def test_a_taken_port_is_one_sentence_and_nothing_is_written(tmp_path: Path, taken: str) -> None:
    ports = {name: free_port() for name in ("--listen", "--otlp")}
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports["--otlp"] - 1 if taken == "grpc" else ports[taken]))
        other.listen()
        asked = Serving(
            contract=read([("shop.yaml", CONTRACT)]).contract,
            store=str(tmp_path / "allowance.db"),
            notify=None,
            address=Address(host="127.0.0.1", port=ports["--listen"]),
            delay=5,
            link="",
            tokens=tmp_path / "tokens.yaml",
            otlp=Address(host="127.0.0.1", port=ports["--otlp"]),
        )
        with pytest.raises(ProblemError) as caught:
            asyncio.run(run(asked))
    (problem,) = caught.value.problems
    assert (problem.code, "address already in use" in problem.message) == ("listen", True)
    assert ("--listen" if taken == "--listen" else "--otlp") in problem.hint
    assert list(tmp_path.iterdir()) == []
