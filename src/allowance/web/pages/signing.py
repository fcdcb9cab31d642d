"""`/governance/sign`: a policy is read, with what changed since it was signed before, and signed."""

from __future__ import annotations

from allowance.app.freezing import followed, known_policy
from allowance.app.law import Asked as Entries
from allowance.contract.policy_write import policy_document
from allowance.contract.signing import policy_hash
from allowance.governance.roles import SIGNS
from allowance.governance.signatures import missing
from allowance.reports.pages.act import Act, act
from allowance.reports.pages.signed import PARTIES, changes_since, written_down
from allowance.web.contract_files import KIND
from allowance.web.deciding import deciding
from allowance.web.pages.act_forms import said
from allowance.web.pages.page import Page, Wanted
from allowance.web.policies import STATUS


def _sign(wanted: Wanted) -> Act:
    contract = wanted.house.state.contract
    name = said(wanted, "policy") or next(iter(followed(contract)), "")
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


PAGE = Page(path="/governance/sign", name="act", view=_sign)
