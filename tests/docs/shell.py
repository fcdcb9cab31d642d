"""Runs the lines of `console` blocks that begin with `$ `, and compares what the document shows.

Only `allowance ...` is run (as a process of its own, in a folder with the demo's files), with `> FILE`, `cat
FILE` and `echo $?` beside it. Commands that set up a machine are known by name and are not run.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.fakes.nursery import OF_OTHERS, nursery

NOT_RUN = (
    "cd",
    "git clone",
    "make bench",
    "make check",
    "make demo",
    "make docs",
    "make report",
    "make test",
    "pip install",
    "pipx install",
    "python -m allowance.demo",
    "python -m bench",
    "python -m venv",
    "uv tool install",
    "uvx",
)
"""What documents may show without its being run in the tests: each begins a command line."""


NO_VERDICT, NOBODY = 2, "127.0.0.1:9"
"""How `allowance gate` leaves where nobody answers, and what it names then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One command line of a block and the output that the document shows for it ("" where it shows none)."""

    line: int
    command: str
    shown: str


class DocumentError(AssertionError):
    """A document says what is not so."""


def steps(text: str, first_line: int) -> Iterator[Step]:
    """The command lines of a `console` block; a line that ends with a backslash goes on."""
    command, shown, at = "", list[str](), 0
    going_on = False
    for number, line in enumerate(text.splitlines(), start=first_line + 1):
        if going_on or line.startswith("$ "):
            if not going_on:
                if command:
                    yield Step(line=at, command=command, shown="\n".join(shown))
                command, shown, at = "", [], number
                line = line.removeprefix("$ ")
            going_on = line.endswith("\\")
            command += line.strip().removesuffix("\\").strip() + (" " if going_on else "")
        elif not command:
            raise DocumentError("a console block begins with a line `$ command`; plain output is ```text")
        else:
            shown.append(line)
    if command:
        yield Step(line=at, command=command, shown="\n".join(shown))


def is_setup(command: str) -> bool:
    """Whether a command line is one of those that are shown and not run."""
    return any(command == known or command.startswith(known + " ") for known in NOT_RUN)


_SH_STEP = re.compile(r"\bsh\s+'([^'\n]*)'")
_QUOTED = re.compile(r"'[^'\n]*'|\"[^\"\n]*\"")


def sh_steps(pipeline: str) -> list[str]:
    """The command lines of a Jenkins pipeline: what stands behind `sh` in single quotes."""
    return _SH_STEP.findall(pipeline)


def unclosed(pipeline: str) -> str:
    """The first bracket of a pipeline that has no partner; `""` where all of them have."""
    open_: list[str] = []
    for sign in re.findall(r"[][(){}]", _QUOTED.sub("", pipeline)):
        if sign in "([{":
            open_.append(sign)
        elif not open_ or f"{open_.pop()}{sign}" not in ("()", "[]", "{}"):
            return sign
    return open_[-1] if open_ else ""


@dataclass(slots=True)
class Shell:
    """A folder, and the exit code of the last command."""

    folder: Path
    code: int = 0

    def run(self, command: str) -> str:
        """What a command prints, on both channels, in its order. Errors: `DocumentError` for what is not allowed."""
        words = shlex.split(command, comments=True)
        words, target = _redirected(words)
        if words == ["echo", "$?"]:
            return f"{self.code}\n"
        if words[:1] == ["cat"] and len(words) == 2:
            return self._inside(words[1]).read_text()
        if words[:1] != ["allowance"]:
            raise DocumentError(
                f"`{command}` is neither `allowance ...` nor one of the commands that are not run: {', '.join(NOT_RUN)}"
            )
        with TemporaryDirectory() as folder, nursery(OF_OTHERS) as starter:
            out, err = Path(folder, "out"), Path(folder, "err")
            printed = err if target else out
            self.code = starter.run(words[1:], self.folder, out, printed, _environment())
            if target:
                self._inside(target).write_text(out.read_text())
            return printed.read_text()

    def understood(self, command: str) -> None:
        """Run a command of a pipeline, where no server is. Errors: `DocumentError` where its options are wrong."""
        printed = self.run(f"{command.replace('--wait', '')} --server http://127.0.0.1:9")
        if self.code != NO_VERDICT or NOBODY not in printed:
            raise DocumentError(
                f"`{command}` is not understood; it left with {self.code} and printed\n{printed}"
            )

    def _inside(self, name: str) -> Path:
        path = (self.folder / name).resolve()
        if not path.is_relative_to(self.folder.resolve()):
            raise DocumentError(f"{name} lies outside the folder that the examples run in")
        return path


def _redirected(words: list[str]) -> tuple[list[str], str]:
    if len(words) > 2 and words[-2] == ">":
        return words[:-2], words[-1]
    return words, ""


def _environment() -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("ALLOWANCE_")}
    return {
        **kept,
        "COLUMNS": "100",
        "NO_COLOR": "1",
        "TERM": "dumb",
        "TZ": "UTC",
        "PYTHONIOENCODING": "utf-8",
    }


def agrees(shown: str, printed: str) -> bool:
    """Whether output is what the document shows: a line `...` stands for any lines, `...` in a line for any text.

    Blanks at the ends of lines, and empty lines around the whole, do not count; a no-break space is a space.
    """
    pattern = ""
    for line in _tidy(shown):
        if line.strip() == "...":
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += "[^\n]*?".join(re.escape(part) for part in line.split("...")) + r"\n"
    return re.fullmatch(pattern, "".join(line + "\n" for line in _tidy(printed))) is not None


def _tidy(text: str) -> list[str]:
    spaced = text.translate({0x00A0: " ", 0x202F: " "})
    return [line.rstrip() for line in spaced.strip("\n").splitlines()]
