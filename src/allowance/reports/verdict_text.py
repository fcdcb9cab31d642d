"""A verdict as text: one word, one sentence, the reasons, what would change it.

It takes the plain JSON of a verdict and imports nothing, because the gate in a pipeline has no time for imports.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

MARKS = {"ok": "✓", "against": "✗", "info": "·"}
WIDEST = 34


def verdict_text(found: Mapping[str, Any]) -> str:
    """The text that a person reads in the log of a pipeline; ends with a line break."""
    ask = found["ask"]
    what = " ".join(part for part in (ask["service"], ask["version"]) if part)
    by = f" by {ask['actor']}" if ask["actor"] else ""
    head = f"{found['verdict'].upper():<6} {what} → {ask['environment']}   {ask['change']}, asked {_time(found['at'])}{by}"
    lines = [head, found["sentence"]]
    if found["reasons"]:
        lines += ["", "Because"]
        lines += _rows(found["reasons"])
    if found["ways"]:
        lines += ["", "What would change this"]
        lines += [f"  · {one['text']}{_until(one['at'])}" for one in found["ways"]]
    return "\n".join([*lines, "", _foot(found), ""])


def _rows(reasons: Any) -> list[str]:
    width = min(WIDEST, max(len(one["rule"]) for one in reasons))
    return [
        f"  {MARKS[one['mark']]} {one['rule']:<{width}}  {one['fact']}"
        + (f" (lifted by {one['lifted_by']})" if one["lifted_by"] else "")
        for one in reasons
    ]


def _foot(found: Mapping[str, Any]) -> str:
    policy = found["policy"]
    parts = [f"policy {policy['name']} {policy['hash'][:8]}"] if policy["name"] else []
    parts.append(f"numbers of {_time(found['as_of'])}" if found["as_of"] else "no numbers yet")
    if found.get("id"):
        parts.insert(0, f"ledger #{found['id']} sha {found['hash'][:8]}")
    return " · ".join(parts)


def _until(at: str | None) -> str:
    return f", {_time(at)} at the earliest" if at else ""


def _time(text: str) -> str:
    """`2026-11-21 14:20 UTC` from `2026-11-21T14:20:10Z`."""
    return f"{text[:10]} {text[11:16]} UTC"
