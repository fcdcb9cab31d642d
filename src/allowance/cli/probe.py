"""`allowance probe`: one request, every phase of it, and whether it was as expected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from allowance.cli.main import GO, HOLD, STOP

if TYPE_CHECKING:
    from allowance.contract.probe import Expect, Probe
    from allowance.signals.probe import Judged, NotMade


def probe(
    *targets: str,
    expect: tuple[str, ...] = (),
    method: str = "GET",
    timeout: str = "10s",
    redirects: int = 0,
    count: int = 1,
    every: str = "1s",
    link_local: Annotated[bool, Parameter(negative=())] = False,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Probe an address now, or make the probes of a contract once. Nothing is counted.

    Exit code 0: all as expected; 1: something was not; 3: a probe could not be made, so nothing is known.

    Example: allowance probe https://shop.example/health --expect status=200 --expect latency=300ms

    Parameters
    ----------
    targets
        Addresses (http:// or https://), or files and folders of a contract.
    expect
        What an address must answer: status=2xx, latency=300ms, body=REGEX, json.PATH=VALUE, tls=14 (days left).
    method
        GET, HEAD, POST, PUT or OPTIONS, for addresses.
    timeout
        How long an address may take.
    redirects
        How many redirects of an address are followed.
    count
        How often each is probed.
    every
        The pause between two probes of the same target.
    link_local
        Also probe addresses where clouds keep machine metadata.
    json
        Print one JSON document.
    """
    probes = _probes(targets, expect, method, timeout, redirects, link_local)
    results = list(_made(probes, count, every, quiet=json))
    if json:
        from allowance.cli.terminal import print_json

        print_json({"probes": [_plain(one, found) for one, found in results]})
    else:
        _summary(results)
    if any(_is_bad(found) for _, found in results):
        return STOP
    return GO if all(_is_made(found) for _, found in results) else HOLD


def _probes(
    targets: Sequence[str],
    expect: Sequence[str],
    method: str,
    timeout: str,
    redirects: int,
    link_local: bool,
) -> list[Probe]:
    from allowance.contract.probe import METHODS, Probe
    from allowance.contract.probe_document import parse_url
    from allowance.core.duration import parse_duration
    from allowance.core.problem import refuse

    word = next((one for one in METHODS if one == method.upper()), None)
    if word is None:
        raise refuse("usage", f"a probe does not {method}", hint=f"one of {', '.join(METHODS)}")
    if not targets:
        raise refuse("usage", "nothing to probe was named", hint="name an address or a contract")
    addresses = [one for one in targets if "://" in one]
    paths = [one for one in targets if "://" not in one]
    wanted = expectation(expect)
    found = [
        Probe(
            url=parse_url(url),
            method=word,
            timeout=parse_duration(timeout),
            redirects=redirects,
            link_local=link_local,
            expect=wanted,
        )
        for url in addresses
    ]
    return found + (_of_contract(paths) if paths else [])


def _of_contract(paths: Sequence[str]) -> list[Probe]:
    from allowance.cli.contracts import read_contract
    from allowance.contract.probe import Probe
    from allowance.core.problem import refuse

    sources = [slo.source for slo in read_contract(paths).slos]
    found = list(dict.fromkeys(one for one in sources if isinstance(one, Probe)))
    if not found:
        raise refuse("probe", "this contract has no probe", hint="write source: {probe: https://...}")
    return found


def expectation(words: Sequence[str]) -> Expect:
    """What `--expect` says. Errors: `Problem` `usage` and those of each word."""
    from dataclasses import replace

    from allowance.contract.amounts import parse_count, parse_latency
    from allowance.contract.probe import Expect
    from allowance.contract.probe_document import parse_pattern, parse_status
    from allowance.core.problem import refuse

    found, status, answers = Expect(), [], []
    for text in words:
        name, equals, value = text.partition("=")
        if not equals:
            raise refuse("usage", f"{text!r} says nothing to expect", hint="write --expect status=200")
        if name == "status":
            status.append(parse_status(value))
        elif name == "latency":
            found = replace(found, latency_ms=parse_latency(value))
        elif name == "body":
            found = replace(found, body=parse_pattern(value))
        elif name == "tls":
            found = replace(found, tls_days_left=parse_count(value))
        elif name.startswith("json.") and len(name) > 5:
            answers.append((name.removeprefix("json."), value))
        else:
            known = "status, latency, body, json.PATH and tls"
            raise refuse("usage", f"{name!r} cannot be expected", hint=f"known are {known}")
    return replace(found, status=tuple(status) or found.status, json=tuple(sorted(answers)))


