"""`python -m allowance.demo report [FOLDER]`: writes the shop's month, analyses it, and shows the report."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from allowance.cli.main import GO, WRONG, complain, run
from allowance.core.problem import Problem
from allowance.core.time import iso
from allowance.demo.shop import Progress, silent, write_shop
from allowance.demo.story import END, STORY, event

FOLDER = Path("build") / "demo"
REPORT = "report"


def main(arguments: list[str]) -> int:
    """Generate and analyse; the exit code is that of the first analysis that fails."""
    arguments = arguments[1:] if arguments[:1] == [REPORT] else arguments
    if any(word.startswith("-") for word in arguments) or len(arguments) > 1:
        return _wrong(
            "usage", "the demo takes one folder and no options", "python -m allowance.demo report build/demo"
        )
    folder = Path(arguments[0]) if arguments else FOLDER
    print(f"A month of a small shop's traffic, made up, goes to {folder} ...")
    try:
        write_shop(folder, progress=_bar() if sys.stderr.isatty() else silent)
    except OSError as error:
        return _wrong("write", f"{folder} cannot be written: {error.strerror}", "name another folder")
    _tell()
    for words in questions(folder):
        print(f"\n$ {_typed(['allowance', *words])}\n", flush=True)
        code = run(words)
        if code != GO:
            return code
    report = report_path(folder).resolve()
    print(f"\nThe last answer as a page, in one file that needs no network: {report}")
    if _has_display():
        _open(report)
    return GO


def questions(folder: Path) -> list[list[str]]:
    """The command lines that the demo runs: all promises, the slow leak, the checkout, and payments as a page."""
    works = event("maintenance")
    at = ("--at", iso(END))
    return [
        ["status", str(folder / "shop.yaml"), *at],
        ["analyze", str(folder / "search.csv"), *at],
        [
            *("analyze", str(folder / "access.log.gz"), "--valid", "path LIKE '/checkout/%'"),
            *("--exclude", f"{iso(works.begin)}/{iso(works.end)}", *at),
        ],
        [
            *("analyze", str(folder / "payments.jsonl.gz"), "--by", "tenant", *at),
            *("--html", str(report_path(folder))),
        ],
    ]


def report_path(folder: Path) -> Path:
    """Where the report on payments is written."""
    return folder / "payments.html"


def _typed(words: Sequence[str]) -> str:
    """A command line as a person would type it."""
    return " ".join(f'"{word}"' if "'" in word else shlex.quote(word) for word in words)


def _tell() -> None:
    print("What happens in it:\n")
    for one in sorted(STORY, key=lambda one: one.begin):
        print(f"  {iso(one.begin)[5:10]}  {one.service:<11} {one.what}")


def _bar() -> Progress:
    def draw(name: str, done: int, of: int) -> None:
        print(
            f"\r  {name:<20} {done * 100 // of:>3} %",
            end="\n" if done == of else "",
            file=sys.stderr,
            flush=True,
        )

    return draw


def _has_display() -> bool:
    """Whether a person looks at this terminal and has a screen for a browser."""
    if "CI" in os.environ or not sys.stdout.isatty():
        return False
    return sys.platform in ("darwin", "win32") or any(
        name in os.environ for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )


def _open(page: Path) -> None:
    import webbrowser

    webbrowser.open(page.as_uri())


def _wrong(code: str, message: str, hint: str) -> int:
    complain([Problem(code=code, message=message, hint=hint)])
    return WRONG


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
