"""Problems as text, JSON, SARIF and workflow commands."""

from __future__ import annotations

import json

from allowance.contract.lint import BY_ID
from allowance.core.problem import Problem, Where
from allowance.reports.problems import problems_text
from allowance.reports.problems_data import problems_github, problems_json
from allowance.reports.problems_sarif import problems_sarif

SLA = Problem(
    code="AL205",
    message="shop/availability is looser than its SLA",
    where=Where(file="slo.yaml", line=2, column=11, path="spec.slos[0].target"),
    hint="Make it tighter.",
)
OWNER = Problem(
    code="AL401", message="no owner", where=Where(file="slo.yaml", line=1, column=1), severity="warning"
)
SOURCE = "spec:\n  target: 99.9\n"


def test_text_shows_the_line_the_hint_and_a_summary() -> None:
    assert problems_text([SLA, OWNER], {"slo.yaml": SOURCE}, checked="1 file") == (
        "slo.yaml:1:1: warning AL401 no owner\n"
        "    1 | spec:\n"
        "      | ^\n"
        "\n"
        "slo.yaml:2:11: error AL205 shop/availability is looser than its SLA\n"
        "    2 |   target: 99.9\n"
        "      |           ^\n"
        "  hint: Make it tighter.\n"
        "\n"
        "1 error, 1 warning in 1 file\n"
    )


def test_no_problems_say_so() -> None:
    assert problems_text([], {}, checked="3 files") == "no problems in 3 files\n"


def test_files_keep_their_order_and_places_may_be_unknown() -> None:
    problems = [
        Problem(code="a", message="one", where=Where(file="z.yaml", line=9)),
        Problem(code="b", message="two", where=Where(file="a.yaml", line=1)),
        Problem(code="c", message="three", severity="info"),
        Problem(code="d", message="four", where=Where(file="z.yaml", line=2)),
    ]
    assert [line.split()[-1] for line in problems_text(problems, {}).splitlines() if line][:4] == [
        "four",
        "one",
        "two",
        "three",
    ]
    assert "\nremark c three\n" in problems_text(problems, {})
    assert "3 errors, 1 remark" in problems_text(problems, {})


def test_a_caret_stands_below_its_character_in_wide_tabbed_and_long_lines() -> None:
    def caret(line: str, column: int) -> tuple[str, int]:
        problem = Problem(code="x", message="m", where=Where(file="f", line=1, column=column))
        _, shown, mark, *_ = problems_text([problem], {"f": line}).splitlines()
        return shown[8:], mark.index("^") - 8

    assert caret("a: b", 4) == ("a: b", 3)
    assert caret("\t日本: b", 6) == (" 日本: b", 7)
    shown, at = caret("x" * 400 + "!" + "y" * 400, 401)
    assert shown[at] == "!"
    assert len(shown) <= 110


def test_a_place_outside_the_file_has_no_excerpt() -> None:
    problem = Problem(code="x", message="m", where=Where(file="f", line=7, column=1))
    assert problems_text([problem], {"f": "a\n"}) == "f:7:1: error x m\n\n1 error\n"


def test_documents_cannot_write_to_the_terminal() -> None:
    evil = "\x1b]0;owned\x07\x1b[2J\u202e\u0085"
    problem = Problem(
        code="x", message=f"m {evil}", hint=evil, where=Where(file=f"f{evil}", line=1, column=1)
    )
    text = problems_text([problem], {f"f{evil}": evil}, colour=False)
    assert not set(text) & {"\x1b", "\x07", "\u202e", "\u0085"}


def test_the_line_of_a_secret_is_not_shown() -> None:
    for code in ("secret", "AL704"):
        problem = Problem(code=code, message="m", where=Where(file="f", line=1, column=1))
        assert "hunter2" not in problems_text([problem], {"f": "prometheus: https://me:hunter2@p"})


def test_colours_only_when_asked() -> None:
    assert "\x1b[31merror\x1b[0m" in problems_text([SLA], {}, colour=True)
    assert "\x1b" not in problems_text([SLA], {})


def test_json_is_flat_and_counts() -> None:
    assert json.loads(problems_json([SLA, OWNER])) == {
        "problems": [
            {
                "severity": "warning",
                "code": "AL401",
                "message": "no owner",
                "hint": "",
                "file": "slo.yaml",
                "line": 1,
                "column": 1,
                "path": None,
            },
            {
                "severity": "error",
                "code": "AL205",
                "message": "shop/availability is looser than its SLA",
                "hint": "Make it tighter.",
                "file": "slo.yaml",
                "line": 2,
                "column": 11,
                "path": "spec.slos[0].target",
            },
        ],
        "errors": 1,
        "warnings": 1,
        "infos": 0,
    }


def test_workflow_commands_are_escaped() -> None:
    problem = Problem(
        code="x",
        message="100 % is\r\ntoo much::now",
        where=Where(file="a,b:c.yaml", line=3, column=4),
        severity="info",
    )
    assert problems_github([problem]) == (
        "::notice file=a%2Cb%3Ac.yaml,line=3,col=4,title=x::100 %25 is%0D%0Atoo much::now\n"
    )
    assert problems_github([Problem(code="x", message="m", hint="h")]) == "::error title=x::m%0Ah\n"


def test_sarif_has_what_its_schema_requires() -> None:
    strange = Problem(code="yaml", message="broken", where=Where(file="/ä b/x.yaml", line=1))
    nowhere = Problem(code="yaml", message="broken", severity="info")
    document = json.loads(problems_sarif([SLA, OWNER, strange, nowhere], BY_ID, version="1.2.3"))
    assert document["version"] == "2.1.0"
    (run,) = document["runs"]
    driver = run["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("allowance", "1.2.3")
    assert [rule["id"] for rule in driver["rules"]] == ["AL401", "AL205", "yaml"]
    for rule in driver["rules"]:
        assert rule["help"]["text"]
        assert rule["shortDescription"]["text"]
    assert driver["rules"][1]["fullDescription"]["text"] == BY_ID["AL205"].why
    assert driver["rules"][1]["defaultConfiguration"] == {"level": "error"}
    for result in run["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in {"error", "warning", "note"}
        assert result["message"]["text"]
    assert run["results"][1]["locations"] == [
        {
            "physicalLocation": {
                "artifactLocation": {"uri": "slo.yaml"},
                "region": {"startLine": 2, "startColumn": 11},
            },
            "logicalLocations": [{"fullyQualifiedName": "spec.slos[0].target"}],
        }
    ]
    place = run["results"][2]["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "file:///%C3%A4%20b/x.yaml"},
        "region": {"startLine": 1},
    }
    assert "locations" not in run["results"][3]
