"""Ten steps through a living system; what a step speaks of is looked up when the page is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from allowance.budget.health import Health
from allowance.core.counts import NoData
from allowance.core.duration import MINUTE
from allowance.core.time import Instant
from allowance.demo.living.scenarios import Faultline
from allowance.governance.facts import Standing
from allowance.governance.verdict import Verdict
from allowance.reports.pages.facts import Facts
from allowance.reports.pages.view import Head, Link, head

BROKEN = "search"
"""The service that the tour breaks."""
FROZEN = "checkout"
"""The service whose budget the past has spent."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What the steps look at; `gate` is what the gate says to a feature of a service at this moment."""

    facts: Facts
    faults: Faultline
    gate: Callable[[str], Verdict]
    now: Instant

    @property
    def standing(self) -> Standing:
        """What stands by the ledger."""
        return self.facts.standing

    def frozen(self, service: str) -> bool:
        """Whether a freeze of a service holds."""
        return any(one.service == service and one.end is None for one in self.standing.freezes.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`see` says what to look for behind `link`. `seen` is what was found now, `done` whether it is so already."""

    number: int
    title: str
    see: str
    link: Link
    command: str
    seen: str
    done: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Tour:
    """The page."""

    head: Head
    steps: tuple[Step, ...]


Found = tuple[str, bool]
Look = Callable[[Seen], Found]


def tour(seen: Seen) -> Tour:
    """All steps, each with what it finds."""
    steps = tuple(_step(number, plan, seen) for number, plan in enumerate(PLANS, 1))
    open_ = next((one for one in steps if not one.done), None)
    words = "You have seen it all" if open_ is None else f"Ten steps; next is {open_.number}: {open_.title}"
    health: Health = "broken" if seen.faults.broken else "ok"
    return Tour(head=head("Tour", words, health, seen.facts.at), steps=steps)


def _step(number: int, plan: Plan, seen: Seen) -> Step:
    text, done = plan.look(seen)
    return Step(
        number=number,
        title=plan.title,
        see=plan.see,
        link=Link(text=plan.to, href=plan.href),
        command=plan.command,
        seen=text,
        done=done,
    )


def _measured(seen: Seen) -> Found:
    if isinstance(seen.facts.at, NoData):
        return "the first minute is not judged yet", False
    return (
        f"{len(seen.facts.promises)} promises of {len(seen.facts.contract.services)} services are measured",
        True,
    )


def _spent(seen: Seen) -> Found:
    frozen = seen.frozen(FROZEN)
    return (f"{FROZEN} is frozen ✓" if frozen else f"{FROZEN} is not frozen any more"), frozen


def _asked(seen: Seen) -> Found:
    verdict = seen.gate(FROZEN)
    return f"a feature of {FROZEN}: {verdict.word}", verdict.word != "go"


def _bullet(seen: Seen) -> Found:
    bullets = seen.standing.bullets.values()
    closed = [one for one in seen.standing.obligations.values() if one.done is not None]
    return f"{len(bullets)} spent, {len(closed)} postmortem written ✓", bool(bullets and closed)


def _waived(seen: Seen) -> Found:
    waivers = seen.standing.waivers.values()
    return f"{len(waivers)} waiver, which has ended by itself ✓", bool(waivers)


def _began(seen: Seen) -> Found:
    if seen.faults.broken:
        return "something is broken on purpose ✓", True
    return ("it was broken, and mended ✓", True) if seen.faults.once else ("nothing is broken yet", False)


def _paged(seen: Seen) -> Found:
    firing = [
        one
        for one in seen.facts.alerts
        if one.severity == "page" and one.life.state in ("firing", "recovering")
    ]
    if firing:
        return f"{len(firing)} page{'s' if len(firing) > 1 else ''} open ✓", True
    return "no page is open; it takes one or two minutes after step 6", False


def _freeze(seen: Seen) -> Found:
    if seen.frozen(BROKEN):
        return f"the freeze of {BROKEN} began ✓", True
    return f"{BROKEN} is not frozen", False


def _stopped(seen: Seen) -> Found:
    verdict = seen.gate(BROKEN)
    return (
        f"a feature of {BROKEN}: {verdict.word}{' ✓' if verdict.word == 'stop' else ''}",
        verdict.word == "stop",
    )


def _mended(seen: Seen) -> Found:
    if seen.faults.broken or seen.faults.mended is None:
        return "it is still broken" if seen.faults.broken else "nothing was mended yet", False
    if seen.frozen(BROKEN):
        ago = max(0, seen.now - seen.faults.mended) // MINUTE
        return f"mended {ago} min ago; the freeze ends by itself when five minutes were calm", False
    return "mended, and the freeze has ended ✓", True


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A step before anything was looked up."""

    title: str
    see: str
    to: str
    href: str
    look: Look
    command: str = ""


PLANS: tuple[Plan, ...] = (
    Plan(
        title="The whole shop on one page",
        see="Which promises are kept, which are not, and what of the month's budget of failures is left.",
        to="Executive",
        href="/executive",
        look=_measured,
    ),
    Plan(
        title="A budget that is spent",
        see="Checkout lost more orders than was agreed. The strip shows the days; the freeze says what ends it.",
        to="Checkout",
        href="/services/checkout",
        look=_spent,
    ),
    Plan(
        title="May we ship?",
        see="The gate answers go, hold or stop, with every reason and what would change the answer.",
        to="The gate",
        href="/gate?service=checkout&change=feature",
        command="allowance gate checkout --change feature",
        look=_asked,
    ),
    Plan(
        title="An exception with a price",
        see="A silver bullet for the winter sale: who asked, who said yes, what it cost, and its postmortem.",
        to="Governance",
        href="/governance#bullets",
        command="allowance bullet list",
        look=_bullet,
    ),
    Plan(
        title="Not our fault, and what that means",
        see="The card provider was down. The budget stays spent; a waiver with an end lifted the consequence.",
        to="Who caused it",
        href="/slo/checkout/orders#causes",
        command="allowance attribution checkout/orders",
        look=_waived,
    ),
    Plan(
        title="Break something",
        see="Press Search fails. From now on nine of ten searches of real processes go wrong.",
        to="Break it",
        href="/demo",
        look=_began,
    ),
    Plan(
        title="Somebody is woken",
        see="One page, not ten: what burns, how fast, since when, and what else it hits.",
        to="On-call",
        href="/oncall",
        look=_paged,
    ),
    Plan(
        title="A freeze that nobody had to order",
        see="The policy has three signatures, so it acts by itself. The page says which clause, and how it ends.",
        to="Search",
        href="/services/search",
        look=_freeze,
    ),
    Plan(
        title="The gate has changed its mind",
        see="A minute ago a feature of search could go. Now it is stopped; a rollback still goes.",
        to="The gate",
        href="/gate?service=search&change=feature",
        command="allowance gate search --change rollback",
        look=_stopped,
    ),
    Plan(
        title="Mend it, and look back",
        see="Mend the shop. The page and the freeze end by themselves, and the ledger keeps who decided what.",
        to="The ledger",
        href="/ledger?verify=yes#chain",
        command="allowance ledger verify",
        look=_mended,
    ),
)
"""In the order in which a newcomer should see them."""
