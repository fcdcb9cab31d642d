"""`allowance send`: made-up telemetry, to see that it arrives and what it does to a budget."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from allowance.cli.main import GO, STOP

if TYPE_CHECKING:
    from allowance.edges.sender import Sender
    from allowance.signals.made_up import Form, Scene

LONGEST = 86_400


def send(
    form: Annotated[str, Parameter(show_choices=False)],
    *,
    service: str = "checkout",
    rate: str = "50/s",
    errors: str = "2%",
    latency: str = "120ms",
    duration: Annotated[str, Parameter(name="--for")] = "10s",
    to: str | None = None,
    version: str = "test",
    region: str = "test",
    type_: Annotated[str, Parameter(name="--type")] = "test.request",
    key: str | None = None,
    json: Annotated[bool, Parameter(negative=())] = False,
) -> int:
    """Send made-up requests to a running server, and print how many it acknowledged.

    Of the first n events exactly floor(n x errors) are bad. A token for events is read from ALLOWANCE_TOKEN.
    Exit code 0: all acknowledged; 1: some were not.

    Example: allowance send otlp --service checkout --rate 50/s --errors 2% --for 1m

    Parameters
    ----------
    form
        otlp (spans of a server), log (OTLP log records), events (CloudEvents) or rum (beacons).
    service
        service.name of spans and logs, subject of events, site of beacons.
    rate
        How many events a second or a minute: 50/s, 600/m.
    errors
        The share that is bad: status 500.
    latency
        How long a request takes on average; it spreads from half to one and a half of it.
    duration
        How long to send.
    to
        The server. Default: http://127.0.0.1:4318 for otlp and log; for events and rum ALLOWANCE_SERVER, else
        http://127.0.0.1:8787.
    version
        The version that is told.
    region
        The region that is told.
    type_
        The type of CloudEvents.
    key
        The public key of the site, for beacons.
    json
        Print one JSON document.
    """
    import os

    from allowance.cli.terminal import print_json
    from allowance.contract.amounts import parse_latency, parse_share
    from allowance.core.duration import parse_duration
    from allowance.edges.sender import Sender
    from allowance.signals.made_up import Scene

    chosen, share = _form(form), parse_share(errors)
    if not 0 <= share <= 1:
        raise _usage(f"{errors} is no share of all events", "write --errors 2%")
    scene = Scene(
        service=service,
        run=os.urandom(6).hex(),
        errors=share,
        latency_ms=parse_latency(latency),
        version=version,
        region=region,
        type=type_,
        key=key,
    )
    seconds = parse_duration(duration)
    total = int(per_second(rate) * min(seconds, LONGEST))
    if to is None and chosen in ("events", "rum"):
        to = os.environ.get("ALLOWANCE_SERVER") or None
    with Sender(chosen, to, os.environ.get("ALLOWANCE_TOKEN")) as sender:
        sent, acknowledged, reasons = _sent(sender, chosen, scene, total, per_second(rate))
    facts = {
        "to": sender.url,
        "sent": sent,
        "bad": int(sent * share),
        "acknowledged": acknowledged,
        "refused": dict(reasons),
    }
    if json:
        print_json(facts)
    else:
        _show(facts, reasons)
    return GO if acknowledged == sent else STOP


def _sent(
    sender: Sender, form: Form, scene: Scene, total: int, rate: Fraction
) -> tuple[int, int, Counter[str]]:
    from allowance.cli.terminal import progress
    from allowance.edges import clock
    from allowance.edges.sender import BATCH
    from allowance.signals.made_up import event

    acknowledged, sent, reasons = 0, 0, Counter[str]()
    with progress(f"sending to {sender.url}") as moved:
        for due in _pace(total, rate):
            while sent < due:
                some = range(sent, min(due, sent + BATCH[form]))
                now = clock.now()
                answered = sender.send(scene, [event(scene, number, now=now) for number in some])
                acknowledged += answered.acknowledged
                if answered.refused:
                    reasons[answered.why or "no reason was told"] += answered.refused
                sent = some.stop
                moved(sent, total)
    return sent, acknowledged, reasons


def _pace(total: int, rate: Fraction) -> Iterator[int]:
    """How many events should have been sent by now, again and again until it is all of them."""
    import time

    began, due = time.monotonic(), 0
    while due < total:
        due = min(total, 1 + int((time.monotonic() - began) * float(rate)))
        yield due
        if due < total:
            time.sleep(min(0.1, float(1 / rate)))


def per_second(text: str) -> Fraction:
    """`50/s`, `600/m` or `50` to events a second. Errors: `Problem` `usage`, `number`."""
    from allowance.contract.amounts import parse_positive

    amount, _, unit = text.partition("/")
    divisor = {"": 1, "s": 1, "m": 60, "h": 3600}.get(unit.strip())
    if divisor is None:
        raise _usage(f"{text!r} is no rate", "write 50/s or 600/m")
    return parse_positive(amount.strip()) / divisor


def _form(text: str) -> Form:
    from allowance.signals.made_up import FORMS

    found = next((form for form in FORMS if form == text), None)
    if found is None:
        raise _usage(f"{text!r} cannot be sent", f"one of {', '.join(FORMS)}")
    return found


def _usage(message: str, hint: str) -> Exception:
    from allowance.core.problem import refuse

    return refuse("usage", message, hint=hint)


def _show(facts: dict[str, object], reasons: Counter[str]) -> None:
    print(f"{facts['sent']} sent to {facts['to']}, {facts['bad']} of them bad")
    print(f"{facts['acknowledged']} acknowledged")
    for reason, count in reasons.most_common():
        print(f"{count} refused: {reason}")
