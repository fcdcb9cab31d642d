"""YAML bytes to events: decoded, bounded, and with errors that say where."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from allowance.core.problem import ProblemError, Where, refuse

MOST_BYTES = 4 * 1024 * 1024
MOST_TAG_DIRECTIVES = 16
"""The parser compares every %TAG directive with every other, so their number must stay small."""


def decode(data: bytes, file: str) -> str:
    """The text of a file: UTF-8, or what its byte order mark says.

    Errors: `Problem` `yaml-limit` (too large), `yaml-encoding` (undecodable, or a control character).
    """
    if len(data) > MOST_BYTES:
        raise refuse(
            "yaml-limit",
            f"the file has {len(data)} bytes, more than {MOST_BYTES}",
            hint="split it into several files",
            where=Where(file=file),
        )
    text = _decoded(data, file)
    bad = _FORBIDDEN.search(text)
    if bad:
        raise refuse(
            "yaml-encoding",
            f"the control character U+{ord(bad.group()):04X} is not allowed",
            hint='remove it, or write it as an escape inside double quotes, such as "\\0"',
            where=_place(text, bad.start(), file),
        )
    directives = [match.start() for match in _TAG_DIRECTIVE.finditer(text)]
    if len(directives) > MOST_TAG_DIRECTIVES:
        raise refuse(
            "yaml-limit",
            f"the file has more than {MOST_TAG_DIRECTIVES} %TAG directives",
            hint="remove them; own tags are not read",
            where=_place(text, directives[MOST_TAG_DIRECTIVES], file),
        )
    if "\\ud" in text.lower() and text.lstrip()[:1] in ("{", "["):
        text = _PAIR.sub(_joined, text)
    return f"{text}\n" if text.endswith((" ", "\t")) else text


def lenient_text(data: bytes) -> str:
    """The text of a file for showing its lines, whatever is wrong with it."""
    mark, encoding = _mark(data)
    return data[len(mark) :].decode(encoding, "replace")


def events(text: str, file: str) -> Iterator[yaml.Event]:
    """Events one by one, so that the caller can stop the parser before depth or size hurt it.

    Errors: `Problem` `yaml` with the place where the syntax breaks.
    """
    loader = yaml.CSafeLoader(text.encode())
    strict = _Strict(text, file)
    try:
        while (event := loader.get_event()) is not None:
            strict.check(event)
            yield event
    except yaml.MarkedYAMLError as error:
        raise _refused(error, file) from None
    except yaml.YAMLError as error:
        raise refuse("yaml", f"this is not YAML: {error}", where=Where(file=file)) from None
    finally:
        loader.dispose()


# JSON writes characters beyond the basic plane as two escapes, which YAML does not know.
_PAIR = re.compile(r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")


def _joined(pair: re.Match[str]) -> str:
    high, low = int(pair[2], 16) - 0xD800, int(pair[3], 16) - 0xDC00
    return f"{pair[1]}\\U{0x10000 + (high << 10) + low:08x}"


class _Strict:
    """What libyaml lets pass although YAML 1.2 does not, where it would change the meaning or hide a slip."""

    def __init__(self, text: str, file: str) -> None:
        self._text = text
        self._file = file
        self._read = 0
        self._ended = True

    def check(self, event: yaml.Event) -> None:
        if event.start_mark is None or event.end_mark is None:
            return
        begin, end = event.start_mark.index, event.end_mark.index
        if begin > self._read:
            self._comments(self._read, begin)
        if isinstance(event, yaml.NodeEvent) and self._text[begin - 1 : begin] == "?" and end > begin:
            raise self._refuse("a question mark that begins a key needs a blank behind it", begin - 1)
        if isinstance(event, yaml.ScalarEvent) and event.value == "-" and not event.style:
            raise self._refuse("a dash stands alone inside brackets", begin)
        if isinstance(event, yaml.DocumentStartEvent) and (event.version or event.tags) and not self._ended:
            raise self._refuse("a directive needs a line ... before it, which ends the last document", begin)
        if isinstance(event, yaml.DocumentEndEvent):
            self._ended = bool(event.explicit)
        self._read = max(self._read, end)

    def _comments(self, begin: int, end: int) -> None:
        """Between two tokens, the first # of each line must follow a blank."""
        gap = self._text[begin:end]
        if "#" not in gap:
            return
        at = begin
        for line in gap.splitlines(keepends=True):
            mark = line.find("#")
            before = self._text[at + mark - 1 : at + mark]
            if mark >= 0 and before and not before.isspace():
                raise self._refuse("a comment needs a blank before its #", at + mark)
            at += len(line)

    def _refuse(self, message: str, index: int) -> ProblemError:
        hint = "correct it, or put quotes around what is meant as text"
        return refuse("yaml", message, hint=hint, where=_place(self._text, index, self._file))


_BYTE_ORDER_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32-le"),
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\xef\xbb\xbf", "utf-8"),
)
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
_TAG_DIRECTIVE = re.compile(r"(?:^|(?<=[\r\n\x85\u2028\u2029]))%TAG")


def _mark(data: bytes) -> tuple[bytes, str]:
    return next((pair for pair in _BYTE_ORDER_MARKS if data.startswith(pair[0])), (b"", "utf-8"))


def _decoded(data: bytes, file: str) -> str:
    mark, encoding = _mark(data)
    body = data[len(mark) :]
    try:
        return body.decode(encoding)
    except UnicodeDecodeError as error:
        before = body[: error.start].decode(encoding, "replace")
        raise refuse(
            "yaml-encoding",
            f"the file is not {encoding.upper()} at this place",
            hint="save it as UTF-8",
            where=_place(before, len(before), file),
        ) from None


def _place(text: str, index: int, file: str) -> Where:
    before = text[:index].replace("\r\n", "\n").replace("\r", "\n")
    return Where(file=file, line=before.count("\n") + 1, column=len(before) - before.rfind("\n"))


def _refused(error: yaml.MarkedYAMLError, file: str) -> ProblemError:
    mark = error.problem_mark or error.context_mark
    message = error.problem or "this is not YAML"
    if error.context:
        begins = f" that begins in line {error.context_mark.line + 1}" if error.context_mark else ""
        message = f"{message} ({error.context}{begins})"
    where = Where(file=file, line=mark.line + 1, column=mark.column + 1) if mark else Where(file=file)
    return refuse("yaml", message, hint=_hint(message), where=where)


def _hint(message: str) -> str:
    hints = {
        "cannot start any token": "indent with spaces, not tabs, and quote text that begins with @, ` or %",
        "mapping values are not allowed": "check the indentation; quote text that holds a colon and a blank",
        "undefined alias": "define the anchor before it is used, or quote text that begins with *",
    }
    general = "check indentation, quotes and brackets at this place"
    return next((hint for part, hint in hints.items() if part in message), general)
