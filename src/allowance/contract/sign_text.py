"""A signature put into the text of a document, the rest of which stays as people wrote it."""

from __future__ import annotations

import json

from allowance.contract.budget_policy import ErrorBudgetPolicy, Signature
from allowance.core.problem import refuse


def signature_line(signature: Signature) -> str:
    """One entry of `signatures` in YAML."""
    by = json.dumps(signature.by, ensure_ascii=False)
    return f"- {{role: {signature.role}, by: {by}, on: {signature.on.isoformat()}, hash: {signature.hash}}}"


def signed_text(text: str, policy: ErrorBudgetPolicy, signature: Signature) -> str:
    """The text of a YAML document with one more signature, below the others or at the end of the spec.

    Errors: `Problem` `write` where the spec is not a block that lines can be added to.
    """
    lines = text.splitlines()
    begin = (policy.origin.where.line or 1) - 1
    end = next((n for n in range(begin + 1, len(lines)) if lines[n].rstrip() in ("---", "...")), len(lines))
    spec = next((n for n in range(begin, end) if lines[n].rstrip() == "spec:"), None)
    if spec is None:
        raise refuse(
            "write",
            "the spec of this policy is not a block of lines",
            hint="add the signature by hand: allowance sign without --write prints it",
        )
    body = [n for n in range(spec + 1, end) if lines[n].strip() and not lines[n].lstrip().startswith("#")]
    inside = _block(lines, body)
    indent = lines[inside[0]][: _depth(lines[inside[0]])] if inside else "  "
    head = next((n for n in inside if lines[n].rstrip() == f"{indent}signatures:"), None)
    line = signature_line(signature)
    if head is None:
        place = (inside[-1] if inside else spec) + 1
        return _joined([*lines[:place], f"{indent}signatures:", f"{indent}  {line}", *lines[place:]])
    below = [n for n in inside if n > head]
    own = _block_of(lines, below, len(indent))
    step = lines[own[0]][: _depth(lines[own[0]])] if own else f"{indent}  "
    place = (own[-1] if own else head) + 1
    return _joined([*lines[:place], f"{step}{line}", *lines[place:]])


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _block(lines: list[str], body: list[int]) -> list[int]:
    """The lines of the spec: those that are indented, up to the first that is not."""
    found: list[int] = []
    for n in body:
        if _depth(lines[n]) == 0:
            break
        found.append(n)
    return found


def _block_of(lines: list[str], below: list[int], depth: int) -> list[int]:
    """The lines of a list under a key: deeper ones, and entries at the depth of the key itself."""
    found: list[int] = []
    for n in below:
        if _depth(lines[n]) < depth or (_depth(lines[n]) == depth and not lines[n].lstrip().startswith("- ")):
            break
        found.append(n)
    return found


def _joined(lines: list[str]) -> str:
    return "\n".join(lines) + "\n"
