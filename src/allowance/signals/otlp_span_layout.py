"""Where things stand in the bytes of spans, for a whole request at once.

Every sender writes the fields of a span in the same order, so what differs from span to span (ids, parent, instants)
stands at places that the lengths tell. The rest, with the instants blanked, is a text that comes again and again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from allowance.signals.otlp_columns import Instants

_NAME, _SHORT = 0x2A, 128
_TRACE_ID, _SPAN_ID, _PARENT = 0x100A, 0x0812, 0x0822
"""Tags with the lengths that ids have."""
_KIND, _START, _END = 0x30, 0x39, 0x41
_INSTANTS = 20
"""Bytes of kind, start and end."""
_PAD = bytes(512)
"""Behind the last span: more than any place that is looked at lies behind the begin of one."""
_IDS = np.dtype([("trace", "V16"), ("span", "V8")])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Laid:
    """Columns of spans. A `key` is name, kind and what stands behind the instants; empty where a span is written in
    another order: then its other columns mean nothing, until who reads it otherwise fills them in."""

    ids: list[bytes]
    starts: Instants
    ends: Instants
    keys: list[bytes]


def lay_out(spans: Sequence[bytes]) -> Laid:
    """The columns of spans."""
    sizes = np.array(list(map(len, spans)), dtype=np.int64)
    behind = np.cumsum(sizes)
    begin = behind - sizes
    buffer = bytearray().join((*spans, _PAD))
    octets = np.frombuffer(buffer, np.uint8)
    words: NDArray[np.uint64] = np.ndarray(len(buffer) - 7, "<u8", buffer, strides=(1,))
    parent = (words[begin + 28] & 0xFFFF) == _PARENT
    name = begin + np.where(parent, 38, 28)
    kind = name + 2 + octets[name + 1]
    known = (
        ((words[begin] & 0xFFFF) == _TRACE_ID)
        & ((words[begin + 18] & 0xFFFF) == _SPAN_ID)
        & (octets[name] == _NAME)
        & (octets[name + 1] < _SHORT)
        & (octets[kind] == _KIND)
        & (octets[kind + 1] < _SHORT)
        & (octets[kind + 2] == _START)
        & (octets[kind + 11] == _END)
        & (kind + _INSTANTS <= behind)
    )
    starts, ends = words[kind + 3], words[kind + 12]
    blank = kind if known.all() else kind[known]
    words[blank + 3] = 0
    words[blank + 12] = 0
    text = bytes(buffer)
    keys = [text[first:last] for first, last in zip(name.tolist(), behind.tolist(), strict=True)]
    for odd in np.flatnonzero(~known).tolist():
        keys[odd] = b""
    return Laid(ids=_ids(buffer, begin), starts=starts, ends=ends, keys=keys)


def _ids(buffer: bytearray, begin: NDArray[np.int64]) -> list[bytes]:
    found = np.empty(len(begin), _IDS)
    found["trace"] = np.ndarray(len(buffer) - 15, "V16", buffer, strides=(1,))[begin + 2]
    found["span"] = np.ndarray(len(buffer) - 7, "V8", buffer, strides=(1,))[begin + 20]
    ids: list[bytes] = found.view("V24").tolist()
    return ids


def parts_of(key: bytes) -> tuple[bytes, int, bytes]:
    """The name, the kind and the rest that a key was made of."""
    behind = 2 + key[1]
    return key[2:behind], key[behind + 1], key[behind + _INSTANTS :]
