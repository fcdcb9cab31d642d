"""`/gate`, `/gate/{id}` and `/decisions`: asking, what was answered, and what was answered before."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from allowance.app.gate import entry_of
from allowance.app.law import Asked as Entries
from allowance.core.problem import ProblemError
from allowance.governance.facts import Standing
from allowance.governance.ledger import Entry
from allowance.governance.verdict import Ask, verdict_json
from allowance.governance.verdict_facts import GateFacts
from allowance.governance.verdict_plain import valued
from allowance.governance.verdict_record import DECIDED
from allowance.governance.verdict_replay import same
from allowance.reports.pages import verdicts
from allowance.reports.pages.gate import CHANGES, Decision, Decisions, Gate
from allowance.reports.pages.gate import decision as decision_view
from allowance.reports.pages.gate import decisions as decisions_view
from allowance.reports.pages.gate import gate as gate_view
from allowance.reports.pages.view import query_text
from allowance.web.asked import Asked, House
from allowance.web.gate import looked, recorded, refused
from allowance.web.gate_shapes import AskIn
from allowance.web.pages.forms import form, whats_wrong
from allowance.web.pages.page import Page, Wanted
from allowance.web.tokens import Caller, covers, may

router = APIRouter(include_in_schema=False)

FIELDS = ("service", "change", "version", "env", "change_id")
LONGEST, NEWEST, PER_PAGE, LOOKED = 200, 5, 50, 1000
NO_FORM = "its evidence was written in a form that this version cannot read"


def _gate(wanted: Wanted) -> Gate:
    said = {name: value[:LONGEST].strip() for name in FIELDS if (value := wanted.query.get(name, ""))}
    found: dict[str, Any] | None = None
    if said.get("service"):
        ask = _ask(said)
        found = verdict_json(
            looked(
                wanted.house,
                Ask(
                    service=ask.service,
                    change=ask.change,
                    version=ask.version,
                    environment=ask.environment,
                    change_id=ask.change_id,
                ),
            )
        )
    ledger = wanted.house.state.law.ledger
    newest = ledger.find(Entries(kind=DECIDED, subject=said.get("service", ""), most=NEWEST, newest=True))
    return gate_view(wanted.facts, said, found, newest[::-1], now=wanted.now)


def _decision(wanted: Wanted) -> Decision:
    text = wanted.path["id"]
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0
    law = wanted.house.state.law
    entry = refused(lambda: entry_of(law, number))
    evidence = entry.payload["evidence"]
    wrong = _replayed(entry)
    readable = wrong != NO_FORM
    standing = valued(Standing, evidence["standing"]) if readable else Standing()
    since = law.ledger.find(Entries(after=entry.seq, subject=entry.subject, most=NEWEST * 2))
    return decision_view(
        wanted.facts,
        entry,
        valued(GateFacts, evidence["facts"]) if readable else None,
        wrong,
        since,
        verdicts.holding(standing, entry.subject, now=entry.at),
    )


def _decisions(wanted: Wanted) -> Decisions:
    said = {name: wanted.query.get(name, "")[:LONGEST].strip() for name in ("service", "verdict", "actor")}
    before = wanted.query.get("before", "")
    last = int(before) if before.isascii() and before.isdigit() and len(before) < 18 else 0
    found, older = _found(wanted.house, said, last)
    return decisions_view(
        wanted.facts,
        found,
        service=said["service"],
        word=said["verdict"],
        actor=said["actor"],
        older=f"/decisions{query_text(**said, before=str(found[-1].seq))}" if older else "",
    )


GATE = Page(path="/gate", name="gate", view=_gate, nav="Gate", key="g")
DECISION = Page(path="/gate/{id}", name="decision", view=_decision)
DECISIONS = Page(path="/decisions", name="decisions", view=_decisions)


@router.post("/gate")
async def keep(request: Request, asked: Asked, who: Annotated[Caller, may("ask")]) -> Response:
    """Have the verdict of now recorded, as `POST /v1/decisions` does, and go to its page."""
    said = await form(request)
    number = await run_in_threadpool(_keep, asked, who, said)
    return RedirectResponse(f"/gate/{number}", HTTPStatus.SEE_OTHER)


def _keep(asked: House, who: Caller, said: dict[str, str]) -> int:
    found = _ask(said)
    covers(who, found.service)
    ask = Ask(
        service=found.service,
        change=found.change,
        version=found.version,
        environment=found.environment,
        change_id=found.change_id,
        actor=who.name,
    )
    entry, _ = recorded(asked, ask)
    return entry.seq


def _ask(said: dict[str, str]) -> AskIn:
    change = said.get("change", "feature")
    try:
        return AskIn.model_validate(
            {
                "service": said.get("service", ""),
                "change": change if change in CHANGES else "feature",
                "version": said.get("version", ""),
                "environment": said.get("env", "") or "production",
                "change_id": said.get("change_id", ""),
            }
        )
    except ValidationError as error:
        raise whats_wrong(error) from None


def _replayed(entry: Entry) -> str:
    """What is wrong with the evidence of a verdict; `""` where it leads to the same one."""
    try:
        return "" if same(entry) else "judged again from its evidence, it is another verdict: tell us"
    except ProblemError:
        return NO_FORM


def _found(house: House, said: dict[str, str], last: int) -> tuple[list[Entry], bool]:
    """A page of verdicts, newest first, and whether there are older ones among those that are looked through."""
    wanted = Entries(kind=DECIDED, subject=said["service"], actor=said["actor"], most=LOOKED, newest=True)
    entries: Sequence[Entry] = house.state.law.ledger.find(wanted)
    fitting = [
        one
        for one in reversed(entries)
        if (not last or one.seq < last) and said["verdict"] in ("", one.payload["verdict"]["verdict"])
    ]
    return fitting[:PER_PAGE], len(fitting) > PER_PAGE
