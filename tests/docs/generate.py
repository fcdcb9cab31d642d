"""Writes those parts of the documentation that the program knows better: `python -m tests.docs.generate`.

A part stands between `<!-- generated: NAME -->` and `<!-- end -->`; `PARTS` holds the names.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory

from cyclopts import App

from allowance.cli.main import COMMANDS
from allowance.contract.defaults import DEFAULTS
from allowance.contract.expressions import NAMES
from allowance.contract.lint_page import lint_page
from allowance.contract.policies import POLICIES
from allowance.contract.presets import PRESETS, preset
from allowance.core.duration import DAY, short
from allowance.core.ratio import decimal_text, percent_text
from allowance.core.time import iso
from allowance.demo.story import STORY
from allowance.governance.states import EDGES
from tests.docs.blocks import ROOT, documents, name_of
from tests.docs.shell import Shell

_PART = re.compile(r"<!-- generated: (?P<name>[\w-]+) -->\n.*?<!-- end -->", re.DOTALL)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a bar inside a cell is escaped."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def commands() -> str:
    """Every command: what it does, and its help text as it is printed."""
    with TemporaryDirectory() as folder:
        shell = Shell(Path(folder))
        parts = []
        for name, (place, summary) in sorted(COMMANDS.items()):
            parts.append(f"## allowance {name}\n\n{summary}\n\n```text\n{_help(shell, name)}\n```")
            parts += [f"```text\n{_help(shell, f'{name} {inside}')}\n```" for inside in _inside(place)]
    return "\n\n".join(parts)


def _inside(place: str) -> list[str]:
    """The names of the commands within a command."""
    module, _, name = place.partition(":")
    found = getattr(import_module(module), name)
    return sorted(one for one in found if not one.startswith("-")) if isinstance(found, App) else []


def _help(shell: Shell, name: str) -> str:
    printed = shell.run(f"allowance {name} --help")
    return "\n".join(line.rstrip() for line in printed.strip("\n").splitlines())


def alert_presets() -> str:
    """The rules of each preset, as shares of the budget and as factors on 30 and 28 days."""
    rows = [
        [
            f"`{name}`",
            rule.severity,
            short(rule.long),
            short(rule.short),
            percent_text(rule.share),
            decimal_text(rule.factor(30 * DAY), 4),
            decimal_text(other.factor(28 * DAY), 4),
            "-" if rule.remaining_below is None else f"below {percent_text(rule.remaining_below)}",
        ]
        for name in PRESETS
        for rule, other in zip(preset(name, 30 * DAY), preset(name, 28 * DAY), strict=True)
    ]
    header = [
        "preset",
        "severity",
        "long",
        "short",
        "share of budget (30 d)",
        "factor on 30 d",
        "factor on 28 d",
        "only while budget left is",
    ]
    return table(header, rows)


def defaults() -> str:
    """What holds where a document says nothing."""
    rows = [[f"`{one.key}`", one.value, one.why] for one in DEFAULTS]
    return table(["where nothing is written for", "it is", "because"], rows)


def policies() -> str:
    """The error-budget policies to begin with."""
    return table(
        ["preset", "what it says"], [[f"`{name}`", one.description or ""] for name, one in POLICIES.items()]
    )


def story() -> str:
    """What happens in the demo's month."""
    rows = [
        [
            iso(one.begin)[5:16].replace("T", " "),
            short(one.end - one.begin),
            one.service,
            one.what,
            one.effect,
        ]
        for one in sorted(STORY, key=lambda one: one.begin)
    ]
    return table(["from (2026, UTC)", "for", "service", "what happens", "what the counts show"], rows)


def states() -> str:
    """The states of a budget: the diagram and the table, both from the table that runs."""
    lines = [f"    {edge.begin} --> {edge.end}: {edge.when}" for edge in EDGES]
    diagram = "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])
    rows = [[edge.begin, edge.end, f"`{edge.when}`, for `dwell`"] for edge in EDGES]
    return f"{diagram}\n\n{table(['from', 'to', 'when'], rows)}"


def expression_names() -> str:
    """What an expression may speak of."""
    return table(["name", "what it is"], [[f"`{name}`", what] for name, what in NAMES.items()])


PARTS: dict[str, Callable[[], str]] = {
    "alert-presets": alert_presets,
    "commands": commands,
    "defaults": defaults,
    "expression-names": expression_names,
    "policies": policies,
    "states": states,
    "story": story,
}

PAGES: dict[str, Callable[[], str]] = {"docs/lint.md": lint_page}
"""Documents that are generated whole."""


def regenerated(text: str, place: str) -> str:
    """A document with its generated parts written anew. Errors: `ValueError` for a name that nobody generates."""

    def part(match: re.Match[str]) -> str:
        name = match["name"]
        if name not in PARTS:
            raise ValueError(f"{place}: nothing generates {name!r}; known: {', '.join(sorted(PARTS))}")
        return f"<!-- generated: {name} -->\n{PARTS[name]()}\n<!-- end -->"

    return _PART.sub(part, text)


def stale() -> dict[Path, str]:
    """Every document that is not what would be written today, with what it should be."""
    found = {path: regenerated(path.read_text(), name_of(path)) for path in documents()}
    found |= {ROOT / name: page() for name, page in PAGES.items()}
    return {path: text for path, text in found.items() if not path.is_file() or path.read_text() != text}


def main() -> int:
    """Rewrite every document that is stale, and name it."""
    for path, text in stale().items():
        path.write_text(text)
        sys.stdout.write(f"rewritten: {name_of(path)}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
