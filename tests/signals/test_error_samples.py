"""Signatures, their limit, and what must never be in a sample."""

from __future__ import annotations

import json
import re
from dataclasses import asdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allowance.signals.error_samples import OTHER, Catalogue, Limits, Signature, without_ids
from allowance.signals.otlp_points import About, Failure
from allowance.signals.redaction import LONGEST, Rules, clean, is_card

SECOND = 10**9
T0 = 1_790_000_000


def failure(number: int, *, name: str = "GET /a", at: int = T0, message: str = "", **said: str) -> Failure:
    about = About(
        own={"name": name, "kind": "server", "status_code": "error"},
        attributes=said,
        resource={"service.name": "shop", "service.version": "7"},
    )
    ids = number.to_bytes(16, "big") + (number + 1).to_bytes(8, "big")
    return Failure(ids, at * SECOND, at * SECOND + 5, about, "", message)


@st.composite
def cards(draw: st.DrawFn) -> str:
    first = draw(st.sampled_from("3456"))
    digits = first + draw(st.text("0123456789", min_size=14, max_size=14))
    last = next(str(one) for one in range(10) if is_card([int(d) for d in f"{digits}{one}"]))
    separator = draw(st.sampled_from(["", " ", "-"]))
    return separator.join(re.findall("....", digits + last))


NAMES = st.text("abcdefghijklmnop", min_size=3, max_size=12)
EMAILS = st.builds(lambda name, host: f"{name}.secret@{host}.example.org", NAMES, NAMES)
TOKENS = st.one_of(
    st.text("abcdefghijkABCDEF0123456789", min_size=20, max_size=40).map(lambda one: f"Bearer {one}"),
    st.text("abcdefghijkABCDEF0123456789", min_size=20, max_size=40).map(lambda one: f"ghp_{one}"),
    st.text("abcdefghijkABCDEF0123456789", min_size=12, max_size=20).map(lambda one: f"password={one}"),
    st.text("abcdefghijkABCDEF0123456789", min_size=20, max_size=40).map(
        lambda one: f"eyJhbGciOi.eyJ{one}.{one}"
    ),
)
SECRETS = st.one_of(cards(), EMAILS, TOKENS)
AROUND = st.text(st.sampled_from("abc xyz.,:;()[]\n'\"/?&= é世"), max_size=30)


@given(SECRETS, AROUND, AROUND, st.sampled_from(["message", "tenant.id", "name", "http.route", "error.type"]))
def test_no_sample_holds_a_planted_secret(secret: str, before: str, after: str, where: str) -> None:
    text = f"{before} {secret} {after}"
    said = {} if where in ("message", "name") else {where: text}
    one = failure(
        1,
        message=text if where == "message" else "",
        name=text if where == "name" else "GET /a",
        **said,
    )
    taken = Catalogue().take([one])
    texts = [(one.version, one.tenant, one.region, one.message) for one in taken.samples]
    kept = json.dumps([texts, [asdict(one) for one in taken.signatures.values()]], ensure_ascii=False)
    payload = secret.removeprefix("Bearer ").removeprefix("password=")
    assert payload not in kept
    if said or where == "message":
        assert taken.sensitive


@given(st.integers(0, 60), SECRETS)
def test_a_secret_at_the_end_of_a_long_text_is_not_kept_in_half(back: int, secret: str) -> None:
    text = "x " * ((LONGEST - back) // 2) + secret + " y" * 100
    found = clean(text).text
    assert secret[: max(len(secret) // 2, 6)] not in found


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("order 8812 failed after 4111111111111111 ms", "order 8812 failed after [card] ms"),
        ("trace 4111111111111112", "trace 4111111111111112"),
        ("from 10.0.0.7", "from 10.0.0.7"),
        ("postgres://user:pass@db/x", "postgres://[token]@db/x"),
        ('{"api_key": "abc"}', '{"[token]"}'),
    ],
)
def test_what_is_taken_out_and_what_is_not(text: str, kept: str) -> None:
    assert clean(text).text == kept


def test_addresses_and_own_patterns_go_where_they_are_asked_for() -> None:
    rules = Rules(keys=("patient",), patterns=(re.compile(r"KD-\d+"),), addresses=True)
    assert clean("10.0.0.7 and fe80::1 saw KD-77", rules).text == "[ip] and [ip] saw [pattern]"
    assert clean("Ada", rules, name="patient.name").text == "[key]"


@pytest.mark.parametrize(
    ("name", "without"),
    [
        ("GET /orders/8812", "GET /orders/#"),
        ("GET /v2/users/7f3e9a1c-0000-4000-8000-0123456789ab/cart", "GET /v2/users/#/cart"),
        ("500", "500"),
        ("deadbeef99 feedback", "# feedback"),
    ],
)
def test_ids_and_numbers_make_no_signature(name: str, without: str) -> None:
    assert without_ids(name) == without


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 7200)), max_size=60))
def test_signatures_stay_within_their_limit_and_no_error_is_lost(errors: list[tuple[int, int]]) -> None:
    catalogue = Catalogue(limits=Limits(signatures=4, samples=2))
    held: dict[str, int] = {}
    for number, (which, at) in enumerate(sorted(errors, key=lambda one: one[1])):
        taken = catalogue.take([failure(number, name="GET /" + "abcdefghijklm"[which], at=T0 + at)])
        catalogue.learn(taken)
        other = Signature(service="shop", place=OTHER, kind="", error="").id
        for gone in taken.folded:
            held[other] = held.get(other, 0) + held.pop(gone)
        for (own, _), count in taken.counts.items():
            held[own] = held.get(own, 0) + count
        assert len([one for one in held if one != other]) <= 4
    assert sum(held.values()) == len(errors)
