"""Policies and their signatures: `/v1/policies`."""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated, Any

from fastapi import APIRouter
from starlette.responses import Response

from allowance.app.freezing import Followed, followed, known_policy
from allowance.contract.signing import policy_hash
from allowance.core.time import iso
from allowance.governance.roles import SIGNS
from allowance.governance.signatures import missing, sign
from allowance.reports.policy_json import policy_json
from allowance.web.asked import Asked, House, OnlyJson
from allowance.web.deciding import deciding
from allowance.web.policy_shapes import Policies, Policy, PolicySignature, SignatureIn
from allowance.web.problems import Json, Refusal
from allowance.web.shapes import Name, answers
from allowance.web.tokens import Caller, covers, may

router = APIRouter(prefix="/v1/policies", tags=["policy"])

STATUS = {
    "policy": HTTPStatus.NOT_FOUND,
    **dict.fromkeys(("version", "signed", "person"), HTTPStatus.CONFLICT),
}


@router.get("", dependencies=[may("read")], responses=answers(Policies), summary="Error-budget policies")
def policies(asked: Asked) -> Response:
    """Those that are written or followed, with who signed this version and who has yet to."""
    return Json({"policies": [_shown(asked, one) for one in followed(asked.state.contract).values()]})


@router.get("/{name}", dependencies=[may("read")], responses=answers(Policy, 404, 422), summary="One policy")
def policy(asked: Asked, name: Name) -> Response:
    """`spec` is all that it says, presets and defaults written out; `hash` is what a signature is under."""
    return Json(_shown(asked, deciding(lambda: known_policy(asked.state.contract, name), STATUS)))


@router.post(
    "/{name}/signatures",
    status_code=HTTPStatus.CREATED,
    dependencies=[OnlyJson],
    responses=answers(PolicySignature, 400, 404, 409, 415, 422, status=201),
    summary="Sign a policy",
)
def signatures(asked: Asked, who: Annotated[Caller, may("sign")], name: Name, said: SignatureIn) -> Response:
    """For the party that the caller's role speaks for; 409 where the policy is no longer the one that was read."""
    found = deciding(lambda: known_policy(asked.state.contract, name), STATUS)
    for service in found.services:
        covers(who, service.name)
    party = None if who.role is None else SIGNS.get(who.role)
    if party is None:
        raise Refusal(
            HTTPStatus.FORBIDDEN,
            "role",
            f"{who.name} speaks for none of the three parties",
            hint="engineers sign for engineering, TPMs for product, executives for business",
        )
    now, digest = asked.clock(), policy_hash(found.policy)
    entries = deciding(
        lambda: asked.state.law.act(
            lambda standing: [
                sign(found.policy, digest, standing, role=party, by=who.name, read=said.hash, now=now)
            ]
        ),
        STATUS,
    )
    one = entries[0].payload
    in_force = not missing(found.policy, digest, asked.state.law.standing())
    return Json(
        {
            "policy": one["policy"],
            "hash": digest,
            "role": party,
            "by": who.name,
            "at": iso(now),
            "entry": entries[0].seq,
            "in_force": in_force,
        },
        HTTPStatus.CREATED,
    )


def _shown(asked: House, one: Followed) -> dict[str, Any]:
    names = [service.name for service in one.services]
    digest = policy_hash(one.policy)
    return policy_json(one.policy, digest, names, asked.state.law.standing(), now=asked.clock())
