"""What OTLP requests hold, as plain values: spans, log records and metric points, each with what it says of itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from itertools import pairwise
from typing import Literal, NamedTuple, TypeAlias

from allowance.signals.semconv import ALIASES

Scalar: TypeAlias = str | int | float | bool | None
Attributes: TypeAlias = Mapping[str, Scalar]
Nanos: TypeAlias = int
"""Nanoseconds since 1970."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class About:
    """What points say of themselves apart from ids, instants and numbers; one object for all that say the same.

    `own` are the columns that the protocol names (`name`, `kind`, `metric` ...), `attributes` those of the point,
    `resource` those of what sent it. `digest` tells two of them apart, also across restarts (16 bytes).
    """

    own: Attributes
    attributes: Attributes = field(default_factory=dict)
    resource: Attributes = field(default_factory=dict)
    digest: bytes = b""

    def column(self, name: str) -> Scalar:
        """The value of a column: the protocol's own, a short name, an attribute of the point, one of the resource."""
        if name in self.own:
            return self.own[name]
        for known in (name, *ALIASES.get(name, ())):
            for place in (self.attributes, self.resource):
                if known in place:
                    return place[known]
        if name.startswith("resource."):
            return self.resource.get(name.removeprefix("resource."))
        return None


NO_SPAN_ID = bytes(8)
NO_IDS = "a span without a valid trace id and span id"
NO_TIME = "no instant"
NO_VALUE = "no value was recorded"
NOT_COUNTED = "summaries are not counted; send a histogram"
NO_TEMPORALITY = "a sum or histogram that says neither delta nor cumulative"
CROOKED = "a histogram whose buckets do not fit its bounds or its count"


def digest_of(*parts: object) -> bytes:
    """16 bytes that tell apart what was said, whichever way it was sent. Maps count without their order."""
    text = "\0".join(
        repr(sorted(part.items())) if isinstance(part, Mapping) else repr(part) for part in parts
    )
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


class Failure(NamedTuple):
    """A span whose status is an error, with all that it says; `exception` is the type of its last exception.

    `message` is what the exception or the status says, as it was sent: not to be kept as it is.
    """

    ids: bytes
    start: Nanos
    end: Nanos
    about: About
    exception: str
    message: str


class Log(NamedTuple):
    """A log record. `key` is a digest of all that it says: the protocol gives records no id."""

    key: bytes
    at: Nanos
    about: About


class Number(NamedTuple):
    """A point of a sum or a gauge."""

    about: About
    start: Nanos
    time: Nanos
    value: int | float


class Explicit(NamedTuple):
    """A point of a histogram: `counts[i]` observations at most `bounds[i]` and above the bound before."""

    about: About
    start: Nanos
    time: Nanos
    events: int
    counts: tuple[int, ...]
    bounds: tuple[float, ...]


class Exponential(NamedTuple):
    """A point of an exponential histogram: `counts[i]` lie in (b^(offset+i), b^(offset+i+1)], b = 2^(2^-scale).

    `low` are observations at most zero, negative ones included.
    """

    about: About
    start: Nanos
    time: Nanos
    events: int
    low: int
    scale: int
    offset: int
    counts: tuple[int, ...]


@lru_cache(maxsize=4096)
def rising(bounds: tuple[float, ...]) -> tuple[float, ...] | None:
    """The same bounds, one object for all points that have them, so that they are soon compared; none where they fall."""
    return bounds if all(low < high for low, high in pairwise(bounds)) else None


def explicit(
    about: About, start: int, time: int, count: int, counts: tuple[int, ...], bounds: tuple[float, ...]
) -> Explicit | str:
    """A histogram's point, or why it is none. Without bounds and counts it knows only how many there were."""
    fits = (not counts and not bounds) or (len(counts) == len(bounds) + 1 and sum(counts) == count)
    known = rising(bounds)
    return Explicit(about, start, time, count, counts, known) if fits and known is not None else CROOKED


def exponential(
    about: About,
    start: int,
    time: int,
    count: int,
    low: int,
    scale: int,
    offset: int,
    counts: tuple[int, ...],
) -> Exponential | str:
    """An exponential histogram's point, or why it is none."""
    if low + sum(counts) != count or not -64 <= scale <= 64:
        return CROOKED
    return Exponential(about, start, time, count, low, scale, offset, counts)


Point: TypeAlias = Number | Explicit | Exponential
Form = Literal["gauge", "delta", "cumulative"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """Points of one metric from one sender. `form` of a sum that may fall is `gauge`: it counts nothing."""

    name: str
    unit: str
    form: Form
    points: Sequence[Point]
