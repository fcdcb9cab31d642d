"""Formats of log lines as rows of pieces: one table for the pattern, for the columns and for what is wrong with a line.

The patterns are anchored and one-pass: at every character there is one way on. With at most four captured groups
RE2, the engine inside DuckDB, then needs no backtracking, which makes it about three times faster. So the SQL captures
only the fields that are asked for, four at a time.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from allowance.signals.dialects import text_literal

Row = dict[str, str | None]

GROUPS = 4
"""So many captures leave RE2's fastest engine in charge."""

QUOTED = r'[^"\\]*(?:\\.[^"\\]*)*'
TOKEN = rf'[^ "]*(?:"{QUOTED}"[^ "]*)*'


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A part of a line: `before`, the field's own `pattern`, `after` (regular expressions without groups).

    `means` names it to people. With `optional` the line may end before it.
    """

    field: str
    pattern: str
    means: str
    before: str = ""
    after: str = ""
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class LineFormat:
    """A format whose lines match one pattern. `also` gives fields further names; `absent` are texts for "nothing"."""

    name: str
    pieces: tuple[Piece, ...]
    rest: str = ""
    also: Mapping[str, str] = field(default_factory=dict)
    absent: tuple[str, ...] = ("", "-")
    one_pass: bool = True

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The raw fields, in the order of the line."""
        return tuple(piece.field for piece in self.pieces)

    def pattern(self, captured: Sequence[str]) -> str:
        """The pattern of a whole line that captures these fields, in the order of the line."""
        parts = ["^"]
        for piece in self.pieces:
            opening = "(" if piece.field in captured else "(?:"
            parts.append("(?:" if piece.optional else "")
            parts.append(f"{piece.before}{opening}{piece.pattern}){piece.after}")
        parts.append(self.rest)
        parts.append(")?" * sum(piece.optional for piece in self.pieces))
        return "".join([*parts, "$"])

    @cached_property
    def _whole(self) -> re.Pattern[str]:
        return re.compile(self.pattern(self.fields))

    def row(self, line: str) -> Row | None:
        """The fields of a line as DuckDB reads them; None where the line does not match."""
        found = self._whole.match(line)
        if found is None or found.end() != len(line):
            return None
        return {
            name: None if value is None or value in self.absent else value
            for name, value in zip(self.fields, found.groups(), strict=True)
        }

    def reason(self, line: str) -> str | None:
        """Why a line does not match, or None if it does."""
        if self.row(line) is not None:
            return None
        position = 0
        for piece in self.pieces:
            found = re.compile(piece.before + f"(?:{piece.pattern})" + piece.after).match(line, position)
            if found is None:
                return _broken(piece, line, position)
            position = found.end()
        return f"what follows character {position} does not belong to a {self.name} line"

    def stages(self, fields: Sequence[str]) -> list[tuple[str, str]]:
        """What to compute once per `line`: (alias, SQL), each a struct of at most four fields."""
        size = GROUPS if self.one_pass else len(self.fields)
        wanted = [name for name in self.fields if name in fields]
        batches = [wanted[at : at + size] for at in range(0, len(wanted), size)]
        return [(f"s{number}", self._extract(batch)) for number, batch in enumerate(batches)]

    def raw(self, name: str, fields: Sequence[str], *, bare: bool = False) -> str:
        """The SQL of a field's text, from the stages of these fields; NULL where the line says nothing.

        `bare` leaves the texts for "nothing" as they are, for a reader that turns them into NULL anyway.
        """
        size = GROUPS if self.one_pass else len(self.fields)
        place = [known for known in self.fields if known in fields].index(name)
        sql = f"s{place // size}.f{self.fields.index(name)}"
        for text in () if bare else self.absent:
            sql = f"NULLIF({sql}, {text_literal(text, 'duckdb')})"
        return sql

    def _extract(self, batch: Sequence[str]) -> str:
        names = ", ".join(f"'f{self.fields.index(name)}'" for name in batch)
        return f"regexp_extract(line, {text_literal(self.pattern(batch), 'duckdb')}, [{names}])"


def _broken(piece: Piece, line: str, position: int) -> str:
    quote = piece.before.endswith('"') and re.compile(piece.before).match(line, position)
    if quote:
        return f"the closing quote of {piece.means} is missing"
    if position >= len(line.rstrip()):
        return f"the line ends before {piece.means}"
    return f"no {piece.means.removeprefix('the ')} at character {position + 1}"


