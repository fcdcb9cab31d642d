"""A message as plain text, the same for every channel that shows text."""

from __future__ import annotations

from allowance.alerting.alert import Notice


def plain_text(notice: Notice) -> str:
    """The sentences, the first step, the link, and the facts as `name: value`."""
    message = notice.message
    parts = [*message.lines, message.first_step, message.link]
    facts = [f"{name}: {value}" for name, value in message.facts.items()]
    return "\n".join([part for part in parts if part] + ["", *facts])


def cut(text: str, most: int) -> str:
    """A text that fits; where it was cut, it ends with dots."""
    return text if len(text) <= most else text[: most - 1] + "…"
