"""An answer as a few long arrays: every sample of every series side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import orjson

from allowance.core.buckets import Ints
from allowance.core.problem import NOWHERE, Where
from allowance.core.window import Span
from allowance.signals.prom_answer import Floats, not_samples, results

_RESULT, _SERIES, _VALUES = b'"resultType":"matrix","result":[', b'{"metric":', b',"values":[['


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flat:
    """`heads[i]` are the labels of series i as JSON, `sizes[i]` (at least one) its samples; all samples in that order."""

    heads: Sequence[bytes]
    sizes: Ints
    at: Floats
    values: Floats
    warnings: tuple[str, ...] = ()

    def labels(self, number: int) -> Mapping[str, str]:
        """The labels of a series. Errors: `Problem` `prom-answer` where they are none."""
        try:
            found = orjson.loads(self.heads[number])
        except orjson.JSONDecodeError:
            found = None
        if not isinstance(found, dict) or not all(isinstance(text, str) for text in found.values()):
            raise not_samples(NOWHERE)
        return found

    def inside(self, span: Span) -> Flat:
        """What lies in `(begin, end]`: servers differ in whether a range holds its beginning."""
        kept = (self.at > span.begin) & (self.at <= span.end)
        if not self.sizes.size or bool(kept.all()):
            return self
        sizes = np.add.reduceat(kept.astype(np.int64), np.cumsum(self.sizes) - self.sizes)
        return Flat(
            heads=[one for one, size in zip(self.heads, sizes.tolist(), strict=True) if size],
            sizes=sizes[sizes > 0],
            at=self.at[kept],
            values=self.values[kept],
            warnings=self.warnings,
        )


def read_flat(body: bytes, *, where: Where = NOWHERE) -> Flat:
    """The series of an answer that have samples, as `prom_answer.read_answer` reads them, but not sorted: whether
    instants ascend is for the caller to look at, and labels are read when they are asked for.

    Errors: `Problem` `prom-answer`.
    """
    return _compact(body, where) or _any(body, where)


def _compact(body: bytes, where: Where) -> Flat | None:
    """An answer in the form in which servers write it, without an object for each number; none for any other form.

    No text inside can be taken for its joints: they hold a quotation mark, which texts hold behind a backslash only.
    """
    head, joint, rest = body.partition(_RESULT)
    first, *pieces = rest.split(_SERIES)
    if not joint or first or not pieces:
        return None
    last, end, tail = pieces[-1].rpartition(b"]]}")
    pieces[-1] = last + end + b","
    heads, texts = [], []
    for piece in pieces:
        labels, values, samples = piece.partition(_VALUES)
        if not values or samples[-4:] != b"]]},":
            return None
        heads.append(labels)
        texts.append(samples[:-4])
    sizes = np.fromiter((text.count(b"],[") + 1 for text in texts), dtype=np.int64, count=len(texts))
    numbers = _numbers(b"],[".join(texts), int(sizes.sum()))
    if numbers is None:
        return None
    _, _, warnings = results(head + joint + tail, where)
    return Flat(heads=heads, sizes=sizes, at=numbers[::2], values=numbers[1::2], warnings=warnings)


def _numbers(text: bytes, samples: int) -> Floats | None:
    """The numbers of `1,"2"],[3,"4"`, where it is that: each sample an instant and one text, which ends it."""
    ends, quotes = text.count(b'"],['), text.count(b'"')
    if (ends, quotes, text.count(b',"')) != (samples - 1, 2 * samples, samples) or text[-1:] != b'"':
        return None
    plain = text.translate(None, b'[]"')
    if plain.strip(b"0123456789.,+-eEinfINFaA"):
        return None
    try:
        numbers = np.array(_read(plain), dtype=np.float64)
    except ValueError:
        return None
    usable = len(numbers) == 2 * samples and bool(np.isfinite(numbers[::2]).all())
    return numbers if usable else None


def _read(plain: bytes) -> Sequence[float | bytes]:
    """The numbers of `1,2`, read by the quickest that can: JSON knows no NaN and no infinity."""
    try:
        found: list[float] = orjson.loads(b"[%s]" % plain)
        return found
    except orjson.JSONDecodeError:
        return plain.split(b",")


def _any(body: bytes, where: Where) -> Flat:
    kind, result, warnings = results(body, where)
    try:
        if kind == "matrix":
            some = [one for one in result if one.get("values")]
            pairs = [one["values"] for one in some]
        else:
            some = [one for one in result if "value" in one]
            pairs = [(one["value"],) for one in some]
        every = list(chain.from_iterable(pairs))
        at, texts = zip(*every, strict=True) if every else ((), ())
        instants = np.array(at, dtype=np.float64)
        if not bool(np.isfinite(instants).all()):
            raise ValueError("instants are numbers")
        return Flat(
            heads=[orjson.dumps(one["metric"]) for one in some],
            sizes=np.fromiter(map(len, pairs), dtype=np.int64, count=len(pairs)),
            at=instants,
            values=np.fromiter(map(float, texts), dtype=np.float64, count=len(texts)),
            warnings=warnings,
        )
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError):
        raise not_samples(where) from None
