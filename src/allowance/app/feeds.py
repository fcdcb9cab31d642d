"""Where telemetry comes from: the sources of a contract, how far each was read, and the newest bucket of each SLO."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256
from urllib.parse import urlsplit

from allowance.alerting.telemetry import Feed
from allowance.app.collect import Asked, Standing, asked
from allowance.contract.model import Contract, Slo
from allowance.contract.probe import Probe
from allowance.contract.source import CloudEvents, Files, Otlp, Prometheus, Rum, Source, Sql
from allowance.core.counts import NO_DATA, NoData
from allowance.core.problem import Problem
from allowance.core.time import Instant


def feeds(
    contract: Contract,
    standings: Mapping[str, Standing],
    problems: Mapping[str, Problem],
    newest: Mapping[str, Instant | NoData],
    *,
    now: Instant,
) -> tuple[Feed, ...]:
    """Every source of the contract at `now`, whatever it is grouped by; what is pushed is read to `now`.

    `newest`: by SLO id the end of the newest bucket with events.
    """
    return tuple(_feed(one, standings, problems, newest, now=now) for one in _sources(asked(contract)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Source:
    """One source whatever it is grouped by, with the names of its standings; what no tick changes."""

    source: Source
    name: str
    key: str
    parts: tuple[str, ...]
    slos: tuple[Slo, ...]


@lru_cache(maxsize=16)
def _sources(every: tuple[Asked, ...]) -> tuple[_Source, ...]:
    found: dict[Source, list[Asked]] = {}
    for one in every:
        found.setdefault(one.source, []).append(one)
    return tuple(
        _Source(
            source=source,
            name=source_name(source),
            key=source_key(source),
            parts=tuple(one.name for one in some),
            slos=tuple(slo for one in some for slo in one.slos),
        )
        for source, some in found.items()
    )


def _feed(
    one: _Source,
    standings: Mapping[str, Standing],
    problems: Mapping[str, Problem],
    newest: Mapping[str, Instant | NoData],
    *,
    now: Instant,
) -> Feed:
    pulled = is_pulled(one.source)
    return Feed(
        name=one.name,
        key=one.key,
        slos=one.slos,
        pulled=pulled,
        read_to=_read_to(one.parts, standings) if pulled else now,
        newest={slo.id: newest.get(slo.id, NO_DATA) for slo in one.slos},
        problem=next((problems[name] for name in one.parts if name in problems), None),
        silence_counts=not isinstance(one.source, Prometheus),
    )


def _read_to(names: Sequence[str], standings: Mapping[str, Standing]) -> Instant | NoData:
    """Up to where all of it was read."""
    known = [standings[name].at for name in names if name in standings]
    return min(known) if len(known) == len(names) else NO_DATA


def is_pulled(source: Source) -> bool:
    """Whether we ask it; else it sends to us."""
    return isinstance(source, Prometheus | Sql | Files)


def source_name(source: Source) -> str:
    """A source in few words, without whatever secrets its address may hold."""
    match source:
        case Prometheus(url=url):
            return f"prometheus {_address(url)}"
        case Sql(url=url, table=table):
            return f"sql {_address(url)} {table}"
        case Files(paths=paths):
            return f"files {' '.join(paths)}"
        case Otlp(signal=signal, service=service, metric=metric):
            return " ".join(part for part in ("otlp", signal, service, metric) if part)
        case CloudEvents(type=type_):
            return f"events {type_}"
        case Rum(site=site):
            return f"rum {site}"
        case Probe(url=url):
            return f"probe {_address(url)}"


def source_key(source: Source) -> str:
    """A name for signatures: readable, and different for every source."""
    words = re.sub(r"[^a-z0-9]+", "-", source_name(source).lower()).strip("-")
    return f"{words[:60].rstrip('-')}-{sha256(repr(source).encode()).hexdigest()[:6]}"


def _address(url: str) -> str:
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}" if host else f"{parts.scheme}:{parts.path}"
