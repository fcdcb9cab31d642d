"""The YAML test suite: what is invalid is refused, what is valid is read as the suite says, or clearly refused."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from allowance.contract.nodes import load_documents, plain
from allowance.core.problem import Problem, ProblemError

LENIENT = {
    "DK95-1": "a tab indents the second line of a quoted text; the text is the same",
    "Y79Y-3": "a tab indents a line inside brackets; the list is the same",
    "S98Z": "an empty block text is indented less than its own blank lines; it is empty either way",
    "MUS6-0": "a comment touches the version of a %YAML directive; the version is read right",
}
"""Invalid documents that are read all the same, and why that does no harm."""

STRICTER = {
    "yaml-key": {
        *("X38W", "KK5P", "9MMW", "6PBE", "V9D5", "4FJ6", "LX3P", "SBG9", "6BFJ"),  # a list or map as key
        *("2SXE", "DFF7"),  # a key that is missing, or whose anchor ends in a colon
    },
    "yaml-tag": {"CUP7", "565N", "2XXW", "7FWL", "Z9M4", "M5C3", "9WXW", "6CK3", "6WLZ"},  # tags of others
    "yaml": {
        *("DK95-4", "Q5MG", "6BCT", "A2M4", "Y79Y-1", "Y79Y-10"),  # tabs beside or instead of indentation
        *(
            "BEC7",
            "ZYU8-0",
            "ZYU8-1",
            "ZYU8-3",
            "2LFX",
            "6LVF",
            "MUS6-5",
            "MUS6-6",
        ),  # unknown directives, versions
        *("DBG4", "5T43", "58MP", "HM87-1", "652Z"),  # unquoted text in brackets that begins with : or ?
        *(
            "4MUZ-0",
            "4MUZ-1",
            "4MUZ-2",
            "NJ66",
            "K3WX",
            "VJP3-1",
            "UT92",
        ),  # a colon on the line after its key
        *("NHX8", "2JQS", "S3PD", "FRK4", "4ABK", "6M2F"),  # a missing key
        *("W5VH",),  # punctuation in the name of an anchor
        *("M7A3", "QT73", "HWV9"),  # a document end without a document, a bare document after it
    },
}
"""Valid documents that are refused, by the code of their `Problem`."""


@dataclass(frozen=True)
class Entry:
    id: str
    yaml: str
    must_fail: bool
    json: str | None


def suite(cases: Path) -> list[Entry]:
    entries = json.loads((cases / "yaml-hostile" / "suite.json").read_text())
    return [Entry(id=e["id"], yaml=e["yaml"], must_fail=e["must_fail"], json=e["json"]) for e in entries]


def read(entry: Entry) -> list[object] | Problem:
    try:
        return [plain(node) for node in load_documents(entry.yaml.encode(), file="case.yaml")]
    except ProblemError as error:
        (problem,) = error.problems
        return problem


def values(text: str) -> list[object]:
    """Several JSON values one after the other, as the suite writes several documents."""
    decoder = json.JSONDecoder(parse_float=Decimal)
    found: list[object] = []
    rest = text.strip()
    while rest:
        value, end = decoder.raw_decode(rest)
        found.append(value)
        rest = rest[end:].lstrip()
    return found


def test_what_is_invalid_is_refused(cases: Path) -> None:
    invalid = [entry for entry in suite(cases) if entry.must_fail]
    assert len(invalid) > 50
    accepted = {entry.id for entry in invalid if not isinstance(read(entry), Problem)}
    assert accepted == set(LENIENT)


def test_what_is_valid_is_read_as_the_suite_says_or_refused_by_name(cases: Path) -> None:
    refused: dict[str, set[str]] = {}
    for entry in suite(cases):
        if entry.must_fail:
            continue
        answer = read(entry)
        if isinstance(answer, Problem):
            refused.setdefault(answer.code, set()).add(entry.id)
        elif entry.json is not None:
            assert answer == values(entry.json), entry.id
    assert refused == STRICTER


def test_every_refusal_has_a_place_and_a_hint(cases: Path) -> None:
    for entry in suite(cases):
        answer = read(entry)
        if isinstance(answer, Problem):
            assert answer.hint, entry.id
            assert answer.where.file == "case.yaml", entry.id
            assert 1 <= (answer.where.line or 0) <= entry.yaml.count("\n") + 1, entry.id
            assert (answer.where.column or 0) >= 1, entry.id
