"""Answers of a PromQL system: bytes to series of samples, and never anything but a `Problem` where they are not that."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import orjson
from numpy.typing import NDArray

from allowance.core.problem import NOWHERE, ProblemError, Where, refuse

Floats: TypeAlias = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Series:
    """One series: its labels, and samples `values` at instants `at` (seconds since 1970, ascending)."""

    labels: Mapping[str, str]
    at: Floats
    values: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a query gave. `warnings` are the server's own words, among them that the answer is not complete."""

    series: tuple[Series, ...]
    warnings: tuple[str, ...] = ()

    @property
    def samples(self) -> int:
        """How many samples there are in all series."""
        return sum(len(one.at) for one in self.series)


def read_answer(body: bytes, *, where: Where = NOWHERE) -> Answer:
    """The series in the body of an answer to a query. NaN stays NaN: it is the caller's to leave out.

    A series with native histograms only has no samples here. Errors: `Problem` `prom-answer`.
    """
    kind, result, warnings = results(body, where)
    try:
        if kind == "matrix":
            series = tuple(_series(one["metric"], one.get("values", ())) for one in result)
        else:
            series = tuple(
                _series(one["metric"], (one["value"],) if "value" in one else ()) for one in result
            )
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError):
        raise not_samples(where) from None
    return Answer(series=series, warnings=warnings)


def results(body: bytes, where: Where) -> tuple[str, list[Any], tuple[str, ...]]:
    """`matrix` or `vector`, the series as they were sent (a scalar is one without labels), the server's warnings.

    Errors: `Problem` `prom-answer`.
    """
    whole = _success(body, where)
    data = whole.get("data")
    kind = data.get("resultType") if isinstance(data, dict) else None
    result = data.get("result") if isinstance(data, dict) else None
    if kind == "scalar" and result is not None:
        kind, result = "vector", [{"metric": {}, "value": result}]
    if kind not in ("matrix", "vector"):
        raise _not_an_answer(f"the kind of its result is {str(kind)[:40]!r}", where)
    if result is None and isinstance(data, dict) and "result" in data:
        result = []
    if not isinstance(result, list):
        raise not_samples(where)
    return kind, result, _warnings(whole)


def not_samples(where: Where) -> ProblemError:
    """What to say where an answer holds something else than samples."""
    return _not_an_answer("its samples are not pairs of an instant and a number", where)


def _series(labels: Any, pairs: Any) -> Series:
    at = np.array([pair[0] for pair in pairs], dtype=np.float64)
    values = np.array([float(pair[1]) for pair in pairs], dtype=np.float64)
    if not isinstance(labels, dict) or not all(isinstance(value, str) for value in labels.values()):
        raise ValueError("labels are texts")
    if at.ndim != 1 or not np.all(np.isfinite(at)):
        raise ValueError("instants are numbers")
    if at.size > 1 and not np.all(at[1:] > at[:-1]):
        at, first = np.unique(at, return_index=True)
        values = values[first]
    return Series(labels=labels, at=at, values=values)


def read_texts(body: bytes, *, where: Where = NOWHERE) -> tuple[str, ...]:
    """The names or label values in the body of an answer. Errors: `Problem` `prom-answer`."""
    data = _success(body, where).get("data")
    if not isinstance(data, list) or not all(isinstance(text, str) for text in data):
        raise _not_an_answer("its data are not a list of texts", where)
    return tuple(data)


def read_error(body: bytes) -> str:
    """The server's own words for what is wrong, or `""` where the body holds none."""
    try:
        whole = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ""
    error = whole.get("error") if isinstance(whole, dict) else None
    return " ".join(str(error).split())[:300] if error else ""


def _success(body: bytes, where: Where) -> dict[str, Any]:
    if body.lstrip()[:1] == b"<":
        raise _not_an_answer(
            "it is a web page", where, hint="a proxy or a log-in may stand before the server"
        )
    try:
        whole = orjson.loads(body)
    except orjson.JSONDecodeError:
        cut = body[:1] == b"{" and body.rstrip()[-1:] != b"}"
        raise _not_an_answer("it is cut short" if cut else "it is not JSON", where) from None
    if not isinstance(whole, dict) or "status" not in whole:
        raise _not_an_answer("it has no status", where)
    if whole["status"] != "success":
        said = read_error(body) or "no reason"
        raise refuse(
            "prom-query", f"the server refuses the query: {said}", hint="check the query", where=where
        )
    return whole


def _warnings(whole: dict[str, Any]) -> tuple[str, ...]:
    raw = whole.get("warnings")
    texts = (
        [" ".join(text.split())[:300] for text in raw if isinstance(text, str)]
        if isinstance(raw, list)
        else []
    )
    if whole.get("isPartial") is True:
        texts.append("the answer is partial: some storage nodes did not answer")
    return tuple(texts)


def _not_an_answer(
    why: str, where: Where, hint: str = "check that the address is that of the PromQL system, with its path"
) -> ProblemError:
    return refuse("prom-answer", f"the answer cannot be read: {why}", hint=hint, where=where)
