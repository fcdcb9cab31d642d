"""Acts of governance as forms: what is asked for, and what it would mean, seen before it is done."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from allowance.budget.health import Health
from allowance.core.counts import NO_DATA, NoData
from allowance.core.time import Instant
from allowance.governance.attribution import Attribution
from allowance.governance.bankruptcies import LAPSES, BankruptcyAsk
from allowance.governance.bullets import Price
from allowance.governance.overrides import OverridePrice
from allowance.governance.waivers import WaiverAsk
from allowance.reports import tabular
from allowance.reports.memo import memo_rows, risk_rows
from allowance.reports.pages.facts import Facts, worst
from allowance.reports.pages.view import Head, head


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """Something to fill in. With `choices` it is one of them; `long` is for sentences; `hint` stands below it."""

    name: str
    label: str
    value: str
    choices: tuple[str, ...] = ()
    long: bool = False
    needed: bool = True
    hint: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Memo:
    """What is accepted, what it may cost in a sentence, what that was worked out from, and what is not known."""

    rows: tuple[tuple[str, str], ...]
    cost: str
    basis: tuple[tuple[str, str], ...]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """A form. `looks` names the button that shows what it would mean, before the last button is there (`ready`).

    `means` are the sentences that say what it would do, `memo` the risk that is accepted with it, `text` what is
    read before it is done.
    """

    head: Head
    lead: str
    action: str
    button: str
    right: str
    fields: tuple[Field, ...]
    hidden: tuple[tuple[str, str], ...]
    means: tuple[str, ...]
    memo: Memo | NoData
    text: str
    looks: str
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
    memo: Memo | NoData = NO_DATA,
    text: str = "",
    looks: str = "",
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
        memo=memo,
        text=text,
        looks=looks,
        ready=ready,
    )


def memo_of(memo: Mapping[str, Any]) -> Memo:
    """The memo that an exception would leave, as a page shows it."""
    risk = memo.get("risk", {})
    return Memo(
        rows=tuple(memo_rows(memo)),
        cost=str(risk.get("sentence", "Nothing is known about the risk.")),
        basis=tuple(risk_rows(memo)),
        missing=tuple(risk.get("missing", ())),
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


def override_words(price: OverridePrice) -> tuple[str, ...]:
    """What an override costs, sentence by sentence."""
    one = price.freeze
    who = "an executive other than the person who asks" if price.two_people else "an executive"
    return (
        f"It goes through {one.id}, the governance freeze of {one.service} since {tabular.when(one.begin)} UTC; "
        "for everything else the freeze stays.",
        f"It has to be approved by {who}.",
        f"It would hold until {tabular.when(price.ends)} UTC.",
        f"A postmortem is due on {tabular.when(price.postmortem_due)} UTC; while one is overdue there is no next one.",
    )


def bankruptcy_words(facts: Facts, ask: BankruptcyAsk, *, now: Instant) -> tuple[str, ...]:
    """What a bankruptcy costs, sentence by sentence."""
    known = [facts.by_id[one] for one in ask.slos if one in facts.by_id]
    last = max(ask.sprint, key=lambda one: one.due)
    owners = ", ".join(dict.fromkeys(one.owner for one in ask.sprint))
    return (
        *(
            f"{one.name} has {tabular.percent(one.remaining)} of its budget left now; it would begin anew with all of it."
            for one in known
        ),
        "What was spent before is kept in the ledger for ever.",
        f"All three parties have to sign until {tabular.when(now + LAPSES)} UTC: three persons, you among them.",
        f"{tabular.plural(len(ask.sprint), 'piece')} of work would be owed by {owners}, "
        f"the last on {tabular.when(last.due)} UTC.",
        "Until all of it is done, this service cannot be bankrupt again.",
    )


def waiver_words(ask: WaiverAsk, found: Attribution, *, now: Instant) -> tuple[str, ...]:
    """What a waiver lifts, and on which ground."""
    part = found.of(ask.dependency)
    if part is None:
        ground = f"Nothing of what {ask.slo} has spent is attributed to {ask.dependency}."
    else:
        sure = "" if isinstance(part.confidence, NoData) else f", {tabular.percent(part.confidence)} sure"
        ground = (
            f"{tabular.percent(found.share(part))} of what {ask.slo} has spent is attributed to "
            f"{ask.dependency}{sure}."
        )
    return (
        ground,
        f"Until {tabular.when(now + ask.seconds)} UTC its budget stops no release; what is spent stays spent.",
    )
