"""A predicate is one expression out of a list of words, and nothing in it can break out."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.core.problem import Problem, ProblemError, Where
from allowance.signals.dialects import DIALECTS, identifier, text_literal
from allowance.signals.predicate import LONGEST, check_column, check_columns, match_column, parse_predicate
from allowance.signals.predicate_words import FUNCTION_NAMES
from tests.signals.event_samples import PREDICATES


def refused(text: str) -> Problem:
    with pytest.raises(ProblemError) as caught:
        parse_predicate(text, where=Where(file="slo.yaml", line=7))
    (problem,) = caught.value.problems
    assert problem.code == "predicate"
    assert problem.where == Where(file="slo.yaml", line=7)
    return problem


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SELECT 1", "a statement (SELECT)"),
        ("DROP TABLE events", "a statement (DROP)"),
        ("status IN (SELECT status FROM events)", "a subquery"),
        ("EXISTS (SELECT 1)", "a subquery"),
        ("status = (SELECT max(status) FROM events)", "a subquery"),
        ("count(*) > 1", "the aggregate count"),
        ("sum(bytes) > 1", "the aggregate sum"),
        ("row_number() OVER () = 1", "a window function"),
        ("lowr(path) = 'a'", "the function lowr (did you mean lower?)"),
        ("getenv('HOME') = 'a'", "the function getenv"),
        ("read_csv('/etc/passwd')", "the function read_csv"),
        ("read_text('/etc/passwd') = ''", "the function read_text"),
        ("current_setting('x') = 'a'", "the function current_setting"),
        ("now() > ts", "the function now"),
        ("random() < 1", "the function"),
        ("path || 'a' = 'b'", "is not allowed"),
        ("status < 500; DROP TABLE events", "a semicolon"),
        ("status < 500 -- all", "a comment"),
        ("status /* x */ < 500", "a comment"),
        ("status = ?", "a parameter"),
        ("status = $1", "a parameter"),
        ("status = :limit", "a parameter"),
        ("*", "* is not allowed"),
        ("events.* = 1", "is not allowed"),
        ("list_filter(tags, t -> t = 'a')", "is not allowed"),
        ("tags[1] = 'a'", "a list or structure ([)"),
        ("[1, 2] = tags", "a list or structure ([)"),
        ("{'a': 1} = tags", "a list or structure ({)"),
        ("(1, 2) = (1, 2)", "'tuple'"),
        ("http.status = 500", "the dotted name http.status"),
        ("status // 100 = 2", "'int div'"),
        ("bytes > 1e5", "the number 1e5"),
        ("path = E'a\\n'", "is not allowed"),
        ("path SIMILAR TO 'a'", "'similar to'"),
        ("status IS DISTINCT FROM 5", "is not allowed"),
        ("status BETWEEN SYMMETRIC 5 AND 1", "in this form"),
        ("status = NULL", "a comparison with NULL is never true"),
        ("status IN (1, NULL)", "a comparison with NULL is never true"),
        ("NULL", "a comparison with NULL is never true"),
        ("status", ""),
        ("status + 1", "the predicate must be true or false"),
        ("'yes'", "the predicate must be true or false"),
        ("NOT 1", "what NOT turns must be true or false"),
        ("cached AND length(path)", "what AND joins must be true or false"),
        ("CASE WHEN 1 THEN TRUE END", "what WHEN asks must be true or false"),
        ("path LIKE other", "the pattern of LIKE must be a text in quotes"),
        ("path LIKE 'a' ESCAPE 'xy'", "ESCAPE takes one character"),
        ("path LIKE 'a!' ESCAPE '!'", "ends in its escape character"),
        ("regexp_matches(path, other)", "a regular expression must be a text in quotes"),
        ("regexp_matches(path, 'a', 'i')", "in this form"),
        ("round(bytes, 2) = 1", "round takes one argument"),
        ("substr(path, -1) = 'a'", "the start of substr"),
        ("substr(path, status) = 'a'", "the start of substr"),
        ("CAST(path AS INTEGER[]) IS NULL", "a list or structure ([)"),
        ("CAST(path AS JSON) IS NULL", "a cast to JSON"),
        ("CAST(path AS DECIMAL(99, 3)) > 1", "a cast to DECIMAL(99, 3)"),
        ("if(cached, 1, 2) = 1", "is not allowed"),
        ("", "the predicate is empty"),
        ("  ", "the predicate is empty"),
        ("status <", "cannot be read"),
        ("status < 500 good", "cannot be read"),
        ("status < 500, TRUE", "cannot be read"),
        ("path = 'a", "cannot be read"),
        ('"" = 1', "is not allowed"),
        ("path = 'a\0'", "NUL"),
        ("path = '\ud800'", "not text"),
        ("a" * (LONGEST + 1), "above 4 KiB"),
    ],
)
def test_what_is_not_allowed_is_named(text: str, words: str) -> None:
    if text == "status":
        assert parse_predicate(text).columns == {"status"}
        return
    problem = refused(text)
    assert words in problem.message
    assert problem.hint


@pytest.mark.parametrize(
    "text",
    [
        "(" * 1000 + "a" + ")" * 1000,
        "(" * 2000,
        "NOT " * 1000 + "a",
        "- " * 1500 + "a = 1",
        "a" + " + a" * 900 + " = 1",
        "a" + "::INTEGER" * 400 + " = 1",
        "CASE WHEN " * 400,
        "coalesce(" * 400 + "a" + ")" * 400,
        "[" * 2000,
        "a" + " = a" * 900,
        "a IN (" * 600,
        "a BETWEEN " * 400,
        "a" + "[1]" * 1200,
        "EXISTS(" * 500,
        "x -> " * 800,
        "a NOT " * 600,
        "INTERVAL " * 400,
        "{'a':" * 600,
    ],
)
def test_deep_texts_are_refused_and_never_overflow(text: str) -> None:
    assert refused(text).message


def test_ten_thousand_parentheses_are_a_problem() -> None:
    assert "above 4 KiB" in refused("(" * 10_000 + "a" + ")" * 10_000).message


def test_long_chains_and_lists_are_fine() -> None:
    chain = " OR ".join(f"a = {n}" for n in range(300))
    assert parse_predicate(chain).sql("duckdb").count(" OR ") == 299
    assert parse_predicate(f"a IN ({', '.join(map(str, range(800)))})").columns == {"a"}


@given(st.text(max_size=60))
def test_any_text_is_a_predicate_or_a_problem(text: str) -> None:
    try:
        parse_predicate(text)
    except ProblemError as error:
        codes = {problem.code for problem in error.problems}
    else:
        codes = {"predicate"}
    assert codes == {"predicate"}


WORDS = re.findall(
    r"\S+",
    "a b status \"odd\" 'x' 1 0.5 ( ) , = < > <> AND OR NOT IN BETWEEN LIKE ILIKE IS NULL TRUE CASE WHEN THEN ELSE "
    "END CAST AS INTEGER :: + - * / % . ~ [ ] { } -> ; ? $1 :p SELECT FROM OVER lower( coalesce( count( regexp_matches( "
    "substr( ESCAPE INTERVAL DATE EXISTS ALL ANY DISTINCT @ ! || // ^ ** E'a' $$ -- /* */ FILTER WITHIN TRY_CAST( "
    "year( if( struct( map x'41' b'1' COLLATE AT TIME ZONE UNNEST( VALUES ROW( GROUPING SETS",
)


@given(st.lists(st.sampled_from(WORDS), max_size=14))
def test_any_words_of_sql_are_a_predicate_or_a_problem(words: list[str]) -> None:
    try:
        predicate = parse_predicate(" ".join(words))
    except ProblemError:
        return
    for dialect in DIALECTS:
        assert predicate.sql(dialect)


def test_columns_are_those_that_are_read() -> None:
    predicate = parse_predicate('lower("user-agent") = \'x\' AND Status < 500 OR "1xx" IS NULL')
    assert predicate.columns == {"user-agent", "Status", "1xx"}


def test_columns_match_exactly_first_and_else_by_the_only_one_that_differs_in_case() -> None:
    assert match_column("status", ["Status", "status"]) == "status"
    assert match_column("STATUS", ["Status", "path"]) == "Status"
    assert match_column("STATUS", ["Status", "status"]) is None
    assert match_column("state", ["Status"]) is None


def test_a_missing_column_names_the_nearest_and_all() -> None:
    with pytest.raises(ProblemError) as caught:
        check_columns(parse_predicate("statsu < 500 AND path = 'a'"), ["status", "path", "bytes"])
    (problem,) = caught.value.problems
    assert problem.code == "column"
    assert problem.message == "there is no column 'statsu'"
    assert problem.hint == "did you mean status? columns: bytes, path, status"
    with pytest.raises(ProblemError, match="and 10 more"):
        check_column("zzz", [f"c{n:02}" for n in range(40)])
    with pytest.raises(ProblemError, match="no columns"):
        check_column("zzz", [])
    assert check_column("PATH", ["path"]) == "path"


def test_a_column_is_written_as_the_source_says() -> None:
    predicate = parse_predicate("status < 500 AND path NOT LIKE '/x%'")
    sql = predicate.sql("duckdb", lambda name: f'TRY_CAST("{name}" AS BIGINT)')
    assert sql == """TRY_CAST("status" AS BIGINT) < 500 AND TRY_CAST("path" AS BIGINT) NOT LIKE '/x%'"""


def test_a_predicate_reads_its_own_sql() -> None:
    """Where it is written in words that predicates offer, which DuckDB's mostly are."""
    read = 0
    for text in PREDICATES:
        predicate = parse_predicate(text)
        once = predicate.sql("duckdb")
        if " / " not in text and "EXTRACT" not in once and 'FLOOR("duration_ms" + 0.5)' not in once:
            again = parse_predicate(once)
            assert (again.columns, again.sql("duckdb")) == (predicate.columns, once)
            read += 1
    assert read > len(PREDICATES) - 6


