"""Where the program listens: addresses, and sockets that are bound before anything else begins."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from allowance.core.problem import refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A host and a port to listen on."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Address:
        """`127.0.0.1:8787`. Errors: `Problem` `listen`."""
        host, colon, port = text.rpartition(":")
        if not colon or not port.isdigit() or not 0 < int(port) < 65536:
            raise refuse("listen", f"{text!r} is not an address", hint="write it as 127.0.0.1:8787")
        return cls(host=host.strip("[]") or "127.0.0.1", port=int(port))

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        return self.host in ("localhost", "::1") or self.host.startswith("127.")

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@contextmanager
def bound(address: Address, option: str) -> Iterator[list[socket.socket]]:
    """Sockets of an address (a name may have several), nobody else's from now on, closed at the end.

    `option` is where the address was given. Errors: `Problem` `listen`, such as that another program has it.
    """
    with ExitStack() as stack:
        try:
            found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
            sockets = [stack.enter_context(_bound(family, where)) for family, _, _, _, where in found]
        except OSError as error:
            raise cannot_listen(str(address), option, error) from None
        yield sockets


def cannot_listen(address: str, option: str, error: OSError) -> Exception:
    """What to say where an address cannot be had."""
    reason = (error.strerror or str(error)).lower()
    return refuse(
        "listen",
        f"{address} cannot be listened on: {reason}",
        hint=f"stop what listens there, or choose another {option}",
    )


def _bound(family: int, where: tuple[object, ...]) -> socket.socket:
    one = socket.socket(family, socket.SOCK_STREAM)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind(where)
        one.listen(1)  # only now is it known whether another one listens there
    except OSError:
        one.close()
        raise
    return one
