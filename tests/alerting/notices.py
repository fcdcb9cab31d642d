"""Notices that tests make up."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from allowance.alerting.alert import Message, Mute, Notice
from allowance.alerting.lifecycle import Entry, Life
from allowance.contract.rules import SEVERITIES

T0 = 1_795_000_020
"""2026-11-18T11:07:00Z, the edge of a minute."""


def notice(number: int = 1, **changes: Any) -> Notice:
    """A page of the checkout; notices with different numbers belong to different alerts."""
    signature = changes.pop("signature", f"checkout/availability-{number}/page")
    says = changes.pop("says", "opened")
    opened = changes.pop("opened", T0)
    fields: dict[str, Any] = {
        "key": f"{signature}/{opened}/{says}/1",
        "says": says,
        "signature": signature,
        "severity": "page",
        "service": "checkout",
        "opened": opened,
        "since": opened,
        "at": opened if says == "opened" else opened + 600,
        "labels": {
            "service": "checkout",
            "slo": f"availability-{number}",
            "severity": "page",
            "owner": "shop",
        },
        "message": Message(
            title="checkout availability: 28 of 100 requests fail",
            lines=("28 of 100 requests fail in the last 5m.", "At this pace the budget lasts 2 h."),
            facts={"service": "checkout", "target": "99.9 %", "owner": "shop"},
            first_step="Open the runbook: https://runbooks.example.com/checkout",
            link="https://slo.example.com/slo/checkout/availability?at=2026-11-18T11:07:00Z",
        ),
    }
    return Notice(**fields | changes)


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30)
instants = st.integers(0, 2**37)
labels = st.dictionaries(texts, texts, max_size=4)
messages = st.builds(
    Message,
    title=texts,
    lines=st.lists(texts, max_size=4).map(tuple),
    facts=labels,
    first_step=texts,
    link=texts,
)
notices = st.builds(
    Notice,
    key=texts,
    says=st.sampled_from(["opened", "reopened", "resolved"]),
    signature=texts,
    severity=st.sampled_from(SEVERITIES),
    service=texts,
    opened=instants,
    since=instants,
    at=instants,
    labels=labels,
    message=messages,
)
lives = st.builds(
    Life,
    state=st.sampled_from(["pending", "firing", "recovering", "resolved"]),
    since=instants,
    timer=instants,
    entries=st.lists(st.builds(Entry, begin=instants, end=st.none() | instants), max_size=4).map(tuple),
)
mutes = st.builds(
    Mute,
    id=texts,
    kind=st.sampled_from(["maintenance", "silence", "deploy"]),
    begin=instants,
    end=instants,
    labels=labels,
    by=texts,
    why=texts,
    unless_burn_above=st.none() | st.floats(0, 1000),
)