@given(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30))
def test_no_text_and_no_name_breaks_out(text: str) -> None:
    quoted = text.replace("'", "''")
    predicate = parse_predicate(f"x = '{quoted}'")
    with duckdb.connect() as connection:
        query = f"SELECT {predicate.sql('duckdb')} FROM (SELECT ?::VARCHAR AS x)"
        assert connection.execute(query, [text]).fetchall() == [(True,)]
        if text:
            named = parse_predicate('"' + text.replace('"', '""') + '" = 1')
            assert named.columns == {text}
            name = identifier(text, "duckdb")
            query = f"SELECT {named.sql('duckdb')} FROM (SELECT 1 AS {name})"
            assert connection.execute(query).fetchall() == [(True,)]


@pytest.mark.parametrize("dialect", DIALECTS)
@given(text=st.text("'\"`\\\n\r%_;-a", max_size=12))
def test_quotes_end_where_they_began(dialect: str, text: str) -> None:
    """By each engine's own rule: doubled quotes, or a backslash that takes the next character."""
    for written, mark in (
        (text_literal(text, dialect), "'"),  # type: ignore[arg-type]
        (identifier(text, dialect), None),  # type: ignore[arg-type]
    ):
        quote = mark or written[0]
        backslashes = dialect in ("clickhouse", "bigquery") or (
            mark == "'" and dialect in ("spark", "snowflake")
        )
        assert written[0] == written[-1] == quote
        assert _inside(written[1:-1], quote, backslashes) == text


