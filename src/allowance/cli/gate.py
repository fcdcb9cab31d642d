"""`allowance gate`: may this change go, by exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from allowance.cli.history_options import Switch
from allowance.contract.budget_policy import ChangeClass

if TYPE_CHECKING:
    from allowance.governance.verdict import Ask, Verdict


def gate(
    service: str,
    *,
    change: ChangeClass = "feature",
    version: str = "",
    commit: str = "",
    env: str = "production",
    change_id: str = "",
    wait: Switch = False,
    timeout: str = "30m",
    server: str | None = None,
    token_file: str = "",
    key: str = "",
    contract: Annotated[tuple[str, ...], Parameter(negative=())] = (),
    at: str | None = None,
    shadow: Switch = False,
    json: Annotated[Switch, Parameter(name="--json")] = False,
) -> int:
    """Ask whether a change of a service may go now, and why. Exit code 0: go; 1: stop; 3: hold; 2: no verdict.

    A running server is asked, and its verdict is in the ledger where ALLOWANCE_TOKEN or --token-file holds a token
    that may ask; without one (on the server's own machine) it is only read. With --contract no server is needed: the
    promises are measured now from their sources, and the same rules judge.

    Example: allowance gate checkout --contract shop.yaml --change hotfix

    Parameters
    ----------
    service
        The service that changes.
    change
        What kind of change it is. Which kinds a policy stops stands in its clauses; going back is always allowed.
    version
        What is deployed, such as 4.14.0.
    commit
        The commit that it is built from.
    env
        Where it goes.
    change_id
        The id that exceptions are bound to, such as a pull request or a ticket.
    wait
        Ask again every 5 seconds until the answer is go or the time is over; only the last verdict is recorded.
    timeout
        How long to wait at most.
    server
        The address of the server. Default: ALLOWANCE_SERVER, else http://127.0.0.1:8787.
    token_file
        A file with the token. Default: ALLOWANCE_TOKEN.
    key
        The same question under the same key is answered by the same entry of the ledger.
    contract
        Contract files or folders: judge without a server.
    at
        With --contract: judge as of this instant. Default: now.
    shadow
        Answer go in any case, and say what the true verdict is.
    json
        The verdict as JSON.
    """
    from allowance.cli.gate_fast import CODES, Wanted, run, say
    from allowance.core.duration import parse_duration
    from allowance.core.problem import refuse
    from allowance.governance.verdict import Ask, verdict_json

    if contract:
        asks_a_server = {"--wait": wait, "--key": key, "--server": server, "--token-file": token_file}
        if named := [name for name, given in asks_a_server.items() if given]:
            raise refuse(
                "usage",
                f"{', '.join(named)} and --contract do not go together: no server is asked",
                hint="leave out one of them",
            )
        ask = Ask(
            service=service,
            change=change,
            version=version,
            commit=commit,
            environment=env,
            change_id=change_id,
            shadow=shadow,
        )
        found = verdict_json(_measured(ask, contract, at))
        say(found, as_json=json)
        return CODES[found["verdict"]]
    if at is not None:
        raise refuse("usage", "--at needs --contract: a server judges now", hint="see allowance gate --help")
    options = {
        "change": change,
        "version": version,
        "commit": commit,
        "env": env,
        "change_id": change_id,
        "wait": wait,
        "timeout": parse_duration(timeout),
        "server": server,
        "token_file": token_file,
        "key": key,
        "shadow": shadow,
        "json": json,
    }
    return run(Wanted(service, options))


def _measured(ask: Ask, paths: tuple[str, ...], at: str | None) -> Verdict:
    """The verdict from the sources of a contract themselves, by the same rules."""
    from allowance.app.gate_measured import measured_verdict
    from allowance.cli.contracts import read_contract
    from allowance.core.time import parse_instant
    from allowance.edges import clock
    from allowance.edges.cel import Cel
    from allowance.edges.measure import measure

    instant = None if at is None else parse_instant(at)
    return measured_verdict(ask, read_contract(paths), measure, now=clock.now(), at=instant, say=Cel())
