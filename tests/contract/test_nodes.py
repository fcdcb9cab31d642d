"""Documents as nodes: values by YAML 1.2, places, and limits."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from allowance.contract.nodes import (
    MOST_DEPTH,
    MOST_NODES,
    MOST_TEXT,
    ListNode,
    MapNode,
    Node,
    ScalarNode,
    at,
    load_documents,
    plain,
)
from allowance.contract.yaml_events import MOST_BYTES
from allowance.core.problem import Problem, ProblemError, Where


def one(text: str) -> Node:
    (node,) = load_documents(text.encode(), file="slo.yaml")
    return node


def value(text: str) -> object:
    return plain(one(text))


def refused(data: bytes | str) -> Problem:
    with pytest.raises(ProblemError) as caught:
        load_documents(data.encode() if isinstance(data, str) else data, file="slo.yaml")
    (problem,) = caught.value.problems
    assert problem.where.file == "slo.yaml"
    return problem


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("FALSE", False),
        ("no", "no"),
        ("on", "on"),
        ("yes", "yes"),
        ("12", 12),
        ("012", 12),
        ("+12", 12),
        ("-0", 0),
        ("0o14", 12),
        ("0xC", 12),
        ("-0xC", "-0xC"),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("99.95", Decimal("99.95")),
        ("0.1", Decimal("0.1")),
        (".5", Decimal("0.5")),
        ("5.", Decimal("5")),
        ("1e3", Decimal("1000")),
        (".inf", ".inf"),
        ("-.Inf", "-.Inf"),
        (".nan", ".nan"),
        ("2022-01-01", "2022-01-01"),
        ("2022-01-01 12:00:00", "2022-01-01 12:00:00"),
        ("30d", "30d"),
        ("99.9%", "99.9%"),
        ("١٢", "١٢"),
        ('"12"', "12"),
        ("'true'", "true"),
        ('""', ""),
        ("|\n  12", "12"),
        ("!!str 12", "12"),
        ("! 12", "12"),
        ("!!int 12", 12),
        ("!!float 12", Decimal(12)),
        ("!!bool true", True),
        ("!!null ''", None),
    ],
)
def test_scalars_follow_the_core_schema(text: str, expected: object) -> None:
    read = plain(one(f"key: {text}"))
    assert isinstance(read, dict)
    assert (read["key"], type(read["key"])) == (expected, type(expected))


def test_a_scalar_keeps_what_was_written() -> None:
    node = one("012")
    assert node == ScalarNode(
        where=Where(file="slo.yaml", line=1, column=1), value=12, text="012", quoted=False
    )
    quoted = one("'012'")
    assert isinstance(quoted, ScalarNode)
    assert (quoted.value, quoted.text, quoted.quoted) == ("012", "012", True)


def test_places_are_where_an_editor_shows_them() -> None:
    node = one("spec:\r\n  objectives:\r\n    - target: 99.9\r\n      ü: {a: é, b: 1}\r\n")
    assert isinstance(node, MapNode)
    assert node.keys["spec"] == Where(file="slo.yaml", line=1, column=1)
    path = ("spec", "objectives", 0, "target")
    assert at(node, path) == Where(file="slo.yaml", line=3, column=15, path="spec.objectives.0.target")
    assert at(node, ("spec", "objectives", 0, "ü", "b")).column == 20


def test_a_path_that_leads_nowhere_ends_at_its_deepest_part() -> None:
    node = one("spec:\n  objectives:\n    - target: 99.9\n")
    place = at(node, ("spec", "objectives", 7, "target"))
    assert (place.line, place.column, place.path) == (3, 5, "spec.objectives.7.target")
    assert at(node, ()) == Where(file="slo.yaml", line=1, column=1)


def test_files_hold_none_one_or_several_documents() -> None:
    assert load_documents(b"", file="f") == ()
    assert load_documents(b"# only a comment\n", file="f") == ()
    assert [plain(node) for node in load_documents(b"a: 1\n---\n---\n- b\n", file="f")] == [
        {"a": 1},
        None,
        ["b"],
    ]


def test_json_is_read_as_it_is() -> None:
    text = '{\n\t"target": 0.999,\n\t"labels": {"a/b": "x\\u00e9\\/"},\n\t"list": [1, null, true, "no"]\n}'
    assert value(text) == {
        "target": Decimal("0.999"),
        "labels": {"a/b": "xé/"},
        "list": [1, None, True, "no"],
    }


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
def test_encodings_with_a_byte_order_mark_are_read(encoding: str) -> None:
    nodes = load_documents("name: Zürich 🚀".encode(encoding), file="f")
    assert [plain(node) for node in nodes] == [{"name": "Zürich 🚀"}]


def test_keys_are_text() -> None:
    assert value("1: a\ntrue: b\n1.50: c\n'': d\n") == {"1": "a", "true": "b", "1.50": "c", "": "d"}


def test_aliases_and_merges() -> None:
    text = "base: &b {owner: shop, tier: 1}\none: *b\ntwo:\n  tier: 2\n  <<: *b\nthree:\n  <<: [*b, {tier: 3, x: y}]\n"
    assert value(text) == {
        "base": {"owner": "shop", "tier": 1},
        "one": {"owner": "shop", "tier": 1},
        "two": {"tier": 2, "owner": "shop"},
        "three": {"owner": "shop", "tier": 1, "x": "y"},
    }
    assert value("'<<': 1") == {"<<": 1}
    assert at(one(text), ("two", "owner")).line == 1


@pytest.mark.parametrize(
    ("text", "code", "line", "column"),
    [
        ("a: 1\nb: 2\na: 3\n", "yaml-duplicate", 3, 1),
        ("{a: 1, 'a': 2}", "yaml-duplicate", 1, 8),
        ("<<: {a: 1}\n<<: {b: 1}\n", "yaml-duplicate", 2, 1),
        ("? [a]\n: b\n", "yaml-key", 1, 3),
        ("? {a: b}\n: b\n", "yaml-key", 1, 3),
        ("a: &a [x]\n*a : 1\n", "yaml-key", 2, 1),
        ("{\n?\n}", "yaml-key", 3, 1),
        ("<<: text", "yaml-merge", 1, 1),
        ("a: *nowhere", "yaml-alias", 1, 4),
        ("a: &a [*a]", "yaml-alias", 1, 8),
        ("a: &x 1\n---\nb: *x\n", "yaml-alias", 3, 4),
        ("a: !!python/object/apply:os.system ['id']", "yaml-tag", 1, 4),
        ("a: !foo bar", "yaml-tag", 1, 4),
        ("a: !!binary aGk=", "yaml-tag", 1, 4),
        ("a: !!timestamp 2022-01-01", "yaml-tag", 1, 4),
        ("a: !!map text", "yaml-tag", 1, 4),
        ("a: !!str [b]", "yaml-tag", 1, 4),
        ("a: !!int b", "yaml-tag", 1, 4),
        ("a: !!bool 1", "yaml-tag", 1, 4),
        ("a: 1e400", "yaml-number", 1, 4),
        ("a: 1e99999999999999999999", "yaml-number", 1, 4),
        ("a: " + "9" * 5000, "yaml-number", 1, 4),
        ("a: 0x" + "f" * 5000, "yaml-number", 1, 4),
        ("a:\n\t- b\n", "yaml", 2, 1),
        ("a: [b\n", "yaml", 2, 1),
        ("a: b: c\n", "yaml", 1, 5),
        ("[a, b]#c", "yaml", 1, 7),
        ("[?a]", "yaml", 1, 2),
        ("[-]", "yaml", 1, 2),
        ("%YAML 2.0\n---\na", "yaml", 1, 1),
        ("a: b\n\0", "yaml-encoding", 2, 1),
        ("a: \x07", "yaml-encoding", 1, 4),
        ("a: \ufeff", "yaml-encoding", 1, 4),
    ],
)
def test_faults_are_refused_with_their_place(text: str, code: str, line: int, column: int) -> None:
    problem = refused(text)
    assert (problem.code, problem.where.line, problem.where.column) == (code, line, column)
    assert problem.hint


def test_a_duplicate_key_names_both_places() -> None:
    problem = refused("a:\n  target: 99\n  other: 1\n  target: 99.9\n")
    assert "line 2, column 3" in problem.message
    assert (problem.where.line, problem.where.column) == (4, 3)


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [
        (b"a: \xff\xfe", 1, 4),
        (b"a: b\r\nc: \xc3", 2, 4),
        (b"\xff\xfea\x00:", 1, 2),
        (b"\xff\xfe\x00\x00a", 1, 1),
    ],
)
def test_broken_encodings_are_refused(data: bytes, line: int, column: int) -> None:
    problem = refused(data)
    assert (problem.code, problem.where.line, problem.where.column) == ("yaml-encoding", line, column)


def laughs(levels: int, width: int) -> str:
    lines = ["a0: &a0 lol"]
    for level in range(1, levels + 1):
        lines.append(f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * width)}]")
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[" * 100_000 + "]" * 100_000, id="100,000 nested lists"),
        pytest.param("[" * 1_000_000, id="a megabyte of brackets"),
        pytest.param("{a: " * 100_000, id="nested maps"),
        pytest.param("- " * 100_000 + "a", id="nested dashes"),
        pytest.param("".join(f"{' ' * n}a:\n" for n in range(200)), id="a staircase"),
        pytest.param(laughs(levels=9, width=9), id="a billion laughs"),
        pytest.param(
            "\n".join(["a0: &a0 []", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 100))]), id="deep aliases"
        ),
        pytest.param("[" + "a," * (MOST_NODES + 1) + "]", id="too many values"),
        pytest.param("---\n" * (MOST_NODES + 1), id="too many documents"),
        pytest.param("a: " + "x" * (MOST_TEXT + 1), id="a long text"),
        pytest.param("x" * (MOST_BYTES + 1), id="a large file"),
        pytest.param("".join(f"%TAG !a{n}! x\n" for n in range(100)) + "--- a", id="many directives"),
    ],
)
def test_what_grows_without_end_is_refused(text: str) -> None:
    assert refused(text).code == "yaml-limit"


def test_within_the_limits_everything_is_read() -> None:
    keys = "".join(f"key{n}: {n}\n" for n in range(10_000))
    read = value(keys)
    assert isinstance(read, dict)
    assert len(read) == 10_000
    nested = "[" * MOST_DEPTH + "]" * MOST_DEPTH
    assert isinstance(one(nested), ListNode)
    assert len(str(value(laughs(levels=4, width=9)))) > 9**4


FRAGMENTS = [
    *(
        "a",
        "1",
        "~",
        "1e9",
        "0x",
        ".",
        "+",
        "@",
        "`",
        "%",
        "\\",
        "é",
        "\u2028",
        "\ufeff",
        "#",
        " # ",
        "\n",
        "\n  ",
    ),
    *(
        "-",
        "- ",
        ": ",
        ":",
        "? ",
        " ",
        "\t",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&x ",
        "*x",
        "*x ",
        "!",
        "!!str ",
        "!!map ",
    ),
    *("|\n", ">-\n", '"', "'", "<<: ", "---\n", "...\n", "%YAML 1.2\n", "%TAG ! tag:x,1:\n"),
]


@given(st.binary(max_size=300))
@example(b"\xff\xfe")
@example(b"&a: *a : ? !!str")
def test_any_bytes_are_nodes_or_one_problem(data: bytes) -> None:
    check(data)


@given(
    st.lists(
        st.sampled_from(FRAGMENTS),
        max_size=40,
    ).map("".join)
)
def test_any_text_out_of_yaml_marks_is_nodes_or_one_problem(text: str) -> None:
    check(text.encode())


def check(data: bytes) -> None:
    try:
        nodes = load_documents(data, file="slo.yaml")
    except ProblemError as error:
        (problem,) = error.problems
        assert problem.message
        assert problem.hint
        assert problem.where.line is not None
        assert "\n" not in problem.message
    else:
        for node in nodes:
            plain(node)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers(-(10**50), 10**50) | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=20,
    ).map(lambda data: {"data": data})
)
@example({"emoji": "\U0001f680", "\\\U0001f680": "\\ud83d"})
def test_every_json_document_is_read_equal(data: object) -> None:
    text = json.dumps(data).replace("\x7f", "\\u007f")  # the one raw control character that JSON may hold
    (node,) = load_documents(text.encode(), file="f")
    assert plain(node) == data
