"""What the forms of governance do: each the same as its route of the API, for people without scripts."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import RedirectResponse, Response

from allowance.web import bankruptcies, bullets, freezes, obligations, overrides, policies, releases, waivers
from allowance.web.asked import Asked, House
from allowance.web.exception_asks import BulletIn, DoneIn, OverrideIn, ReasonIn, ReleaseIn, WaiverIn
from allowance.web.pages.act_forms import declared
from allowance.web.pages.forms import filled, form
from allowance.web.policy_shapes import EndIn, FreezeIn, SignatureIn
from allowance.web.problems import Refusal
from allowance.web.tokens import Caller, may

router = APIRouter(include_in_schema=False)

Act_ = Callable[[House, Caller, dict[str, str]], str]


def _only(said: dict[str, str], *names: str) -> dict[str, str]:
    return {name: said[name].strip() for name in names if said.get(name, "").strip()}


def _spend(asked: House, who: Caller, said: dict[str, str]) -> str:
    bullets.ask(asked, who, filled(BulletIn, _only(said, "service", "change", "environment", "reason")))
    return "/governance#waiting"


def _override(asked: House, who: Caller, said: dict[str, str]) -> str:
    told = _only(said, "service", "change", "environment", "freeze", "reason")
    overrides.ask(asked, who, filled(OverrideIn, told))
    return "/governance#waiting"


def _declare(asked: House, who: Caller, said: dict[str, str]) -> str:
    bankruptcies.declare(asked, who, declared(said))
    return "/governance#waiting"


def _begin(asked: House, who: Caller, said: dict[str, str]) -> str:
    freezes.begin(asked, who, filled(FreezeIn, _only(said, "service", "model", "reason")))
    return "/governance#freezes"


def _end(asked: House, who: Caller, said: dict[str, str]) -> str:
    freezes.end(asked, who, said.get("id", ""), filled(EndIn, _only(said, "reason")))
    return "/governance#freezes"


def _waive(asked: House, who: Caller, said: dict[str, str]) -> str:
    told: dict[str, Any] = _only(said, "slo", "dependency", "hours", "reason", "owner")
    if said.get("evidence", "").strip():
        told["evidence"] = [said["evidence"].strip()]
    waivers.grant(asked, who, filled(WaiverIn, told))
    return "/governance#waivers"


def _unwaive(asked: House, who: Caller, said: dict[str, str]) -> str:
    waivers.end(asked, who, said.get("id", ""), filled(ReasonIn, _only(said, "reason")))
    return "/governance#waivers"


def _release_it(asked: House, who: Caller, said: dict[str, str]) -> str:
    told: dict[str, Any] = _only(said, "service", "change", "environment", "hours", "plan")
    told["conditions"] = [line.strip() for line in said.get("conditions", "").splitlines() if line.strip()]
    releases.ask(asked, who, filled(ReleaseIn, told))
    return "/governance#releases"


def _put(asked: House, who: Caller, said: dict[str, str]) -> str:
    name = said.get("policy", "")
    policies.signatures(asked, who, name, filled(SignatureIn, _only(said, "hash")))
    return f"/governance#policy-{name}"


def _done(asked: House, who: Caller, said: dict[str, str]) -> str:
    obligations.done(asked, who, said.get("id", ""), filled(DoneIn, _only(said, "evidence")))
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
    ("override", "sign", _override),
    ("bankruptcy", "bankrupt", _declare),
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
