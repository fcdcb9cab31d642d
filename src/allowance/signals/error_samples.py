"""Errors by what they have in common: signatures with their counts, and the newest samples of each."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from operator import attrgetter

from allowance.core.duration import HOUR, MINUTE
from allowance.core.time import Instant
from allowance.signals.otlp_points import About, Failure, Scalar
from allowance.signals.redaction import DEFAULT, Rules, clean

OTHER = "(other)"
"""Where the errors are counted that are beyond the limit of signatures."""

_SECOND = 1_000_000_000
_MINUTE = MINUTE * _SECOND
_AGE = attrgetter("start", "ids")
_LONGEST = 300
_MOST_KNOWN = 5_000
_ID = re.compile(
    r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b"
    r"|(?<![A-Za-z])0x[0-9a-f]+"
    r"|\b(?=[a-f]*[0-9])[0-9a-f]{8,}\b"
    r"|(?<![A-Za-z])[0-9]+",
    re.IGNORECASE | re.ASCII,
)


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Signature:
    """What errors have in common: service, `place` (route, method or name of the span), its kind, the type of error
    or status, and the type of exception; numbers and ids are taken out of names."""

    service: str
    place: str
    kind: str
    error: str
    exception: str = ""

    @property
    def id(self) -> str:
        """32 hexadecimal digits."""
        said = "\0".join((self.service, self.place, self.kind, self.error, self.exception))
        return blake2b(said.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()


def folded(service: str) -> Signature:
    """The signature of all errors of a service that have none of their own."""
    return Signature(service=service, place=OTHER, kind="", error="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One span that failed. `trace` and `span` are hexadecimal, `duration` nanoseconds; texts are redacted."""

    signature: str
    trace: str
    span: str
    at: Instant
    duration: int
    version: str = ""
    tenant: str = ""
    region: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`signatures` of one service, `samples` of one signature.

    Beyond the limit, the signature that was seen last before `idle` seconds makes room; where there is none such, the
    new one is counted under `(other)`.
    """

    signatures: int = 200
    samples: int = 10
    idle: int = HOUR


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What some failures add: errors by signature and minute, new samples, and signatures that made room.

    `sensitive` names what was found in attributes: (service, attribute, kind).
    """

    counts: Mapping[tuple[str, Instant], int] = field(default_factory=dict)
    signatures: Mapping[str, Signature] = field(default_factory=dict)
    samples: tuple[Sample, ...] = ()
    folded: Mapping[str, Signature] = field(default_factory=dict)
    sensitive: frozenset[tuple[str, str, str]] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.counts)


