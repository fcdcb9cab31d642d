"""The file of samples: what it may say, and every error of it at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from allowance.core.duration import DAY
from allowance.core.problem import ProblemError
from allowance.edges.samples_file import read_samples
from allowance.signals.redaction import clean

GOOD = """
trace_link: "https://tempo.example/trace/{trace_id}"
keep: 30d
keys: [patient]
patterns: ['KD-[0-9]+']
addresses: true
"""


def test_all_that_it_says(tmp_path: Path) -> None:
    path = tmp_path / "samples.yaml"
    path.write_text(GOOD)
    found = read_samples(path)
    assert (found.keep, found.trace_link) == (30 * DAY, "https://tempo.example/trace/{trace_id}")
    assert clean("KD-9 from 10.0.0.7", found.rules).text == "[pattern] from [ip]"


def test_every_error_at_once(tmp_path: Path) -> None:
    path = tmp_path / "samples.yaml"
    path.write_text('trace_link: nowhere\nkeep: 3h\npatterns: ["("]\nwhat: 1\n')
    with pytest.raises(ProblemError) as raised:
        read_samples(path)
    assert {one.code for one in raised.value.problems} >= {"trace-link", "keep"}
    assert len(raised.value.problems) == 4
    assert all(str(one.where).startswith(str(path)) for one in raised.value.problems)


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(ProblemError, match="cannot be read"):
        read_samples(tmp_path / "none.yaml")
