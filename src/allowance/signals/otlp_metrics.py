"""Metrics of protobuf requests: points read by their layout, and whole only where they say something new."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from google.protobuf.message import DecodeError

from allowance.signals.otlp_attributes import AttributeReader
from allowance.signals.otlp_point_columns import Columns, Explicits, Numbers
from allowance.signals.otlp_point_layout import (
    LaidHistograms,
    LaidNumbers,
    lay_out_histograms,
    lay_out_numbers,
)
from allowance.signals.otlp_points import (
    NO_TEMPORALITY,
    NO_TIME,
    NO_VALUE,
    NOT_COUNTED,
    About,
    Attributes,
    Explicit,
    Exponential,
    Form,
    Metric,
    Number,
    Point,
    digest_of,
    explicit,
    exponential,
)
from allowance.signals.otlp_spans import MOST_OF_PLACE
from allowance.signals.otlp_wire import MESSAGES

_FORMS: dict[int, Form] = {1: "delta", 2: "cumulative"}
_NUMBER, _HISTOGRAM = MESSAGES["NumberPoint"], MESSAGES["HistogramPoint"]

Address: TypeAlias = tuple[bytes, bytes, str, str]
"""The bytes of resource and scope, name and unit."""


class _Place:
    """What the points of one metric and sender said: by what stands behind their numbers, and by their attributes."""

    __slots__ = ("address", "known", "slots")

    def __init__(self, address: Address) -> None:
        self.address = address
        self.known: dict[bytes, int] = {}
        self.slots: dict[tuple[bytes, ...], int] = {}


class MetricReader:
    """Remembers what points said only to be quicker. `size` is how much that is."""

    def __init__(self, attributes: AttributeReader) -> None:
        self._attributes = attributes
        self.forget()

    def forget(self) -> None:
        """Start anew."""
        self._places: dict[Address, _Place] = {}
        self._abouts: list[About] = []
        self.size = 0

    def read(self, request: Any, refused: dict[str, int]) -> list[Metric]:
        """The metrics of a request. Errors: `DecodeError`."""
        found: list[Metric] = []
        for part in request.resources:
            for scope in part.scopes:
                for metric in scope.items:
                    read = self._metric(
                        metric, (part.resource, scope.scope, metric.name, metric.unit), refused
                    )
                    if read is not None:
                        found.append(read)
        return found

    def _metric(self, metric: Any, address: Address, refused: dict[str, int]) -> Metric | None:
        kind = metric.WhichOneof("one")
        if kind is None:
            return None
        if kind == "summary":
            refused[NOT_COUNTED] = refused.get(NOT_COUNTED, 0) + 1
            return None
        data = getattr(metric, kind)
        form: Form | None = "gauge"
        if kind != "gauge" and (kind != "sum" or data.monotonic):
            form = _FORMS.get(data.temporality)
        if form is None:
            refused[NO_TEMPORALITY] = refused.get(NO_TEMPORALITY, 0) + len(data.points)
            return None
        place = self._places.get(address) or self._place(address)
        items = (*data.points,)
        points = self._columns(place, kind, items) or self._points(place, kind, items, refused)
        return Metric(name=metric.name, unit=metric.unit, form=form, points=points)

    def _place(self, address: Address) -> _Place:
        found = self._places[address] = _Place(address)
        self.size += 1
        return found

    def _columns(self, place: _Place, kind: str, items: Sequence[bytes]) -> Columns | None:
        """Points of the usual layout; None for others, and where there is something to refuse."""
        if kind == "exponential" or len(items) < 2:
            return None
        laid = lay_out_histograms(items) if kind == "histogram" else lay_out_numbers(items)
        if laid is None or not laid.times.all():
            return None
        get = place.known.get
        slots = [get(key, -1) for key in laid.keys]
        if -1 in slots:
            message = _HISTOGRAM if kind == "histogram" else _NUMBER
            slots = [
                self._learn(place, message, items[n], laid.keys[n]) if slot < 0 else slot
                for n, slot in enumerate(slots)
            ]
            if -1 in slots:
                return None
        return _columns(laid, slots, self._abouts)

    def _learn(self, place: _Place, message: Any, item: bytes, key: bytes) -> int:
        """Read a point whole: the number of what it says, -1 if its layout does not tell what reading it tells."""
        if key in place.known:
            return place.known[key]
        point = message.FromString(item)
        try:
            rest = message.FromString(key)
        except DecodeError:
            return -1
        pairs = (*rest.attributes,)
        if point.flags & 1 or pairs != (*point.attributes,) or _has_more(rest):
            return -1
        slot = self._slot(place, pairs)
        if len(place.known) < MOST_OF_PLACE:
            place.known[key] = slot
            self.size += 1
        return slot

    def _slot(self, place: _Place, pairs: tuple[bytes, ...]) -> int:
        found = place.slots.get(pairs)
        if found is None:
            found = place.slots[pairs] = len(self._abouts)
            self._abouts.append(self._about(place.address, pairs))
            self.size += 1
        return found

    def _points(self, place: _Place, kind: str, items: Sequence[Any], refused: dict[str, int]) -> list[Point]:
        points: list[Point] = []
        message = {"histogram": _HISTOGRAM, "exponential": None}.get(kind, _NUMBER)
        read = {"histogram": _explicit, "exponential": _exponential}.get(kind, _number)
        for item in items:
            point = item if message is None else message.FromString(item)
            about = self._abouts[self._slot(place, (*point.attributes,))]
            one = NO_VALUE if point.flags & 1 else read(point, about) if point.time else NO_TIME
            if isinstance(one, str):
                refused[one] = refused.get(one, 0) + 1
            else:
                points.append(one)
        return points

    def _about(self, address: Address, pairs: tuple[bytes, ...]) -> About:
        resource, scope, name, unit = address
        attributes, sender = self._attributes.attributes(pairs), self._attributes.resource(resource)
        own: Attributes = {"metric": name, "unit": unit, "scope_name": self._attributes.scope(scope)}
        digest = digest_of(sender, own, attributes)
        return About(own=own, attributes=attributes, resource=sender, digest=digest)


def _columns(laid: LaidNumbers | LaidHistograms, slots: list[int], abouts: Sequence[About]) -> Columns:
    where = np.array(slots, dtype=np.int64)
    if isinstance(laid, LaidNumbers):
        return Numbers(starts=laid.starts, times=laid.times, slots=where, abouts=abouts, values=laid.values)
    return Explicits(
        starts=laid.starts,
        times=laid.times,
        slots=where,
        abouts=abouts,
        totals=laid.totals,
        counts=laid.counts,
        bounds=laid.bounds,
    )


def _has_more(rest: Any) -> bool:
    """Whether what stands behind the numbers says something else than attributes and flags."""
    return any(field.name not in ("attributes", "flags") for field, _ in rest.ListFields())


def _number(point: Any, about: About) -> Number | str:
    value = point.as_int or point.as_double
    if not value:
        kind = point.WhichOneof("one")
        if kind is None:
            return NO_VALUE
        value = getattr(point, kind)
    return Number(about, point.start, point.time, value)


def _explicit(point: Any, about: About) -> Explicit | str:
    return explicit(about, point.start, point.time, point.count, (*point.counts,), (*point.bounds,))


def _exponential(point: Any, about: About) -> Exponential | str:
    low = point.zero_count + sum(point.negative.counts)
    positive = point.positive
    return exponential(
        about, point.start, point.time, point.count, low, point.scale, positive.offset, tuple(positive.counts)
    )
