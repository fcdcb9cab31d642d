"""One text for one value: the quick encoder writes what the standard library writes, and refuses what it refuses."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.governance.ledger import canonical

LEAVES = st.none() | st.booleans() | st.integers() | st.text()
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=12,
)


@given(VALUES)
def test_the_bytes_are_those_of_the_standard_library(value: object) -> None:
    told = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    assert canonical(value) == told.encode()


@pytest.mark.parametrize("value", [1.5, [{"a": (1, 2.0)}], {"a": float("nan")}, "\ud800"])
def test_what_has_no_exact_text_is_refused(value: object) -> None:
    with pytest.raises(ValueError):
        canonical(value)


@pytest.mark.parametrize("value", [{1: "a"}, {"a": {None: 1}}, {"a": {1, 2}}, [object()]])
def test_what_json_does_not_know_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        canonical(value)
