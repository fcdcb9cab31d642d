"""An answer as a few long arrays: every sample of every series side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np

from allowance.core.buckets import Ints
from allowance.core.problem import NOWHERE, Where
from allowance.core.window import Span
from allowance.signals.prom_answer import Floats, not_samples, results


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Flat:
    """`labels[i]` are those of series i, which has `sizes[i]` (at least one) samples; all samples in that order."""

    labels: Sequence[Mapping[str, str]]
    sizes: Ints
    at: Floats
    values: Floats
    warnings: tuple[str, ...] = ()

    def inside(self, span: Span) -> Flat:
        """What lies in `(begin, end]`: servers differ in whether a range holds its beginning."""
        kept = (self.at > span.begin) & (self.at <= span.end)
        if not self.sizes.size or bool(kept.all()):
            return self
        sizes = np.add.reduceat(kept.astype(np.int64), np.cumsum(self.sizes) - self.sizes)
        return Flat(
            labels=[one for one, size in zip(self.labels, sizes.tolist(), strict=True) if size],
            sizes=sizes[sizes > 0],
            at=self.at[kept],
            values=self.values[kept],
            warnings=self.warnings,
        )


def read_flat(body: bytes, *, where: Where = NOWHERE) -> Flat:
    """The series of an answer that have samples, as `prom_answer.read_answer` reads them, but not
    sorted: whether instants ascend is for the caller to look at.

    Errors: `Problem` `prom-answer`.
    """
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
        labels = [one["metric"] for one in some]
        if not all(type(text) is str for one in labels for text in one.values()):
            raise ValueError("labels are texts")
        instants = np.array(at, dtype=np.float64)
        if not bool(np.isfinite(instants).all()):
            raise ValueError("instants are numbers")
        return Flat(
            labels=labels,
            sizes=np.fromiter(map(len, pairs), dtype=np.int64, count=len(pairs)),
            at=instants,
            values=np.fromiter(map(float, texts), dtype=np.float64, count=len(texts)),
            warnings=warnings,
        )
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError):
        raise not_samples(where) from None
