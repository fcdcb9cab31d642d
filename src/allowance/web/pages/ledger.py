"""`/ledger` and `/ledger/{n}`."""

from __future__ import annotations

from http import HTTPStatus

from allowance.app.law import Asked as Entries
from allowance.reports.pages.ledger import EntryPage, LedgerPage, entry_page, ledger_page
from allowance.reports.pages.view import query_text
from allowance.web.pages.page import Page, Wanted
from allowance.web.problems import Refusal

PER_PAGE, LONGEST = 100, 200
FILTERS = ("kind", "subject", "actor")
YES = "yes"


def number_of(text: str) -> int:
    """A number of an entry, or 0."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


def _list(wanted: Wanted) -> LedgerPage:
    said = {name: wanted.query.get(name, "")[:LONGEST].strip() for name in FILTERS}
    before = number_of(wanted.query.get("before", ""))
    ledger, after, most = wanted.house.state.law.ledger, 0, PER_PAGE + 1
    plain = not any(said.values())
    if before and plain:
        after = max(0, before - 1 - most)
        found = list(ledger.find(Entries(after=after, most=before - 1 - after)))
    else:
        whole = ledger.find(
            Entries(
                kind=said["kind"],
                subject=said["subject"],
                actor=said["actor"],
                newest=True,
                most=None if before else most,
            )
        )
        found = [one for one in whole if not before or one.seq < before][-most:]
    shown = found[::-1][:PER_PAGE]
    older = f"/ledger{query_text(**said, before=str(shown[-1].seq))}" if len(found) > PER_PAGE else ""
    asked = wanted.query.get("verify") == YES
    return ledger_page(
        wanted.facts,
        shown,
        kind=said["kind"],
        subject=said["subject"],
        actor=said["actor"],
        older=older,
        verify=f"/ledger{query_text(**said, verify=YES)}#chain",
        looked=wanted.looks.at(wanted.house) if asked else None,
    )


def _entry(wanted: Wanted) -> EntryPage:
    number = number_of(wanted.path["n"])
    ledger = wanted.house.state.law.ledger
    found = list(ledger.entries(after=max(0, number - 2), most=2)) if number else []
    entry = next((one for one in found if one.seq == number), None)
    if entry is None:
        raise Refusal(
            HTTPStatus.NOT_FOUND,
            "ledger",
            f"there is no entry {number}",
            hint="the list at /ledger has all of them",
        )
    before = next((one for one in found if one.seq == number - 1), None)
    return entry_page(wanted.facts, entry, before, wanted.facts.standing.head)


LEDGER = Page(path="/ledger", name="ledger", view=_list)
ENTRY = Page(path="/ledger/{n}", name="entry", view=_entry)
