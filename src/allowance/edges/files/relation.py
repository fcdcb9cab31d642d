"""The events of a file as a relation of the engine: `us` (microseconds since 1970, NULL if malformed) and picked columns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from allowance.signals.columns import READ, TEXTS, Column, Kind
from allowance.signals.counted import Counted
from allowance.signals.dialects import text_literal
from allowance.signals.recognise import Recognised, Shape
from allowance.signals.time_forms import EARLIEST, LATEST, micros_sql


@dataclass(frozen=True, slots=True, kw_only=True)
class Pick:
    """A column in one of its readings, under a plain alias (names of columns may differ by case only)."""

    alias: str
    column: Column
    kind: Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a relation shall hold besides `us`: picks, and for tables of counts `good` and `total`."""

    picks: tuple[Pick, ...] = ()
    counted: Counted | None = None
    needed: tuple[str, ...] = ()
    """Aliases that make a row malformed where they are NULL or below zero."""
    status: str | None = None
    """The alias of the status, where -1 means that no response was sent."""
    sound: bool = False
    """Every time is known to be there and to lie within bounds."""
    row_number: bool = False
    """Of a table: `n`, the number of its row from 0, and `raw_time` as well."""


def text_relation(
    found: Recognised, shape: Shape, wanted: Wanted, *, zone: str, record: str = "\n", numbered: bool = False
) -> str:
    """SELECT over the text in `$1`, whose lines are joined by `record`; blank lines are none. `numbered`: `n` from 1."""
    fields = {found.time.field, *(pick.column.field for pick in wanted.picks)}
    if wanted.counted is not None:
        fields.update(wanted.counted.fields)
    used = [name for name in shape.fields if name in fields]
    text = f"string_split($1, {_character(record)})"
    lines = f"SELECT unnest({text}) AS line"
    if numbered:
        lines = f"SELECT unnest(l) AS line, generate_subscripts(l, 1) AS n FROM (SELECT {text} AS l)"
    stages = "".join(f", {sql} AS {alias}" for alias, sql in shape.stages(used))
    # Every printable first character is at or above "!": that spares the slow trim of nearly every line.
    parsed = f"SELECT *{stages} FROM ({lines}) WHERE line >= '!' OR trim(line) <> ''"

    def raw(name: str, kind: Kind | None) -> str:
        return shape.raw(name, used, bare=kind not in TEXTS)

    return _typed(raw, found, wanted, zone, parsed, "n, " if numbered else "")


def table_relation(found: Recognised, wanted: Wanted, *, zone: str, table: str, raw: dict[str, str]) -> str:
    """SELECT over a table that has typed columns already; `raw` is the SQL of each field."""
    first = ""
    if wanted.row_number:
        first, raw_time = "n, raw_time, ", raw[found.time.field]
        table = f"(SELECT *, file_row_number AS n, {raw_time} AS raw_time FROM {table})"
    return _typed(lambda name, _: raw[name], found, wanted, zone, f"SELECT * FROM {table}", first)


Raw = Callable[[str, Kind | None], str]
"""The SQL of a raw field, for a reading of it; None stands for the time and for counts."""


def _typed(raw: Raw, found: Recognised, wanted: Wanted, zone: str, relation: str, first: str) -> str:
    moment = micros_sql(raw(found.time.field, None), found.time.form, zone)
    columns = [
        f"{READ[pick.kind](raw(pick.column.field, pick.kind))} AS {pick.alias}" for pick in wanted.picks
    ]
    sound = [f"moment >= {EARLIEST * 10**6}", f"moment < {LATEST * 10**6}"]
    sound += [f"{alias} >= 0" for alias in wanted.needed]
    if wanted.counted is not None:
        good, total = _counts(wanted.counted, raw)
        columns += [f"{good} AS good", f"{total} AS total"]
        sound.append("good BETWEEN 0 AND total")
    selected = "".join(f", {column}" for column in columns)
    kept = "".join(f", {pick.alias}" for pick in wanted.picks)
    kept += ", good, total" if wanted.counted is not None else ""
    inner = f"SELECT {first}{moment} AS moment{selected} FROM ({relation})"
    if wanted.sound:
        return f"SELECT {first}moment AS us{kept} FROM ({inner})"
    return f"SELECT {first}CASE WHEN {' AND '.join(sound)} THEN moment END AS us{kept} FROM ({inner})"


def _counts(counted: Counted, raw: Raw) -> tuple[str, str]:
    def whole(name: str) -> str:
        # A count of 12.5 is a mistake of the writer; a cast to a whole number would round it.
        exact = f"TRY_CAST({raw(name, None)} AS DECIMAL(38, 6))"
        return f"CASE WHEN {exact} % 1 = 0 THEN TRY_CAST({exact} AS BIGINT) END"

    if counted.good is not None and counted.total is not None:
        return whole(counted.good), whole(counted.total)
    if counted.bad is not None and counted.total is not None:
        return f"{whole(counted.total)} - {whole(counted.bad)}", whole(counted.total)
    good, bad = (whole(name) for name in counted.fields)
    # A bad count below zero must not pass as one more good event.
    return good, f"{good} + CASE WHEN {bad} >= 0 THEN {bad} END"


def _character(text: str) -> str:
    return f"chr({ord(text)})" if len(text) == 1 and text < " " else text_literal(text, "duckdb")