class Catalogue:
    """The signatures that are known, with the instant when each was last seen. It changes only by `learn`."""

    def __init__(
        self,
        known: Iterable[tuple[Signature, Instant]] = (),
        limits: Limits | None = None,
        rules: Rules = DEFAULT,
    ) -> None:
        self.limits, self.rules = limits or Limits(), rules
        self._seen: dict[str, dict[str, Instant]] = {}
        self._named: dict[str, Signature] = {}
        self._known: dict[tuple[About, str], Said] = {}
        for signature, last in known:
            self._know(signature, last)

    def _know(self, signature: Signature, last: Instant) -> None:
        self._named[signature.id] = signature
        if signature.place != OTHER:
            seen = self._seen.setdefault(signature.service, {})
            seen[signature.id] = max(last, seen.get(signature.id, last))

    def take(self, failures: Sequence[Failure]) -> Taken:
        """What failures add; each must be new. Nothing changes before `learn`."""
        if not failures:
            return Taken()
        counts: dict[tuple[str, Instant], int] = {}
        signatures: dict[str, Signature] = {}
        placed: dict[str, str] = {}
        found: dict[str, list[tuple[Failure, Said]]] = {}
        gone: dict[str, Signature] = {}
        sensitive: set[tuple[str, str, str]] = set()
        alike: dict[tuple[About, str], list[Failure]] = {}
        for failure in failures:
            alike.setdefault((failure.about, failure.exception), []).append(failure)
        for some in alike.values():
            said = self._said(some[0])
            own = placed.get(said.id)
            if own is None:
                signature = self._place(said.signature, signatures, gone, some[0].start // _SECOND)
                own = placed[said.id] = signature.id
                signatures[own] = signature
                sensitive |= said.sensitive
            for minute, count in Counter([one.start // _MINUTE for one in some]).items():
                key = (own, minute * MINUTE)
                counts[key] = counts.get(key, 0) + count
            # Of those that say the same no more are needed than are kept of all.
            newest = sorted(some, key=_AGE, reverse=True)[: self.limits.samples]
            found.setdefault(own, []).extend((one, said) for one in newest)
        samples = [one for own, some in found.items() for one in self._newest(own, some, sensitive)]
        return Taken(
            counts=counts,
            signatures=signatures,
            samples=tuple(samples),
            folded=gone,
            sensitive=frozenset(sensitive),
        )

    def _said(self, failure: Failure) -> Said:
        """What a failure says; failures that say the same are read once."""
        key = (failure.about, failure.exception)
        known = self._known.get(key)
        if known is None:
            if len(self._known) > _MOST_KNOWN:
                self._known.clear()
            known = self._known[key] = said_by(failure, self.rules)
        return known

    def _newest(
        self, signature: str, found: list[tuple[Failure, Said]], sensitive: set[tuple[str, str, str]]
    ) -> Iterable[Sample]:
        """Samples of the newest; only their messages are looked at."""
        newest = sorted(found, key=lambda one: _AGE(one[0]), reverse=True)
        for failure, said in newest[: self.limits.samples]:
            message = clean(failure.message, self.rules)
            sensitive.update((said.signature.service, "exception.message", kind) for kind in message.found)
            sensitive |= said.sensitive
            yield Sample(
                signature=signature,
                trace=failure.ids[:16].hex(),
                span=failure.ids[16:].hex(),
                at=failure.start // _SECOND,
                duration=max(failure.end - failure.start, 0),
                version=said.version,
                tenant=said.tenant,
                region=said.region,
                message=message.text[:_LONGEST],
            )

    def _place(
        self, wanted: Signature, new: Mapping[str, Signature], gone: dict[str, Signature], at: Instant
    ) -> Signature:
        """The signature under which an error is counted."""
        seen = self._seen.get(wanted.service, {})
        own = wanted.id
        if own in new or (own in seen and own not in gone):
            return wanted
        fresh = sum(
            1
            for id_, one in new.items()
            if one.service == wanted.service and one.place != OTHER and id_ not in seen
        )
        away = sum(1 for one in gone.values() if one.service == wanted.service)
        if len(seen) + fresh - away < self.limits.signatures:
            return wanted
        idle = [(last, id_) for id_, last in seen.items() if id_ not in gone and id_ not in new]
        last, oldest = min(idle, default=(at, ""))
        if last >= at - self.limits.idle:
            return folded(wanted.service)
        gone[oldest] = self._named[oldest]
        return wanted

    def learn(self, taken: Taken) -> None:
        """Take in what was stored."""
        for id_, signature in taken.folded.items():
            self._seen.get(signature.service, {}).pop(id_, None)
            self._named.pop(id_, None)
        for (id_, minute), _ in taken.counts.items():
            self._know(taken.signatures[id_], minute)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What failures that say the same have in common, redacted; `id` is that of the signature."""

    signature: Signature
    id: str
    version: str
    tenant: str
    region: str
    sensitive: frozenset[tuple[str, str, str]]


def said_by(failure: Failure, rules: Rules) -> Said:
    """The signature of a failure and what its samples say."""
    about = failure.about
    service = _name(about.column("service_name"), rules) or "unknown"

    def column(name: str) -> str:
        return _plain(about.column(name), rules)

    signature = Signature(
        service=service,
        place=place_of(about, rules),
        kind=str(about.own.get("kind") or ""),
        error=without_ids(column("error_type") or column("status") or column("rpc_status") or "error"),
        exception=without_ids(_plain(failure.exception, rules)),
    )
    return Said(
        signature=signature,
        id=signature.id,
        version=column("service_version"),
        tenant=column("tenant"),
        region=column("region"),
        sensitive=frozenset(
            (service, name[:100], kind)
            for name, value in about.attributes.items()
            if isinstance(value, str)
            for kind in clean(value, rules, name=name).found
        ),
    )


def place_of(about: About, rules: Rules = DEFAULT) -> str:
    """Where an event happened: its route, method or destination, else its name without ids."""
    route = route_of(about, rules)
    return route or without_ids(_plain(about.own.get("name"), rules)) or "unknown"


def route_of(about: About, rules: Rules = DEFAULT) -> str:
    """The route, method or destination of a span; empty where it names none."""
    for column in (
        "http_route",
        "rpc_method",
        "messaging.destination.template",
        "messaging.destination.name",
    ):
        if text := _plain(about.column(column), rules):
            return without_ids(text)
    return ""


def without_ids(text: str) -> str:
    """A name with `#` in place of numbers and ids: of the error codes 404 and 500 the three digits stay."""
    if text.isdigit() and len(text) == 3:
        return text
    return _ID.sub("#", text)


def _name(value: Scalar, rules: Rules) -> str:
    return _plain(value, rules)[:100]


def _plain(value: Scalar, rules: Rules) -> str:
    return (
        "" if value is None or value == "" else clean(str(value), rules).text[:_LONGEST].replace("\x00", "")
    )
