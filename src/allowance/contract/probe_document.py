"""Probes as documents write them: `probe: https://shop.example/health`, or a map with all that is expected."""

from __future__ import annotations

import re
from fractions import Fraction

from allowance.contract.amounts import parse_count, parse_latency
from allowance.contract.envelope import text_map
from allowance.contract.fields import Fields
from allowance.contract.nodes import ScalarNode
from allowance.contract.probe import LONGEST, METHODS, SHORTEST, Expect, Probe, StatusRange
from allowance.core.duration import parse_duration
from allowance.core.problem import ProblemError, refuse

MOST_REDIRECTS = 10

_RANGE = re.compile(r"([1-5])(?:xx|(\d\d)(?:-([1-5]\d\d))?)")
_URL = re.compile(r"(?i:https?)://(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]{1,253})(?::(\d{1,5}))?(?:[/?][!-~]*)?")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}")
_TEXT = re.compile(r"[\x20-\x7e]{0,4000}")
_WITNESS = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9.-]{1,253}):(\d{1,5})")


def read_probe(fields: Fields) -> Probe | None:
    """The probe of a source; what is wrong is reported."""
    if isinstance(fields.get("probe"), ScalarNode):
        url = fields.parsed("probe", parse_url)
        return None if url is None else Probe(url=url)
    inside = fields.fields("probe")
    if inside is None:
        return None
    probe = _probe(inside)
    inside.finish()
    return probe


def _probe(fields: Fields) -> Probe | None:
    url = fields.parsed("url", parse_url) if fields.need("url") else None
    interval = fields.parsed("interval", _interval) or 60
    timeout = fields.parsed("timeout", parse_duration) or min(10, interval)
    expect = fields.fields("expect")
    found = _expect(expect) if expect is not None else Expect()
    headers, secrets = _headers(fields, "headers"), _headers(fields, "secretHeaders")
    if timeout > interval:
        fields.wrong(
            "timeout", "the timeout is longer than the interval", hint="probes must not overtake each other"
        )
    if url is None:
        return None
    return Probe(
        url=url,
        method=fields.word("method", METHODS) or "GET",
        interval=interval,
        timeout=timeout,
        headers=headers,
        secret_headers=secrets,
        body=fields.text("body"),
        redirects=fields.parsed("redirects", _redirects) or 0,
        ca_file=fields.text("caFile"),
        witness=fields.parsed("witness", parse_witness),
        link_local=fields.flag("linkLocal") or False,
        expect=found,
    )


def _expect(fields: Fields) -> Expect:
    ranges = tuple(one for text in _words(fields, "status") for one in _status(fields, text))
    answers = text_map(fields, "json")
    latency: Fraction | None = fields.parsed("latency", parse_latency)
    expect = Expect(
        status=ranges or Expect().status,
        latency_ms=latency,
        body=fields.parsed("body", parse_pattern),
        json=tuple(sorted(answers.items())),
        tls_days_left=fields.parsed("tlsDaysLeft", parse_count),
    )
    fields.finish()
    return expect


def _words(fields: Fields, key: str) -> tuple[str, ...]:
    """A list or one value, numbers and texts alike."""
    node = fields.get(key)
    if isinstance(node, ScalarNode):
        return (node.text,)
    return tuple(item.text for _, item in fields.items(key) if isinstance(item, ScalarNode))


def _status(fields: Fields, text: str) -> tuple[StatusRange, ...]:
    try:
        return (parse_status(text),)
    except ProblemError as error:
        problem = error.problems[0]
        fields.wrong("status", problem.message, hint=problem.hint, code=problem.code)
        return ()


def _headers(fields: Fields, key: str) -> tuple[tuple[str, str], ...]:
    found = text_map(fields, key)
    for name, text in found.items():
        if not _HEADER.fullmatch(name) or not _TEXT.fullmatch(text):
            fields.wrong(
                key, f"{name[:40]!r} is no header that can be sent", hint="use letters, digits and -"
            )
    return tuple(sorted(found.items()))


def _interval(text: str) -> int:
    seconds = parse_duration(text)
    if SHORTEST <= seconds <= LONGEST:
        return seconds
    raise refuse("interval", f"a probe every {text} is out of bounds", hint="between 10s and 1h")


def _redirects(text: str) -> int:
    count = parse_count(text)
    if count <= MOST_REDIRECTS:
        return count
    raise refuse("number", f"{text} redirects are too many", hint=f"at most {MOST_REDIRECTS}")


def parse_url(text: str) -> str:
    """The address of a probe: http or https, with a host, without a login. Errors: `Problem` `probe-url`."""
    match = _URL.fullmatch(text.strip())
    if match is None or (match[2] is not None and not 0 < int(match[2]) < 65536):
        raise refuse(
            "probe-url",
            f"{text[:200]!r} is not an address that can be probed",
            hint="write http:// or https://, a host, and the path; a login belongs into secretHeaders",
        )
    return text.strip()


def parse_witness(text: str) -> str:
    """`host:port`. Errors: `Problem` `witness`."""
    match = _WITNESS.fullmatch(text.strip())
    if match is None or not 0 < int(match[2]) < 65536:
        raise refuse("witness", f"{text[:100]!r} is no host and port", hint="for example 1.1.1.1:443")
    return text.strip()


def parse_status(text: str) -> StatusRange:
    """`200`, `2xx` or `200-399`. Errors: `Problem` `status`."""
    match = _RANGE.fullmatch(text.strip().lower())
    if match is not None and match[2] is None:
        return int(match[1]) * 100, int(match[1]) * 100 + 99
    if match is not None:
        first = int(match[1] + match[2])
        last = first if match[3] is None else int(match[3])
        if first <= last:
            return first, last
    raise refuse("status", f"{text[:40]!r} is no status", hint="write 200, 2xx or 200-399")


def parse_pattern(text: str) -> str:
    """A regular expression. Errors: `Problem` `pattern`."""
    try:
        re.compile(text)
    except re.error as error:
        raise refuse("pattern", f"{text[:80]!r} is no regular expression: {error}") from None
    if len(text) > 1000:
        raise refuse("pattern", "the regular expression is longer than 1000 characters")
    return text


def status_text(status: StatusRange) -> str:
    """As `parse_status` reads it."""
    first, last = status
    if first == last:
        return str(first)
    return f"{first // 100}xx" if first % 100 == 0 and last == first + 99 else f"{first}-{last}"
