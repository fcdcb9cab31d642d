"""The forms of governance: what an exception is asked for with, and what it would cost, seen before it is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from allowance.app import exceptions as app
from allowance.core.counts import NO_DATA, NoData
from allowance.core.problem import ProblemError
from allowance.core.time import iso
from allowance.governance.bankruptcies import declare_bankruptcy, sprint_item
from allowance.governance.releases import USUAL
from allowance.governance.waivers import WaiverAsk
from allowance.reports.pages.act import (
    Act,
    Field,
    Memo,
    act,
    bankruptcy_words,
    memo_of,
    override_words,
    price_words,
    waiver_words,
)
from allowance.web.bankruptcies import asked_for
from allowance.web.exception_asks import BankruptcyIn
from allowance.web.exceptions import longest_bullet, person, seconds_of
from allowance.web.pages.forms import filled
from allowance.web.pages.page import Page, Wanted
from allowance.web.problems import Refusal

LONGEST = 2000
LOOK = "See what it costs"


def said(wanted: Wanted, name: str, default: str = "") -> str:
    """What was filled in, cut and trimmed."""
    return wanted.query.get(name, default)[:LONGEST].strip()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """What an act would mean; it is `ready` where nothing stands against it."""

    means: tuple[str, ...] = ()
    memo: Memo | NoData = NO_DATA
    ready: bool = False


def _look(needed: Sequence[str], find: Callable[[], _Look]) -> _Look:
    """What is found where everything is filled in, or why it cannot be."""
    if not all(needed):
        return _Look()
    try:
        return find()
    except ProblemError as error:
        problem = error.problems[0]
    except Refusal as refusal:
        problem = refusal.problem
    hint = f"{problem.hint[:1].upper()}{problem.hint[1:]}." if problem.hint else ""
    return _Look(means=tuple(one for one in (f"It cannot be: {problem.message}.", hint) if one))


def _services(wanted: Wanted) -> tuple[str, ...]:
    return tuple(one.name for one in wanted.facts.contract.services)


def _field(wanted: Wanted, name: str, label: str, default: str = "", **more: Any) -> Field:
    return Field(name=name, label=label, value=said(wanted, name) or default, **more)


def _change_fields(wanted: Wanted) -> tuple[Field, ...]:
    return (
        _field(wanted, "service", "Service", choices=_services(wanted)),
        _field(wanted, "change", "Change", hint="the id that the pipeline sends to the gate"),
        _field(wanted, "environment", "Environment", "production"),
    )


def _wish(wanted: Wanted, **more: Any) -> app.Wish:
    return app.Wish(
        service=said(wanted, "service"),
        change=said(wanted, "change"),
        environment=said(wanted, "environment") or "production",
        reason=said(wanted, "reason"),
        seconds=longest_bullet(wanted.house, said(wanted, "service")),
        **more,
    )


def _bullet(wanted: Wanted) -> Act:
    def find() -> _Look:
        state, who = wanted.house.state, person(wanted.who)
        price, memo = app.price_of_bullet(state, _wish(wanted), who, now=wanted.now)
        return _Look(means=price_words(price), memo=memo_of(memo), ready=True)

    change = said(wanted, "change")
    look = _look([said(wanted, name) for name in ("service", "change", "reason")], find)
    return act(
        wanted.facts,
        "Silver bullet",
        f"Spend a silver bullet on {change}?" if change else "Spend a silver bullet?",
        "It lets one change go against the policy. It is counted, it ends, and a postmortem is owed for it.",
        action="/governance/bullet",
        button="Ask for it",
        right="sign",
        fields=(*_change_fields(wanted), _field(wanted, "reason", "Reason", long=True)),
        means=look.means,
        memo=look.memo,
        looks=LOOK,
        ready=look.ready,
    )


def _override(wanted: Wanted) -> Act:
    def find() -> _Look:
        state, who = wanted.house.state, person(wanted.who)
        wish = _wish(wanted, freeze=said(wanted, "freeze"))
        price, memo = app.price_of_override(state, wish, who, now=wanted.now)
        return _Look(means=override_words(price), memo=memo_of(memo), ready=True)

    change = said(wanted, "change")
    look = _look([said(wanted, name) for name in ("service", "change", "reason")], find)
    return act(
        wanted.facts,
        "Override",
        f"Override a governance freeze for {change}?" if change else "Override a governance freeze?",
        "A governance freeze gives way to an executive only, for one change and a time. A postmortem is owed for it.",
        action="/governance/override",
        button="Ask for it",
        right="sign",
        fields=(
            *_change_fields(wanted),
            _field(
                wanted, "freeze", "Freeze", needed=False, hint="only where several governance freezes hold"
            ),
            _field(wanted, "reason", "Reason", long=True),
        ),
        means=look.means,
        memo=look.memo,
        looks=LOOK,
        ready=look.ready,
    )


def sprint(text: str) -> list[dict[str, Any]]:
    """The pieces of a reliability sprint, one per line. Errors: `Problem` where a line is none."""
    items = [sprint_item(line) for line in text.splitlines() if line.strip()]
    return [{"what": one.what, "owner": one.owner, "due": iso(one.due)} for one in items]


def declared(told: dict[str, str]) -> BankruptcyIn:
    """A declaration as a form says it. Errors: `Problem` of a line of the sprint, `Refusal` 422."""
    return filled(
        BankruptcyIn,
        {
            "service": told.get("service", "").strip(),
            "slos": told.get("slos", "").replace(",", " ").split(),
            "reason": told.get("reason", "").strip(),
            "sprint": sprint(told.get("sprint", "")),
        },
    )


def _bankruptcy(wanted: Wanted) -> Act:
    told = {name: said(wanted, name) for name in ("service", "slos", "reason", "sprint")}

    def find() -> _Look:
        ask = asked_for(wanted.house, declared(told))
        declare_bankruptcy(ask, wanted.house.state.law.standing(), person(wanted.who), now=wanted.now)
        return _Look(means=bankruptcy_words(wanted.facts, ask, now=wanted.now), ready=True)

    look = _look([told[name] for name in ("service", "reason", "sprint")], find)
    return act(
        wanted.facts,
        "Bankruptcy",
        f"Let the budgets of {told['service']} begin anew?" if told["service"] else "Declare bankruptcy?",
        "A budget that cannot be earned back begins anew. Three parties sign it, and it is paid in reliability work.",
        action="/governance/bankruptcy",
        button="Declare and sign it",
        right="bankrupt",
        fields=(
            _field(wanted, "service", "Service", choices=_services(wanted)),
            _field(wanted, "slos", "Promises", needed=False, hint="names, where it is not all of them"),
            _field(wanted, "reason", "Reason", long=True),
            _field(
                wanted,
                "sprint",
                "Sprint",
                long=True,
                hint="one piece of work per line: load test; ada; 2026-12-15",
            ),
        ),
        means=look.means,
        looks=LOOK,
        ready=look.ready,
    )


def _waiver(wanted: Wanted) -> Act:
    def find() -> _Look:
        ask = WaiverAsk(
            slo=said(wanted, "slo"),
            dependency=said(wanted, "dependency"),
            seconds=seconds_of(_number(said(wanted, "hours"))),
            reason=said(wanted, "reason"),
            evidence=tuple(one for one in (said(wanted, "evidence"),) if one),
            owner=said(wanted, "owner"),
        )
        who, state = person(wanted.who), wanted.house.state
        _, found = app.grant_waiver(state, ask, who, dry_run=True, now=wanted.now)
        return _Look(means=waiver_words(ask, found, now=wanted.now), ready=True)

    slos = tuple(one.id for one in wanted.facts.contract.slos)
    needs = sorted({part.service for one in wanted.facts.contract.services for part in one.dependencies})
    look = _look([said(wanted, name) for name in ("slo", "dependency", "hours", "reason")], find)
    return act(
        wanted.facts,
        "Waiver",
        "Lift what a dependency's outage would mean?",
        "The budget stays burned; only the consequence is lifted, for a time. Strict policies want evidence of a "
        "mitigation and a confident attribution, lenient ones the word of the dependency's owner.",
        action="/governance/waiver",
        button="Grant the waiver",
        right="waive",
        fields=(
            _field(wanted, "slo", "Promise", choices=slos),
            _field(wanted, "dependency", "Dependency", choices=tuple(needs)),
            _field(wanted, "hours", "Hours", "24"),
            _field(wanted, "reason", "Reason", long=True),
            _field(
                wanted, "evidence", "Evidence", needed=False, hint="the address of what shows the mitigation"
            ),
            _field(wanted, "owner", "Owner's word", needed=False, hint="who answers for the dependency"),
        ),
        means=look.means,
        looks="See what it lifts",
        ready=look.ready,
    )


def _number(text: str) -> float:
    try:
        return max(0.0, min(float(text), 24.0 * 366)) if text else 0.0
    except ValueError:
        return 0.0


def _freeze(wanted: Wanted) -> Act:
    return act(
        wanted.facts,
        "Freeze",
        "Begin a freeze?",
        "It stops features, configuration and experiments of one service until a person ends it.",
        action="/governance/freeze",
        button="Begin the freeze",
        right="freeze",
        fields=(
            _field(wanted, "service", "Service", choices=_services(wanted)),
            _field(wanted, "model", "Model", "hard", choices=("soft", "hard", "governance")),
            _field(wanted, "reason", "Reason", long=True),
        ),
    )


def _release(wanted: Wanted) -> Act:
    return act(
        wanted.facts,
        "Conditional release",
        "Ask for a conditional release?",
        "One change may go while every condition is met by evidence.",
        action="/governance/release",
        button="Ask for it",
        right="sign",
        fields=(
            *_change_fields(wanted),
            _field(wanted, "hours", "Hours", "24"),
            _field(wanted, "plan", "Plan", long=True, hint="how the damage is limited"),
            _field(wanted, "conditions", "Conditions", "\n".join(USUAL), long=True, hint="one per line"),
        ),
    )


PAGES = tuple(
    Page(path=f"/governance/{name}", name="act", view=view)
    for name, view in (
        ("bullet", _bullet),
        ("override", _override),
        ("release", _release),
        ("waiver", _waiver),
        ("bankruptcy", _bankruptcy),
        ("freeze", _freeze),
    )
)
