"""SLO files in the dialects of public repositories, each with one fault or none: what the reader says of them."""

from __future__ import annotations

import json
import re
from fractions import Fraction
from pathlib import Path

from allowance.contract.indicator import PromRatio
from allowance.contract.model import Contract, Occurrences, RatioTimeslices, Slo, Timeslices
from allowance.contract.read import ReadResult, read
from allowance.core.duration import short
from allowance.core.problem import Problem
from allowance.core.window import RollingWindow


def test_every_file_gets_its_verdict_at_its_place(cases: Path) -> None:
    folder = cases / "spec-corpus" / "recreated"
    expected = json.loads((folder / "expected.json").read_text())
    wrong: list[str] = []
    for name, answer in expected.items():
        result = read([(name, (folder / name).read_bytes())])
        wrong.extend(f"{name}: {complaint}" for complaint in complaints(result, answer))
    assert expected
    assert wrong == []


def test_every_problem_has_a_file_and_a_sentence(cases: Path) -> None:
    folder = cases / "spec-corpus" / "recreated"
    for path in sorted(folder.glob("*.yaml")):
        for problem in read([(path.name, path.read_bytes())]).problems:
            assert problem.where.file == path.name
            assert problem.message
            assert problem.where.line or problem.code == "empty"


def complaints(result: ReadResult, answer: dict[str, object]) -> list[str]:
    verdict, place = str(answer["verdict"]), answer.get("where")
    found: list[str] = []
    if verdict == "accept" and not result.ok:
        found.append(f"should be accepted, but: {result.problems[0]}")
    if verdict == "reject" and result.ok:
        found.append("should be rejected")
    if verdict == "warn or reject" and not result.problems:
        found.append("should be warned of or rejected")
    if verdict != "accept" and place is not None and not any(is_at(p, str(place)) for p in result.problems):
        found.append(f"no problem at {place}: {[str(p) for p in result.problems]}")
    if result.ok:
        reads_as = answer.get("reads_as")
        assert reads_as is None or isinstance(reads_as, dict)
        found.extend(misread(result.contract, reads_as or {}))
    return found


def is_at(problem: Problem, place: str) -> bool:
    """`a / b` names two places of which one is enough; `x.op/value` two keys of one map; `(file)` the whole file."""
    if place == "(file)":
        return problem.where.file is not None and problem.where.path is None
    whole, *keys = re.split(r"(?<! )/(?! )", place)
    options = [*place.split(" / "), whole, *(f"{whole.rpartition('.')[0]}.{key}" for key in keys)]
    return any(option in (problem.where.path or "") for option in options)


def misread(contract: Contract, reads_as: dict[str, object]) -> list[str]:
    slos = contract.slos
    found = [] if slos else ["nothing was read"]
    for slo in slos:
        said = described(slo, contract)
        found += [
            f"{key} reads as {said[key]}, not {value}"
            for key, value in reads_as.items()
            if said[key] != value
        ]
    return found


def described(slo: Slo, contract: Contract) -> dict[str, object]:
    method = slo.method
    numerator = "bad" if isinstance(slo.indicator, PromRatio) and slo.indicator.bad else "good"
    window = slo.window
    return {
        "numerator": numerator,
        "window": f"{short(window.seconds)} rolling"
        if isinstance(window, RollingWindow)
        else f"calendar {window.unit}, {window.zone.key}",
        "objects": len(contract.slos),
        "target": float(slo.target),
        "objective": float(slo.target * 100),
        "slice": short(method.slice) if isinstance(method, Timeslices | RatioTimeslices) else None,
        "slice_target": float(method.slice_target) if isinstance(method, Timeslices) else None,
        "method": "Occurrences" if isinstance(method, Occurrences) else type(method).__name__,
        "displayName": slo.display_name,
    }


def test_a_target_is_never_read_as_another_value(cases: Path) -> None:
    folder = cases / "spec-corpus" / "recreated"
    result = read([("p.yaml", (folder / "pyrra_target_unquoted.yaml").read_bytes())])
    assert not result.ok or [slo.target for slo in result.contract.slos] == [Fraction(999, 1000)]
