"""What is wrong with a command line: everything that it lacks at once, and an example of how it is written."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import Parameter

from cyclopts import App, CycloptsError, MissingArgumentError, UnusedCliTokensError

from allowance.core.problem import Problem


def wrong_use(error: CycloptsError, app: App, arguments: Sequence[str], command: str) -> Problem:
    """The problem of a command line that does not fit; `command` is its first word that is one (`""`: none)."""
    text = " ".join(str(error).split())
    chain = " ".join(error.command_chain or (command,))
    hint = f"see allowance {chain} --help".replace("  ", " ")
    if isinstance(error, MissingArgumentError) and error.keyword is None:
        needed = ", ".join(_needed(error, app, arguments))
        meant = text[text.index("Did you mean") :] if "Did you mean" in text else ""
        text = f"{chain} needs {needed}. {meant}".rstrip(". ")
        hint = f"{_example(error)}{hint}"
    if isinstance(error, UnusedCliTokensError):
        text = f"{chain} does not take {' '.join(error.unused_tokens or ())}"
    return Problem(code="usage", message=text, hint=hint)


def _needed(error: MissingArgumentError, app: App, arguments: Sequence[str]) -> Sequence[str]:
    """What a command cannot do without and was not given, as one writes it: `SERVICE`, `--change`."""
    _, apps, _ = app.parse_commands(arguments)
    required = [one for one in apps[-1].assemble_argument_collection() if one.required]
    given = {word.partition("=")[0] for word in arguments}
    first = next(number for number, one in enumerate(required) if error.argument in (one, None))
    return [
        one.name
        if one.field_info.kind is Parameter.KEYWORD_ONLY
        else one.name.removeprefix("--").replace("-", "_").upper()
        for one in required[first:]
        if not given & set(one.names)
    ]


def _example(error: CycloptsError) -> str:
    """The example in the words of a command, where it has one."""
    lines = ((error.target.__doc__ if error.target else None) or "").splitlines()
    found = [line.partition("Example: ")[2] for line in lines if "Example: " in line]
    return f"for example {found[0]}; " if found else ""
