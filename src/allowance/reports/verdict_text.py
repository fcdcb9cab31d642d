"""A verdict as text: one word, one sentence, the reasons, what would change it.

It takes the plain JSON of a verdict and imports nothing, because the gate in a pipeline has no time for imports.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

MARKS = {"against": "✗", "info": "·", "ok": "✓"}
"""In the order in which they are shown: first what stands in the way."""

WIDEST, LINE = 30, 110
"""Characters of the first column at most, and of a line."""


def verdict_text(found: Mapping[str, Any], server: str = "") -> str:
    """The text that a person reads in the log of a pipeline; ends with a line break.

    `server` is the address that the links begin with; without one there are none.
    """
    ask = found["ask"]
    what = " ".join(part for part in (ask["service"], ask["version"]) if part)
    by = f" by {ask['actor']}" if ask["actor"] else ""
    lines = [
        f"{found['verdict'].upper():<6} {what} → {ask['environment']}   {ask['change']}, asked {_time(found['at'])}{by}",
        *_wrapped(found["sentence"], " " * 7),
    ]
    if found["reasons"]:
        lines += ["", "Because", *_because(found["reasons"], server.rstrip("/"))]
    if found["ways"]:
        lines += ["", "What would change this", *_ways(found["ways"])]
    page = [f"{server.rstrip('/')}/gate/{found['id']}"] if server and found.get("id") else []
    return "\n".join([*lines, "", *_wrapped(_foot(found), ""), *page, ""])


def _because(reasons: Sequence[Mapping[str, Any]], server: str) -> Iterator[str]:
    width = min(WIDEST, max(len(one["rule"]) for one in reasons))
    for one in sorted(reasons, key=lambda one: list(MARKS).index(one["mark"])):
        lifted = f" (lifted by {one['lifted_by']})" if one["lifted_by"] else ""
        head = f"  {MARKS[one['mark']]} {one['rule']:<{width}}  "
        yield from _wrapped(one["fact"] + lifted, " " * (width + 6), head)
        if server and one["link"] and one["mark"] == "against":
            yield f"{' ' * (width + 6)}{server}{one['link']}"


def _ways(ways: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for one in ways:
        yield from _wrapped(f"{one['text']}{_until(one['at'])}", " " * 4, "  · ")
        if one.get("command"):
            yield f"      {one['command']}"


def _foot(found: Mapping[str, Any]) -> str:
    policy = found["policy"]
    parts = [f"policy {policy['name']} {policy['hash'][:8]}"] if policy["name"] else []
    late = ", some of them late or missing" if found["blind"] and found["as_of"] else ""
    parts.append(f"numbers of {_time(found['as_of'])}{late}" if found["as_of"] else "no numbers yet")
    if found.get("id"):
        parts.insert(0, f"ledger #{found['id']} sha {found['hash'][:8]}")
    return " · ".join(parts)


def _wrapped(text: str, indent: str, first: str | None = None) -> list[str]:
    """Lines of at most `LINE` characters, the first one behind `first`; a longer word stands alone."""
    lines, line = [], indent if first is None else first
    empty = True
    for word in text.split():
        if not empty and len(line) + len(word) >= LINE:
            lines.append(line)
            line, empty = indent, True
        line, empty = (line + word if empty else f"{line} {word}"), False
    return [*lines, line]


def _until(at: str | None) -> str:
    return f", {_time(at)} at the earliest" if at else ""


def _time(text: str) -> str:
    """`2026-11-21 14:20 UTC` from `2026-11-21T14:20:10Z`."""
    return f"{text[:10]} {text[11:16]} UTC"