_NGINX_NAMES = {
    "remote_addr": "client", "remote_user": "user", "body_bytes_sent": "bytes", "http_referer": "referer",
    "http_user_agent": "user_agent",
}  # fmt: skip

_VHOST = Piece(field="vhost", pattern="[^ ]+:[0-9]+", after=" ", means="the virtual host and port")
_COMMON = (
    Piece(field="client", pattern="[^ ]+", after=" ", means="the address of the client"),
    Piece(field="identity", pattern="[^ ]+", after=" ", means="the identity"),
    Piece(field="user", pattern=r"[^ \[]+", after=r"(?: [^\[]*)?", means="the user"),
    Piece(field="time_local", before=r"\[", pattern=r"[^\]]+", after=r"\] ", means="the time in brackets"),
    Piece(field="request", before='"', pattern=QUOTED, after='" ', means="the request"),
    Piece(field="status", pattern="[0-9]{3}|-", after=" ", means="the status of three digits"),
    Piece(field="bytes", pattern="[0-9]+|-", means="the size"),
)
_COMBINED = (
    *_COMMON,
    Piece(field="referer", before=' "', pattern=QUOTED, after='"', means="the referer"),
    Piece(field="user_agent", before=' "', pattern=QUOTED, after='"', means="the user agent"),
)


def access_log(*, combined: bool, vhost: bool = False, extras: Sequence[Piece] = ()) -> LineFormat:
    """The common or the combined log format; `extras` are what stands behind its usual fields, if anything does."""
    pieces = (_VHOST,) * vhost + (_COMBINED if combined else _COMMON)
    names = {alias: name for alias, name in _NGINX_NAMES.items() if any(p.field == name for p in pieces)}
    return LineFormat(
        name="combined" if combined else "common",
        pieces=(*pieces, *extras),
        rest=rf"(?: {TOKEN})*",
        also={**names, "host": "vhost" if vhost else "client"},
    )


_TIMER = "[+]?-?[0-9]+"

HAPROXY = LineFormat(
    name="haproxy-http",
    pieces=(
        Piece(field="client_ip", before="(?:.*? )?", pattern="[^ ]+", after=":", means="the client's address and port"),
        Piece(field="client_port", pattern="[0-9]+", after=" ", means="the client's port"),
        Piece(field="accept_date", before=r"\[", pattern=r"[^\]]+", after=r"\] ", means="the time in brackets"),
        Piece(field="frontend", pattern="[^ ]+", after=" ", means="the frontend"),
        Piece(field="backend", pattern="[^ /]+", after="/", means="the backend"),
        Piece(field="server", pattern="[^ ]+", after=" ", means="the server"),
        *(
            Piece(field=name, pattern=_TIMER, after=after, means=f"the timer {name}")
            for name, after in (("TR", "/"), ("Tw", "/"), ("Tc", "/"), ("Tr", "/"), ("Ta", " "))
        ),
        Piece(field="status", pattern="-?[0-9]{1,3}", after=" ", means="the status"),
        Piece(field="bytes", pattern="[+]?[0-9]+", after=" ", means="the size"),
        Piece(field="request_cookie", pattern="[^ ]+", after=" ", means="the captured request cookie"),
        Piece(field="response_cookie", pattern="[^ ]+", after=" ", means="the captured response cookie"),
        Piece(field="termination_state", pattern="[^ ]{4}", after=" ", means="the termination state"),
        Piece(field="connections", pattern="[0-9]+/[0-9]+/[0-9]+/[0-9]+", after="/", means="the connection counts"),
        Piece(field="retries", pattern="[+]?[0-9]+", after=" ", means="the retries"),
        Piece(field="queues", pattern="[0-9]+/[0-9]+", after=" ", means="the queue sizes"),
        Piece(field="headers", pattern=r"(?:\{[^}]*\} ){0,2}", means="the captured headers"),
        # A line that is cut off at the length limit loses its closing quote; it was a request all the same.
        Piece(field="request", before='"', pattern='[^"]*', after='(?:" .*|")?', means="the request"),
    ),
    absent=("",),
    one_pass=False,
)  # fmt: skip
