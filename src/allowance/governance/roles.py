"""Who may do what: one table."""

from __future__ import annotations

from typing import Literal, get_args

from allowance.contract.budget_policy import Role as SigningRole

Role = Literal["viewer", "deployer", "engineer", "tpm", "executive", "admin"]
ROLE_NAMES: tuple[Role, ...] = get_args(Role)

Right = Literal[
    "read",
    "report",
    "ask",
    "acknowledge",
    "mute",
    "annotate",
    "correct",
    "sign",
    "release",
    "spend",
    "waive",
    "freeze",
    "bankrupt",
    "override",
    "administer",
]
"""`read`: see everything. `report`: send events. `ask`: have a verdict recorded. `acknowledge`: take an alert, say
what it was. `mute`: silences and maintenance. `annotate`: notes on charts. `correct`: take a period out of the counts.
`sign`: put the signature of one's role under a policy. `release`: grant a conditional release. `spend`: say
yes to a silver bullet, where the policy names one's party (`exceptions.approvers`). `waive`: a dependency waiver.
`freeze`: begin or lift a freeze by hand. `bankrupt`: begin a new epoch. `override`: lift a governance freeze for one
change. `administer`: tokens, contract reload, backup."""

ROLES: dict[Role, frozenset[Right]] = {
    "viewer": frozenset({"read"}),
    "deployer": frozenset({"read", "report", "ask"}),
    "engineer": frozenset(
        {"read", "report", "ask", "acknowledge", "mute", "annotate", "correct", "sign", "spend"}
    ),
    "tpm": frozenset(
        {"read", "ask", "acknowledge", "mute", "annotate", "sign", "release", "spend", "waive", "freeze"}
    ),
    "executive": frozenset(
        {"read", "ask", "annotate", "sign", "release", "spend", "waive", "freeze", "bankrupt", "override"}
    ),
    "admin": frozenset(
        {"read", "report", "ask", "acknowledge", "mute", "annotate", "correct", "freeze", "administer"}
    ),
}
"""An admin runs the program and decides nothing: exceptions and signatures take a role that answers for them."""

SIGNS: dict[Role, SigningRole] = {"engineer": "engineering", "tpm": "product", "executive": "business"}
"""For which of the three parties a role signs a policy and approves an exception."""

RIGHTS_WITHOUT_TOKEN: frozenset[Right] = frozenset({"read"})
"""What the own machine may do where reading is open."""
