"""Where OTLP requests go: the port between the doors (HTTP, gRPC) and the program."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, TypeAlias

from allowance.contract.source import Signal
from allowance.signals.otlp_answer import ContentType


class Request(NamedTuple):
    """A request, already decompressed."""

    signal: Signal
    body: bytes
    content_type: ContentType


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The request is counted and durable. `rejected` items of it never will be; `message` says why, or warns."""

    rejected: int = 0
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Busy:
    """Nothing of the request was taken; the sender should send it again after so many seconds.

    429 says that this sender sends too much, 503 that the program cannot take anything now.
    """

    retry_after: int = 5
    status: Literal[429, 503] = 503
    message: str = "telemetry cannot be stored right now"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invalid:
    """The request can never be taken."""

    message: str


Outcome: TypeAlias = Accepted | Busy | Invalid


class OtlpSink(Protocol):
    """Takes requests, each whole or not at all.

    Where the outcome is `Accepted`, what the request adds has been stored durably: the sender forgets it on our
    word. It is called from several threads at once, and may block for as long as storing takes. It raises nothing
    for what a sender or a full disk can cause: those are `Invalid` and `Busy`.
    """

    def accept(self, requests: Sequence[Request]) -> Sequence[Outcome]:
        """Count requests in their order, and store them together, which costs little more than storing one."""