def _inside(body: str, quote: str, backslashes: bool) -> str:
    plain, position = [], 0
    while position < len(body):
        char = body[position]
        if backslashes and char == "\\":
            position += 1
            plain.append({"n": "\n", "r": "\r"}.get(body[position], body[position]))
        elif char == quote:
            assert not backslashes, "a bare quote ends the text"
            position += 1
            assert body[position] == quote, "a single quote ends the text"
            plain.append(quote)
        else:
            plain.append(char)
        position += 1
    return "".join(plain)


@pytest.mark.parametrize(
    "pattern",
    [
        "(?i)a", "(?=a)", "(?<!a)", "a*?", "a++", "\\bword", "(a)\\1", "[[:alpha:]]", "\\p{L}", "[a&&b]", "*a", "a{300}",
        "(", "[a", "a{", "}", "\\", "^*", "a**", "[a[b]]", "\\Aa", "a{2}{3}", "(?P<n>a)", "[\\D]", "\\x41", "[a--b]",
    ],
)  # fmt: skip
def test_regular_expressions_that_engines_read_differently_are_refused(pattern: str) -> None:
    assert "the regular expression" in refused(f"regexp_matches(path, '{pattern}')").message


def test_the_documentation_names_every_function() -> None:
    text = (Path(__file__).parents[2] / "docs" / "predicates.md").read_text()
    assert [name for name in FUNCTION_NAMES if f"`{name}" not in text] == []
