"""`python -m allowance` is the command `allowance`; the gate takes a shorter way."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command. A pipeline waits for its gate, so that one goes without the imports of the others."""
    if sys.argv[1:2] == ["gate"]:
        from allowance.cli.gate_fast import fast

        code = fast(sys.argv[2:])
        if code is not None:
            sys.exit(code)
    from allowance.cli.main import main as everything

    everything()


if __name__ == "__main__":
    main()
