"""The addresses of a probe: resolved within its time, and never those of a cloud's machine metadata."""

from __future__ import annotations

import ipaddress
import socket
import threading

METADATA = (
    ipaddress.ip_network("169.254.0.0/16"),
    ipaddress.ip_network("fe80::/10"),
    ipaddress.ip_network("fd00:ec2::/32"),
    ipaddress.ip_network("100.100.100.200/32"),
    ipaddress.ip_network("168.63.129.16/32"),
)
"""Link-local ones, and those where AWS, Alibaba Cloud and Azure answer with credentials or settings of the machine."""

Address = tuple[socket.AddressFamily, tuple[str, int]]


class ForbiddenError(OSError):
    """A name that leads to an address which probes stay away from."""


def resolved(host: str, port: int, *, link_local: bool, within: float) -> list[Address]:
    """Where to connect, in the resolver's order. Errors: `OSError`; `TimeoutError` after `within` seconds.

    What is checked here is what is connected to: a name cannot lead elsewhere a moment later.
    """
    found = [(family, (address, port)) for family, address in _looked_up(host, port, within)]
    allowed = [one for one in found if link_local or not is_metadata(one[1][0])]
    if not allowed:
        raise ForbiddenError(f"{host} leads to {found[0][1][0]}, where clouds keep machine metadata")
    return allowed


def is_metadata(text: str) -> bool:
    """Whether an address is one of `METADATA`, also when it is written as IPv6."""
    address = ipaddress.ip_address(text.partition("%")[0])
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    plain = mapped or address
    return any(plain in network for network in METADATA if network.version == plain.version)


def _looked_up(host: str, port: int, within: float) -> list[tuple[socket.AddressFamily, str]]:
    """The system's resolver knows no time limit, so it is asked in a thread that may be left behind."""
    answers: list[tuple[socket.AddressFamily, str]] = []
    failures: list[OSError] = []

    def ask() -> None:
        try:
            for family, _, _, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
                answers.append((family, str(address[0])))
        except OSError as error:
            failures.append(error)
        except UnicodeError:
            failures.append(socket.gaierror(socket.EAI_NONAME, "this is no name"))

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(within)
    if thread.is_alive():
        raise TimeoutError
    if failures:
        raise failures[0]
    return answers
