"""The processes of the shop: started together, spoken to, and gone with the demo, however it ends."""

from __future__ import annotations

import http.client
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import count, islice
from pathlib import Path
from typing import Any

from allowance.core.problem import refuse
from allowance.demo.live.shop import PLACES

LOOPBACK = "127.0.0.1"
LOAD = "load"


class Shop:
    """Every service in a process of its own, and the shoppers in another one."""

    def __init__(self, folder: Path, *, collector: str, rate: float = 20.0) -> None:
        self._folder, self._collector, self._rate = folder, collector, rate
        self.ports: Mapping[str, int] = {}
        self._processes: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start them all; they answer some seconds later."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self.ports = dict(zip((one.name for one in PLACES), free_ports(len(PLACES)), strict=True))
        for name in (*self.ports, LOAD):
            words = ["--ports", json.dumps(self.ports), "--collector", self._collector]
            words += ["--rate", str(self._rate), "--parent", str(os.getpid())]
            with (self._folder / f"{name}.log").open("ab") as log:
                self._processes.append(
                    subprocess.Popen(
                        [sys.executable, "-m", "allowance.demo.live", name, *words],
                        stdin=subprocess.DEVNULL,
                        stdout=log,
                        stderr=log,
                        start_new_session=True,  # Ctrl-C is for the demo, which ends them
                    )
                )

    @property
    def running(self) -> Sequence[int]:
        """The numbers of the processes that run."""
        return [one.pid for one in self._processes if one.poll() is None]

    def tell(self, service: str, change: Mapping[str, Any]) -> None:
        """Break a service in all its places, or mend it. Errors: `Problem` `shop` where it does not hear."""
        for place in PLACES:
            if place.service == service:
                self._tell(place.name, change)

    def _tell(self, name: str, change: Mapping[str, Any]) -> None:
        connection = http.client.HTTPConnection(LOOPBACK, self.ports[name], timeout=5)
        try:
            connection.request("POST", "/faults", body=json.dumps(change))
            answer = connection.getresponse()
            said = answer.read().decode("utf-8", "replace")
        except (OSError, http.client.HTTPException) as error:
            raise refuse(
                "shop", f"{name} does not answer: {error}", hint="the shop needs some seconds to start"
            ) from None
        finally:
            connection.close()
        if answer.status != 200:
            raise refuse("shop", f"{name} refused: {said[:200]}")

    def stop(self) -> None:
        """End all of them, and wait until they have."""
        for one in self._processes:
            one.terminate()
        for one in self._processes:
            try:
                one.wait(5)
            except subprocess.TimeoutExpired:
                one.kill()
                one.wait()
        self._processes = []


_FIRST, _LAST = 20_000, 32_000
"""Below the range that the system hands to outgoing connections, which could take a port before it is used."""
_given = count(os.getpid() * 97)


def free_ports(number: int) -> list[int]:
    """Ports of the loopback that nobody uses now, all different. Errors: `Problem` `listen`."""
    found = list(islice(_free(), number))
    if len(found) < number:
        raise refuse("listen", f"no {number} ports are free", hint="end some programs")
    return found


def free_pair() -> int:
    """A free port whose lower neighbour is free, too: OTLP over HTTP, and gRPC below it. Errors: `Problem` `listen`."""
    for port in _free():
        if is_free(port - 1):
            return port
    raise refuse("listen", "no two neighbouring ports are free", hint="end some programs")


def is_free(port: int) -> bool:
    """Whether nobody listens on a port of the loopback."""
    with socket.socket() as one:
        try:
            one.bind((LOOPBACK, port))
        except OSError:
            return False
    return True


def _free() -> Iterator[int]:
    """Free ports, none of them given twice; each program begins elsewhere, so that two demos do not want the same."""
    for _ in range(_LAST - _FIRST):
        port = _FIRST + next(_given) % (_LAST - _FIRST)
        if is_free(port):
            yield port
