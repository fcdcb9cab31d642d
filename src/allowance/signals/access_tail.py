"""What follows the usual fields of an access log line: further words, of which one may be the request time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from allowance.core.problem import Problem, Where
from allowance.signals.columns import Hints
from allowance.signals.log_formats import QUOTED, TOKEN, LineFormat, Piece, access_log
from allowance.signals.number_forms import NUMBER, SPOKEN, Unit, unit_by_shape, unit_of

MOST_EXTRAS = 12

_VHOST = re.compile(r"[^ ]+:[0-9]{1,5} [^ ]+ [^ ]+ [^ \[]+(?: [^\[]*)?\[")
_TOKEN = re.compile(TOKEN)
_KEYED = re.compile(r"([A-Za-z_][A-Za-z0-9_.-]*)=(.*)", re.DOTALL)
_IN_QUOTES = re.compile(rf'"{QUOTED}"')
_TIME_KEYS = frozenset(
    {"rt", "requesttime", "request_time", "time", "duration", "dur", "took", "latency", "elapsed"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Extra:
    """A further word: the piece that reads it, its key where it has one, and its values in the sample."""

    piece: Piece
    key: str
    values: tuple[str, ...]

    @property
    def numbers(self) -> tuple[str, ...]:
        return tuple(text for text in self.values if NUMBER.fullmatch(text))

    @property
    def numeric(self) -> bool:
        """Only numbers, or "nothing"; in quotes a bare number is no time, but for example a ratio of compression."""
        bare = bool(self.key) or not self.piece.before.endswith('"')
        return bool(self.numbers) and bare and all(t == "-" or NUMBER.fullmatch(t) for t in self.values)

    @property
    def whole(self) -> bool:
        return all(text.isdigit() for text in self.numbers)


def with_tail(
    lines: Sequence[str], *, combined: bool, unit: Unit | None, name: str
) -> tuple[LineFormat, Hints, list[Problem]]:
    """The format of these lines with what follows their usual fields, and where the request time is."""
    vhost = 2 * sum(_has_vhost(line) for line in lines) > len(lines)
    plain = access_log(combined=combined, vhost=vhost)
    extras = _extras([tail for line in lines if (tail := _tail(plain, line)) is not None])
    shape = access_log(combined=combined, vhost=vhost, extras=[extra.piece for extra in extras])
    notes = []
    time = _time_of(extras)
    if time is None:
        if sum(extra.numeric for extra in extras) == 2:
            notes.append(_two_sizes(name))
        return shape, Hints(also=shape.also), notes
    found = unit or unit_of(time.key) or unit_by_shape("", time.numbers) or "s"
    if unit is None and unit_of(time.key) is None and time.whole:
        notes.append(_guessed(name, found))
    field = time.piece.field
    also = {**shape.also, "request_time": field}
    shape = replace(shape, name=f"{shape.name}+time", also=also)
    return shape, Hints(also=also, units={field: found}, duration=field), notes


def _has_vhost(line: str) -> bool:
    """A host and port before the client's address: one word more before the time than usual."""
    return bool(_VHOST.match(line)) and len(line.partition("[")[0].split()) >= 4


def _tail(plain: LineFormat, line: str) -> list[str] | None:
    """The further words of a line; None where the line does not match."""
    usual = re.match(plain.pattern(()).removesuffix("$").removesuffix(plain.rest), line)
    if usual is None or plain.row(line) is None:
        return None
    words, position = [], usual.end()
    while position < len(line):
        word = _TOKEN.match(line, position + 1)
        if word is None:
            return None
        words.append(word.group())
        position = word.end()
    return words if not words or words[-1] else words[:-1]


def _extras(tails: Sequence[Sequence[str]]) -> list[_Extra]:
    """As many further words as most lines have."""
    if not tails:
        return []
    count = min(Counter(len(tail) for tail in tails).most_common(1)[0][0], MOST_EXTRAS)
    found: list[_Extra] = []
    for at in range(count):
        extra = _extra(at + 1, [tail[at] for tail in tails if len(tail) > at])
        if any(extra.piece.field == other.piece.field for other in found):
            extra = replace(extra, piece=replace(extra.piece, field=f"extra_{at + 1}"))
        found.append(extra)
    return found


def _extra(number: int, texts: Sequence[str]) -> _Extra:
    keys = {match.group(1) if (match := _KEYED.fullmatch(text)) else "" for text in texts}
    key = keys.pop() if len(keys) == 1 else ""
    before, pattern, after = " ", TOKEN, ""
    if key:
        before = f" {re.escape(key)}="
        texts = [text[len(key) + 1 :] for text in texts]
    if all(_IN_QUOTES.fullmatch(text) for text in texts):
        before, pattern, after = before + '"', QUOTED, '"'
        texts = [text[1:-1] for text in texts]
    field = key or f"extra_{number}"
    piece = Piece(field=field, before=before, pattern=pattern, after=after, means=field, optional=True)
    return _Extra(piece=piece, key=key, values=tuple(texts))


def _time_of(extras: Sequence[_Extra]) -> _Extra | None:
    """The request time: a number whose key says so, else the first number without a key."""
    numeric = [extra for extra in extras if extra.numeric]
    keyed = [extra for extra in numeric if extra.key.lower() in _TIME_KEYS]
    bare = [extra for extra in numeric if not extra.key]
    if keyed:
        return keyed[0]
    if len(bare) == 2 and bare[0].whole and bare[1].whole:
        # Bytes received and sent (combinedio) look the same as two times, unless the second is the first in seconds.
        pairs = zip(bare[0].numbers, bare[1].numbers, strict=False)
        if not all(int(first) // 10**6 == int(second) for first, second in pairs):
            return None
    return bare[0] if bare else None


def _two_sizes(name: str) -> Problem:
    return Problem(
        code="unit",
        message="two whole numbers end each line; they are read as bytes received and sent, not as a time",
        hint="put the request time alone behind the user agent if one of them is it",
        where=Where(file=name),
        severity="info",
    )


def _guessed(name: str, unit: Unit) -> Problem:
    return Problem(
        code="unit",
        message=f"the whole number that ends each line is read as {SPOKEN[unit]}",
        hint="say --format combined+time:ms (or :us, :s) if that is wrong",
        where=Where(file=name),
        severity="info",
    )
