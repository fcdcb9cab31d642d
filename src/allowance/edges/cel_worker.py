"""The process that works CEL expressions out: one JSON line in, one out. It is stopped from outside when it is slow.

The binding holds the interpreter's lock while it works, so that a thread could not be stopped; a process can.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

MOST_MEMORY = 1 << 30


def work_out(expression: str, values: dict[str, Any]) -> str:
    """`true`, `false`, or what is wrong."""
    import cel

    try:
        found = cel.evaluate(expression, values)
    except (ValueError, KeyError, TypeError, RuntimeError, OverflowError) as error:
        first = str(error).strip().splitlines()[:1]
        return f"{type(error).__name__}: {first[0][:200] if first else 'no reason given'}"
    if found is True or found is False:
        return "true" if found else "false"
    return f"it comes to {str(found)[:60]}, which is neither true nor false"


def main() -> None:
    """Answer until the input ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    for line in sys.stdin:
        asked = json.loads(line)
        answer = work_out(asked["expression"], asked["values"])
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
