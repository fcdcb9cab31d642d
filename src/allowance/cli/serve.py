"""`allowance serve`: the live loop, from telemetry to the right person told once."""

from __future__ import annotations

from allowance.cli.main import GO


def serve(
    *paths: str,
    store: str = "allowance.db",
    notify: str | None = None,
    listen: str = "127.0.0.1:8787",
    otlp: str = "127.0.0.1:4318",
    delay: str = "10s",
    link: str = "",
    tokens: str = "allowance-tokens.json",
    oidc: str | None = None,
    github: str | None = None,
    samples: str | None = None,
) -> int:
    """Watch every promise of a contract: one tick a minute, alerts told through channels, an HTTP API beside it.

    State lives in one file (or a PostgreSQL); the program may be killed at any instant and goes on where it was.

    Example: allowance serve shop.yaml --notify notify.yaml

    Parameters
    ----------
    paths
        Contract files or folders.
    store
        Where state is kept: a file for SQLite, or postgresql://...
    notify
        Who is told by which channel. Default: notices are only recorded.
    listen
        The address of the API.
    otlp
        The address of the OTLP receiver over HTTP, where the contract has SLOs over OTLP; gRPC is one port below.
    delay
        How long after the end of a minute it is judged, so that the last scrapes are in.
    link
        The address that links in messages begin with. Default: http:// and the address of the API.
    tokens
        The file of the API's tokens; made at the first start, with a first token that is printed once.
    oidc
        A file that says by which OpenID Connect provider people sign in. Default: by one-time links only.
    github
        Which repositories of GitHub belong to which service, and how its deployments are answered: docs/gate.md.
    samples
        How samples of errors are kept, and where your traces are: docs/samples.md. Default: 14 days, redacted.
    """
    from pathlib import Path

    from allowance.cli.contracts import read_contract
    from allowance.core.duration import parse_duration
    from allowance.web.composed import Serving
    from allowance.web.listening import Address
    from allowance.web.serve import serve_until_stopped

    contract = read_contract(paths)
    address = Address.parse(listen)
    serving = Serving(
        contract=contract,
        paths=paths,
        store=store,
        notify=None if notify is None else Path(notify),
        address=address,
        delay=parse_duration(delay),
        link=link or f"http://{address}",
        tokens=Path(tokens),
        otlp=Address.parse(otlp),
        oidc=None if oidc is None else Path(oidc),
        github=None if github is None else Path(github),
        samples=None if samples is None else Path(samples),
    )
    serve_until_stopped(serving)
    return GO
