"""Standard output: to see what would be told."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from allowance.alerting.alert import Notice
from allowance.alerting.delivery import Later, Outcome, Sent
from allowance.core.time import iso
from allowance.edges.channels.given import Given
from allowance.edges.channels.words import plain_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Stdout:
    """Prints the message."""

    name: str

    def send(self, notice: Notice) -> Outcome:
        """Print it, with an empty line behind it."""
        head = f"{iso(notice.at)} {notice.severity} {notice.message.title}"
        try:
            sys.stdout.write(f"{head}\n{plain_text(notice)}\n\n")
            sys.stdout.flush()
        except OSError as error:
            return Later(reason=f"standard output cannot be written: {type(error).__name__}")
        return Sent()


def build(name: str, given: Given) -> Stdout:
    """Nothing to set."""
    del given
    return Stdout(name=name)
