"""Acts of governance as forms: what is asked for, and what it would mean, seen before it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from allowance.budget.health import Health
from allowance.governance.bullets import Price
from allowance.reports import tabular
from allowance.reports.pages.facts import Facts, worst
from allowance.reports.pages.view import Head, head


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Something to fill in. With `choices` it is one of them; `long` is for sentences."""

    name: str
    label: str
    value: str
    choices: tuple[str, ...] = ()
    long: bool = False
    needed: bool = True
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A form. `looks` says that it has to be looked at (`See what it means`) before the button is there (`ready`).

    `means` are the sentences that say what it would do, `text` what is read before it is done.
    """

    head: Head
    lead: str
    action: str
    button: str
    right: str
    fields: tuple[Field, ...]
    hidden: tuple[tuple[str, str], ...]
    means: tuple[str, ...]
    text: str
    looks: bool
    ready: bool


def act(
    facts: Facts,
    title: str,
    h1: str,
    lead: str,
    *,
    action: str,
    button: str,
    right: str,
    fields: Sequence[Field] = (),
    hidden: Mapping[str, str] | None = None,
    means: Sequence[str] = (),
    text: str = "",
    looks: bool = False,
    ready: bool = True,
    state: Health | None = None,
) -> Act:
    """A form of governance."""
    return Act(
        head=head(title, h1, state or worst(facts.promises), facts.at),
        lead=lead,
        action=action,
        button=button,
        right=right,
        fields=tuple(fields),
        hidden=tuple((hidden or {}).items()),
        means=tuple(means),
        text=text,
        looks=looks,
        ready=ready,
    )


def price_words(price: Price) -> tuple[str, ...]:
    """What a bullet costs, sentence by sentence."""
    found = price.quota
    who = ", ".join(price.approvers)
    second = "another person of: " if price.two_people else "one of: "
    return (
        f"{found.unit} has {found.left} of {found.granted} left in {found.period}; after this one {price.left_after}.",
        f"It has to be approved by {second}{who}.",
        f"It would hold until {tabular.when(price.ends)} UTC.",
        f"A postmortem is due on {tabular.when(price.postmortem_due)} UTC; while one is overdue there is no next bullet.",
    )