def _made(
    probes: Sequence[Probe], count: int, every: str, *, quiet: bool
) -> Iterator[tuple[Probe, Judged | NotMade]]:
    import time

    from allowance.core.duration import parse_duration
    from allowance.edges.prober import attempt
    from allowance.signals.probe import NotMade, judge

    pause = parse_duration(every)
    for number in range(max(1, count)):
        if number:
            time.sleep(pause)
        for one in probes:
            tried = attempt(one)
            found = tried if isinstance(tried, NotMade) else judge(tried, one.expect)
            if not quiet:
                _show(one, found)
            yield one, found


def _show(probe: Probe, found: Judged | NotMade) -> None:
    from allowance.core.counts import NoData
    from allowance.signals.probe import NotMade, days_left

    if isinstance(found, NotMade):
        print(f"? not made  {probe.method} {probe.url}\n  {found.why}")
        return
    went = found.attempt
    status = "no answer" if isinstance(went.status, NoData) else str(went.status)
    word = "✓ good" if found.good else "✗ bad "
    print(f"{word}  {probe.method} {probe.url}  {status} in {_ms(went.total)}")
    spans = [f"{_NAMES[name]} {_ms(spent)}" for name, spent in went.phases.items()]
    if spans:
        print(f"  {', '.join(spans)}")
    left = days_left(went)
    facts = [f"at {went.address}"] if went.address else []
    facts += [f"certificate ends in {left} days"] if not isinstance(left, NoData) else []
    facts += [f"led to {hop}" for hop in went.hops]
    if facts:
        print(f"  {', '.join(facts)}")
    for failure in found.failures:
        print(f"  {failure}")


_NAMES = {
    "dns": "dns",
    "connect": "connect",
    "tls": "tls",
    "send": "send",
    "first_byte": "first byte",
    "body": "body",
}


def _ms(microseconds: int) -> str:
    tenths = (microseconds + 50) // 100
    return f"{tenths // 10}.{tenths % 10} ms"


def _summary(results: Sequence[tuple[Probe, Judged | NotMade]]) -> None:
    if len(results) < 2:
        return
    made = [found for _, found in results if _is_made(found)]
    bad = sum(_is_bad(found) for found in made)
    missing = len(results) - len(made)
    rest = f", {missing} not made" if missing else ""
    print(f"\n{len(made) - bad} of {len(made)} probes good{rest}")


def _is_made(found: Judged | NotMade) -> bool:
    from allowance.signals.probe import NotMade

    return not isinstance(found, NotMade)


def _is_bad(found: Judged | NotMade) -> bool:
    from allowance.signals.probe import NotMade

    return not isinstance(found, NotMade) and not found.good


def _plain(probe: Probe, found: Judged | NotMade) -> dict[str, Any]:
    from allowance.core.counts import NoData
    from allowance.core.time import iso
    from allowance.signals.probe import NotMade, days_left

    head = {"method": probe.method, "url": probe.url}
    if isinstance(found, NotMade):
        return {**head, "at": iso(found.at), "verdict": "not made", "failures": [found.why]}
    went, left = found.attempt, days_left(found.attempt)
    return {
        **head,
        "at": iso(went.at),
        "verdict": "good" if found.good else "bad",
        "failures": list(found.failures),
        "status": None if isinstance(went.status, NoData) else went.status,
        "address": went.address or None,
        "hops": list(went.hops),
        "total_us": went.total,
        "phases_us": dict(went.phases),
        "tls_days_left": None if isinstance(left, NoData) else left,
    }
