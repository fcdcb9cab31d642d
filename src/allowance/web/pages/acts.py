"""The forms of governance: each does what its route of the API does, for people without scripts."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Request
from pydantic import BaseModel, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from allowance.app import exceptions as app
from allowance.app.freezing import followed, known_policy
from allowance.app.law import Asked as Entries
from allowance.contract.policy_write import policy_document
from allowance.contract.signing import policy_hash
from allowance.core.problem import ProblemError
from allowance.governance.releases import USUAL
from allowance.governance.roles import SIGNS
from allowance.governance.signatures import missing
from allowance.reports.memo import memo_markdown
from allowance.reports.pages.act import Act, Field, act, price_words
from allowance.reports.pages.signed import PARTIES, changes_since, written_down
from allowance.web import bankruptcies, bullets, freezes, obligations, overrides, policies, releases, waivers
from allowance.web.asked import Asked, House
from allowance.web.contract_files import KIND
from allowance.web.deciding import deciding
from allowance.web.exception_asks import BulletIn, DoneIn, ReasonIn, ReleaseIn, WaiverIn
from allowance.web.exceptions import longest_bullet, person
from allowance.web.pages.forms import form, whats_wrong
from allowance.web.pages.page import Page, Wanted
from allowance.web.policies import STATUS
from allowance.web.policy_shapes import EndIn, FreezeIn, SignatureIn
from allowance.web.problems import Refusal
from allowance.web.tokens import Caller, may

router = APIRouter(include_in_schema=False)

In = TypeVar("In", bound=BaseModel)
Act_ = Callable[[House, Caller, dict[str, str]], str]
LONGEST = 2000


def _said(wanted: Wanted, name: str, default: str = "") -> str:
    return wanted.query.get(name, default)[:LONGEST].strip()


def _services(wanted: Wanted) -> tuple[str, ...]:
    return tuple(one.name for one in wanted.facts.contract.services)


def _bullet(wanted: Wanted) -> Act:
    said = {name: _said(wanted, name) for name in ("service", "change", "reason")}
    said["environment"] = _said(wanted, "environment") or "production"
    means: tuple[str, ...] = ()
    text, ready = "", False
    if said["service"] and said["change"] and said["reason"]:
        try:
            longest = longest_bullet(wanted.house, said["service"])
            wish = app.Wish(seconds=longest, **said)
            price, memo = app.price_of_bullet(wanted.house.state, wish, person(wanted.who), now=wanted.now)
            means, text, ready = price_words(price), memo_markdown(memo), True
        except ProblemError as error:
            problem = error.problems[0]
            means = (f"It cannot be spent: {problem.message}.", problem.hint)
    return act(
        wanted.facts,
        "Silver bullet",
        f"Spend a silver bullet on {said['change']}?" if said["change"] else "Spend a silver bullet?",
        "It lets one change go against the policy. It is counted, it ends, and a postmortem is owed for it.",
        action="/governance/bullet",
        button="Ask for it",
        right="sign",
        fields=(
            Field(name="service", label="service", value=said["service"], choices=_services(wanted)),
            Field(name="change", label="change", value=said["change"], hint="the id that the pipeline sends"),
            Field(name="environment", label="environment", value=said["environment"]),
            Field(name="reason", label="reason", value=said["reason"], long=True),
        ),
        means=means,
        text=text,
        looks=True,
        ready=ready,
    )


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
            Field(name="service", label="service", value=_said(wanted, "service"), choices=_services(wanted)),
            Field(name="model", label="model", value="hard", choices=("soft", "hard", "governance")),
            Field(name="reason", label="reason", value=_said(wanted, "reason"), long=True),
        ),
    )


def _waiver(wanted: Wanted) -> Act:
    slos = tuple(one.id for one in wanted.facts.contract.slos)
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
            Field(name="slo", label="promise", value=_said(wanted, "slo"), choices=slos),
            Field(name="dependency", label="dependency", value=_said(wanted, "dependency")),
            Field(name="hours", label="hours", value=_said(wanted, "hours", "24")),
            Field(name="reason", label="reason", value=_said(wanted, "reason"), long=True),
            Field(name="evidence", label="evidence", value=_said(wanted, "evidence"), needed=False),
            Field(name="owner", label="owner's word", value=_said(wanted, "owner"), needed=False),
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
            Field(name="service", label="service", value=_said(wanted, "service"), choices=_services(wanted)),
            Field(name="change", label="change", value=_said(wanted, "change")),
            Field(
                name="environment", label="environment", value=_said(wanted, "environment") or "production"
            ),
            Field(name="hours", label="hours", value=_said(wanted, "hours", "24")),
            Field(name="plan", label="plan", value=_said(wanted, "plan"), long=True),
            Field(
                name="conditions",
                label="conditions",
                value=_said(wanted, "conditions") or "\n".join(USUAL),
                long=True,
                hint="one per line",
            ),
        ),
    )


def _sign(wanted: Wanted) -> Act:
    contract = wanted.house.state.contract
    name = _said(wanted, "policy") or next(iter(followed(contract)), "")
    found = deciding(lambda: known_policy(contract, name), STATUS)
    policy, digest, standing = found.policy, policy_hash(found.policy), wanted.facts.standing
    lacking = missing(policy, digest, standing)
    party = None if wanted.who.role is None else SIGNS.get(wanted.who.role)
    earlier = [one for one in standing.signed if one.policy == policy.name and one.hash != digest]
    means = []
    if earlier:
        last = max(earlier, key=lambda one: one.seq)
        entries = wanted.house.state.law.ledger.find(Entries(kind=KIND, since=last.at))
        changes = changes_since(policy.name, entries, last.at)
        means.append(f"{last.by} signed another version, {last.hash[:12]}. Since then:")
        means += changes or ("no change of it was recorded while the program ran",)
    else:
        means.append("No earlier version was signed here: read all of it.")
    can = party is not None and party in lacking
    if party is not None and not can:
        means.append(f"{PARTIES[party]} has signed this version already.")
    return act(
        wanted.facts,
        "Policy",
        f"{policy.display_name or policy.name}, version {policy.version}",
        f"Its hash is {digest}. It binds when Product, Engineering and Business signed exactly this version.",
        action="/governance/sign",
        button=f"Sign for {PARTIES[party]}" if party is not None else "Sign",
        right="sign",
        hidden={"policy": policy.name, "hash": digest},
        means=means,
        text=written_down(policy_document(policy)),
        ready=can,
    )


PAGES = (
    Page(path="/governance/bullet", name="act", view=_bullet),
    Page(path="/governance/freeze", name="act", view=_freeze),
    Page(path="/governance/waiver", name="act", view=_waiver),
    Page(path="/governance/release", name="act", view=_release),
)
SIGN = Page(path="/governance/sign", name="act", view=_sign)


def _filled(shape: type[In], said: dict[str, Any]) -> In:
    try:
        return shape.model_validate(said)
    except ValidationError as error:
        raise whats_wrong(error) from None


def _only(said: dict[str, str], *names: str) -> dict[str, str]:
    return {name: said[name].strip() for name in names if said.get(name, "").strip()}


def _spend(asked: House, who: Caller, said: dict[str, str]) -> str:
    bullets.ask(asked, who, _filled(BulletIn, _only(said, "service", "change", "environment", "reason")))
    return "/governance#waiting"


def _begin(asked: House, who: Caller, said: dict[str, str]) -> str:
    freezes.begin(asked, who, _filled(FreezeIn, _only(said, "service", "model", "reason")))
    return "/governance#freezes"


def _end(asked: House, who: Caller, said: dict[str, str]) -> str:
    freezes.end(asked, who, said.get("id", ""), _filled(EndIn, _only(said, "reason")))
    return "/governance#freezes"


def _waive(asked: House, who: Caller, said: dict[str, str]) -> str:
    told: dict[str, Any] = _only(said, "slo", "dependency", "hours", "reason", "owner")
    if said.get("evidence", "").strip():
        told["evidence"] = [said["evidence"].strip()]
    waivers.grant(asked, who, _filled(WaiverIn, told))
    return "/governance#waivers"


def _unwaive(asked: House, who: Caller, said: dict[str, str]) -> str:
    waivers.end(asked, who, said.get("id", ""), _filled(ReasonIn, _only(said, "reason")))
    return "/governance#waivers"


def _release_it(asked: House, who: Caller, said: dict[str, str]) -> str:
    told: dict[str, Any] = _only(said, "service", "change", "environment", "hours", "plan")
    told["conditions"] = [line.strip() for line in said.get("conditions", "").splitlines() if line.strip()]
    releases.ask(asked, who, _filled(ReleaseIn, told))
    return "/governance#releases"


def _put(asked: House, who: Caller, said: dict[str, str]) -> str:
    name = said.get("policy", "")
    policies.signatures(asked, who, name, _filled(SignatureIn, _only(said, "hash")))
    return f"/governance#policy-{name}"


def _done(asked: House, who: Caller, said: dict[str, str]) -> str:
    obligations.done(asked, who, said.get("id", ""), _filled(DoneIn, _only(said, "evidence")))
    return "/governance#owed"


YES: dict[str, tuple[str, Callable[[House, Caller, str], Response]]] = {
    "bullet": ("spend", bullets.approve),
    "override": ("override", overrides.approve),
    "release": ("release", releases.approve),
    "bankruptcy": ("sign", bankruptcies.sign),
}
"""Which right it takes to say yes to what waits, and what says it."""


def _approve(asked: House, who: Caller, said: dict[str, str]) -> str:
    waits = said.get("id", "")
    right, yes = YES.get(waits.partition("-")[0], ("", None))
    if yes is None:
        raise Refusal(
            HTTPStatus.NOT_FOUND, "unknown-id", f"nothing waits under {waits[:100]}", hint="see the list"
        )
    if right not in who.rights:
        raise Refusal(
            HTTPStatus.FORBIDDEN,
            "role",
            f"the role of {who.name} does not allow to {right}",
            hint="somebody of an approving role has to say yes",
        )
    yes(asked, who, waits)
    return "/governance"


def _route(path: str, right: Any, do: Act_) -> None:
    async def doing(request: Request, asked: Asked, who: Annotated[Caller, may(right)]) -> Response:
        said = await form(request)
        return RedirectResponse(await run_in_threadpool(do, asked, who, said), HTTPStatus.SEE_OTHER)

    doing.__annotations__["who"] = Annotated[Caller, may(right)]
    router.add_api_route(f"/governance/{path}", doing, methods=["POST"])


for _path, _right, _do in (
    ("bullet", "sign", _spend),
    ("freeze", "freeze", _begin),
    ("freeze/end", "freeze", _end),
    ("waiver", "waive", _waive),
    ("waiver/end", "waive", _unwaive),
    ("release", "sign", _release_it),
    ("sign", "sign", _put),
    ("done", "sign", _done),
    ("approve", "sign", _approve),
):
    _route(_path, _right, _do)
