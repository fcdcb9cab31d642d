from __future__ import annotations

import math
from typing import Any

import numpy as np
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.core.problem import ProblemError
from allowance.core.window import Span
from allowance.signals.prom_answer import read_answer, read_error, read_texts
from allowance.signals.prom_counts import gains, settle, sums, witnesses
from allowance.signals.prom_samples import evaluated, judged, shared


def body(kind: str, result: Any, **more: Any) -> bytes:
    return orjson.dumps({"status": "success", "data": {"resultType": kind, "result": result}, **more})


def test_matrix_vector_and_scalar_are_series() -> None:
    matrix = read_answer(
        body("matrix", [{"metric": {"a": "b"}, "values": [[60, "1"], [120.5, "+Inf"], [180, "NaN"]]}])
    )
    assert matrix.series[0].labels == {"a": "b"}
    assert matrix.series[0].at.tolist() == [60.0, 120.5, 180.0]
    assert matrix.series[0].values[1] == math.inf
    assert np.isnan(matrix.series[0].values[2])
    assert matrix.samples == 3
    assert read_answer(body("vector", [{"metric": {}, "value": [1, "2"]}])).series[0].values.tolist() == [2.0]
    assert read_answer(body("scalar", [1, "2"])).series[0].values.tolist() == [2.0]
    assert read_answer(body("matrix", [])).series == ()


def test_samples_come_out_in_order_and_once() -> None:
    answer = read_answer(body("matrix", [{"metric": {}, "values": [[120, "2"], [60, "1"], [120, "9"]]}]))
    assert answer.series[0].at.tolist() == [60.0, 120.0]
    assert answer.series[0].values.tolist() == [1.0, 2.0]


def test_a_native_histogram_has_no_samples_here() -> None:
    answer = read_answer(body("matrix", [{"metric": {"a": "b"}, "histograms": [[60, {"count": "1"}]]}]))
    assert answer.samples == 0


def test_warnings_and_partial_answers_are_kept() -> None:
    answer = read_answer(body("matrix", [], warnings=["one  store\nis away", 5], isPartial=True))
    assert answer.warnings == (
        "one store is away",
        "the answer is partial: some storage nodes did not answer",
    )


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"<html>log in</html>", "it is a web page"),
        (b"", "it is not JSON"),
        (b'{"status":"success","data":{"resu', "it is cut short"),
        (b"[]", "it has no status"),
        (b'{"status":"error","error":"no such thing"}', "the server refuses the query: no such thing"),
        (b'{"status":"success"}', "the kind of its result is 'None'"),
        (body("string", [1, "x"]), "the kind of its result is 'string'"),
        (body("matrix", [{"metric": {}, "values": [[1, "x"]]}]), "pairs of an instant and a number"),
        (body("matrix", [{"metric": {}, "values": [[1]]}]), "pairs of an instant and a number"),
        (body("matrix", [{"metric": {"a": 1}, "values": []}]), "pairs of an instant and a number"),
        (body("matrix", [{"metric": {}, "values": [[None, "1"]]}]), "pairs of an instant and a number"),
        (body("matrix", 5), "pairs of an instant and a number"),
        (b"\xff\xfe", "it is not JSON"),
        (b"[" * 100_000, "it is not JSON"),
    ],
)
def test_what_is_no_answer_is_a_problem(raw: bytes, says: str) -> None:
    with pytest.raises(ProblemError, match=says):
        read_answer(raw)


def test_texts_and_errors() -> None:
    assert read_texts(b'{"status":"success","data":["a","b"]}') == ("a", "b")
    for raw in (b'{"status":"success","data":[1]}', b'{"status":"success","data":{}}'):
        with pytest.raises(ProblemError, match="list of texts"):
            read_texts(raw)
    assert read_error(b'{"status":"error","error":"too  many"}') == "too many"
    assert read_error(b"<html>") == read_error(b"[]") == read_error(b'{"error":null}') == ""


numbers = st.one_of(
    st.integers(-(10**25), 10**25).map(str),
    st.floats().map(str),
    st.sampled_from(["NaN", "+Inf", "-Inf", "", "1e400", "0x1", "9007199254740993", "-0"]),
)
instants = st.one_of(st.integers(-(2**63), 2**64 - 1), st.floats(allow_nan=False), st.integers(0, 400))
series = st.fixed_dictionaries(
    {
        "metric": st.dictionaries(
            st.sampled_from(["job", "instance", "code", "__name__", "le"]), st.text(max_size=3)
        ),
        "values": st.lists(st.tuples(instants, numbers), max_size=8),
    }
)
answers = st.lists(series, max_size=4).map(lambda result: body("matrix", result))
anything = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["status", "data", "result", "resultType", "metric", "values", "value"]), inner
        )
    ),
    max_leaves=20,
)
shaped = anything.map(lambda value: body("matrix", value)) | st.lists(anything, max_size=3).map(
    lambda values: body("vector", [{"metric": {}, "value": value} for value in values])
)


@given(st.binary(max_size=60) | anything.map(orjson.dumps) | shaped | answers)
def test_any_bytes_become_counts_or_a_problem(raw: bytes) -> None:
    span, step = Span(begin=60, end=360), 60
    try:
        found = read_answer(raw).series
        gained = gains(found, {}, span, step)
        added = sums([(1, gained)], witnesses([(gained, {})], frozenset()), 5, "code")
        for events in (*added.values(), *evaluated(found, 0.3, span, step, None)[0].values()):
            good, total, _ = settle(events, events / 2, "good")
            assert ((good >= 0) & (good <= total)).all()
    except ProblemError:
        return
    for groups in (judged(found, "lt", 5.0, span, step, "job"), shared(found, "bad", span, step, None)[0]):
        for buckets in groups.values():
            assert len(buckets) == 5
