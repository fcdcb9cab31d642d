"""`allowance policy`: policies explained, tried with made-up budgets, and replayed over what was recorded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from allowance.cli.history_options import Several, Switch
from allowance.cli.main import GO, STOP
from allowance.core.problem import refuse

if TYPE_CHECKING:
    from allowance.contract.budget_policy import ErrorBudgetPolicy
    from allowance.contract.model import Contract, Service

policy = App(
    name="policy", help="Error-budget policies: explained, tried, and replayed before anybody signs."
)

Json = Annotated[Switch, Parameter(name="--json")]


@policy.command
def presets(*, json: Json = False) -> int:
    """The policies to begin with, in a sentence each.

    Example: allowance policy presets

    Parameters
    ----------
    json
        The answer as JSON.
    """
    from allowance.cli.terminal import console, print_json, table
    from allowance.contract.policies import POLICIES

    if json:
        print_json([{"name": name, "description": one.description} for name, one in POLICIES.items()])
        return GO
    rows = table("preset", "what it says")
    for name, one in POLICIES.items():
        rows.add_row(name, one.description or "")
    console().print(rows)
    return GO


@policy.command
def show(name: str, *paths: str, json: Json = False) -> int:
    """Explain a policy: states, clauses, how a freeze ends, and who has yet to sign.

    Example: allowance policy show green-yellow-red

    Parameters
    ----------
    name
        A preset, or a policy in the files.
    paths
        Files or folders with the policy.
    json
        All that it says, presets and defaults written out, as JSON.
    """
    from allowance.cli.terminal import print_json
    from allowance.contract.policy_write import policy_document
    from allowance.contract.signing import missing_roles, policy_hash
    from allowance.reports.policy_text import explained

    found = _policy(name, _documents(paths) if paths else None)
    if json:
        print_json(
            {
                "name": found.name,
                "hash": policy_hash(found),
                "missing": list(missing_roles(found)),
                "spec": policy_document(found),
            }
        )
        return GO
    print("\n".join(explained(found)))
    return GO


@policy.command(name="test")
def try_(*paths: str, json: Json = False) -> int:
    """Try policies with the cases of PolicyTest documents, as if they were signed. Exit code 1: a case fails.

    Example: allowance policy test policies/

    Parameters
    ----------
    paths
        Files or folders with the policies and their cases.
    json
        Every case and its answer as JSON.
    """
    from allowance.cli.policy_terminal import show_tried
    from allowance.cli.terminal import print_json
    from allowance.edges.cel import Cel
    from allowance.governance.policy_cases import try_case

    contract = _documents(paths)
    if not contract.policy_tests:
        raise refuse("policy-test", "these documents hold no PolicyTest", hint="see docs/policy.md")
    say = Cel()
    tried = [
        (one.policy, try_case(_policy(one.policy, contract), case, say=say))
        for one in contract.policy_tests
        for case in one.cases
    ]
    if json:
        rows = [
            {
                "policy": name,
                "case": one.case.name,
                "passed": one.passed,
                "expected": one.case.expect,
                "verdict": one.word,
                "why": one.why,
            }
            for name, one in tried
        ]
        print_json({"passed": all(one.passed for _, one in tried), "cases": rows})
    else:
        show_tried(tried)
    return GO if all(one.passed for _, one in tried) else STOP


@policy.command
def replay(
    *contract: str,
    service: str | None = None,
    history: str | None = None,
    deploys: str | None = None,
    against: Several = (),
    begin: Annotated[str | None, Parameter(name="--from")] = None,
    end: Annotated[str | None, Parameter(name="--to")] = None,
    json: Json = False,
) -> int:
    """What a policy would have done with what was recorded: states, freezes, and which deploys it would have stopped.

    It is replayed as if it were signed, by the step that runs live.

    Example: allowance policy replay shop.yaml --history access.log --against last-tenth

    Parameters
    ----------
    contract
        Contract files or folders: SLOs, services and their policies.
    service
        The service. Default: the only one.
    history
        Files or an address to measure instead of the sources that the contract names.
    deploys
        A CSV or JSON Lines with `at`, and where known `service`, `version`, `change`, `state`, `environment`.
    against
        Another policy over the same: a preset, a policy of the contract, or a file. May be repeated.
    begin
        Where to begin. Default: as far back as the sources go, servers as far as the windows look.
    end
        Where to end. Default: the end of the data.
    json
        The answer as one JSON document.
    """
    from allowance.app.policy_replay import attempts, histories, replayed
    from allowance.cli.contracts import read_contract, source_named
    from allowance.cli.policy_terminal import show_played
    from allowance.cli.terminal import print_json
    from allowance.core.time import parse_instant
    from allowance.edges import clock
    from allowance.edges.cel import Cel
    from allowance.edges.deploy_file import read_deploys
    from allowance.edges.measure import measure
    from allowance.reports.policy_text import played_json

    found = read_contract(contract)
    one = _service(found, service)
    counted = histories(
        found,
        [one],
        measure,
        begin=None if begin is None else parse_instant(begin),
        end=None if end is None else parse_instant(end),
        now=clock.now(),
        source=None if history is None else source_named(history),
    )
    tried = attempts(read_deploys(deploys), one.name) if deploys is not None else ()
    policies = [_policy(one.policy, found), *(_other(name, found) for name in against)]
    played = replayed(one, policies, counted, tried, say=Cel())
    if json:
        print_json([played_json(result) for result in played])
    else:
        show_played(played)
    return GO


def _documents(paths: tuple[str, ...]) -> Contract:
    from allowance.contract.read import read
    from allowance.edges.documents import read_paths

    return read(read_paths(paths).files).trusted()


def _policy(name: str, contract: Contract | None) -> ErrorBudgetPolicy:
    from allowance.contract.policies import POLICIES

    own = {one.name: one for one in contract.budget_policies} if contract is not None else {}
    found = own.get(name) or POLICIES.get(name)
    if found is None:
        known = ", ".join(dict.fromkeys([*own, *POLICIES]))
        raise refuse("policy", f"there is no policy {name!r}", hint=f"known: {known}")
    return found


def _other(name: str, contract: Contract) -> ErrorBudgetPolicy:
    """A policy to stand beside: by name, or the only one of a file."""
    from allowance.contract.policies import POLICIES

    if name in POLICIES or contract.budget_policy(name) is not None:
        return _policy(name, contract)
    own = [one for one in _documents((name,)).budget_policies if POLICIES.get(one.name) != one]
    if len(own) != 1:
        raise refuse(
            "policy",
            f"{name} holds {len(own)} policies",
            hint="name a file with one, or the name of a policy",
        )
    return own[0]


def _service(contract: Contract, name: str | None) -> Service:
    measured = [one for one in contract.services if one.slos]
    if name is None and len(measured) == 1:
        return measured[0]
    known = ", ".join(one.name for one in measured)
    if name is None:
        raise refuse("service", "the contract has several services", hint=f"choose with --service: {known}")
    found = next((one for one in measured if one.name == name), None)
    if found is None:
        raise refuse("service", f"no service {name!r} has an SLO", hint=f"known: {known}")
    return found
