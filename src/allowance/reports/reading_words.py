"""What an alert rule reads, in a word, and why it is silent where both of its windows are over."""

from __future__ import annotations

from allowance.budget.burn import Reading, RuleReading
from allowance.reports.numbers import percent, whole

READING_WORDS: dict[Reading, str] = {
    "calm": "calm →",
    "rising": "rising ↗",
    "firing": "firing ↑",
    "recovering": "recovering ↘",
}


def reading_words(reading: RuleReading) -> str:
    """The word for both windows, or what holds the rule back."""
    little, left = reading.too_little, reading.left
    if little is not None:
        return f"too little: has {whole(little.has)} of {whole(little.needed)} {little.what}"
    if left is not None and reading.plenty:
        return f"waits: {percent(left.left)} of the budget is left, not below {percent(left.below)}"
    return READING_WORDS[reading.word]
