"""Both views of who was hurt and who caused it, as plain JSON and as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from allowance.core.time import iso
from allowance.governance.attribution import Attribution, Part
from allowance.reports.numbers import duration, exact, machine, percent, whole


def attribution_json(found: Attribution, unseen: Sequence[str]) -> dict[str, Any]:
    """Exact decimals are text; the parts of each view sum to the whole. `unseen`: dependencies without telemetry."""
    bad = found.counts.bad
    return {
        "slo": found.slo,
        "from": iso(found.span.begin),
        "to": iso(found.span.end),
        "total": found.counts.total,
        "bad": bad,
        "hurt": [
            {
                "group": one.group,
                "bad": one.counts.bad,
                "total": one.counts.total,
                "sli": machine(one.counts.sli),
                "share": machine(one.share),
            }
            for one in found.hurt
        ],
        "caused": [_part(found, one) for one in found.parts],
        "unattributed": {
            "bad": exact(found.unattributed),
            "share": machine(found.unattributed / bad) if bad else None,
        },
        "unseen": list(unseen),
    }


def attribution_text(found: Attribution, unseen: Sequence[str]) -> str:
    """Two short tables for a terminal."""
    bad, span = found.counts.bad, found.span
    lines = [
        f"{found.slo}, {iso(span.begin)} to {iso(span.end)}: {whole(bad)} of {whole(found.counts.total)} were bad",
        "",
        "Who was hurt",
    ]
    lines += [
        f"  {one.group or 'everybody':<28} {percent(one.share):>8}  {whole(one.counts.bad)} bad, SLI {percent(one.counts.sli, 3)}"
        for one in found.hurt
    ]
    lines += ["", "Who caused it"]
    lines += [
        f"  {f'{one.cause.kind} {one.cause.name}':<28} {percent(found.share(one)):>8}  {_why(one)}"
        for one in found.parts
    ]
    rest = percent(found.unattributed / bad) if bad else "no data"
    lines.append(f"  {'unattributed':<28} {rest:>8}  nothing that is measured here explains it")
    if unseen:
        lines += ["", f"Not measured, so neither guilty nor innocent: {', '.join(unseen)}"]
    return "\n".join([*lines, ""])


def attribution_facts(found: Attribution) -> Mapping[str, Any]:
    """What a decision keeps of it: no floating-point numbers, only the causes."""
    return {
        "from": iso(found.span.begin),
        "to": iso(found.span.end),
        "bad": found.counts.bad,
        "caused": [
            {
                "kind": one.cause.kind,
                "name": one.cause.name,
                "basis": one.cause.basis,
                "bad": exact(one.bad),
                "confidence": percent(one.confidence, 3),
            }
            for one in found.parts
        ],
        "unattributed": exact(found.unattributed),
    }


def _part(found: Attribution, one: Part) -> dict[str, Any]:
    return {
        "kind": one.cause.kind,
        "name": one.cause.name,
        "basis": one.cause.basis,
        "bad": exact(one.bad),
        "share": machine(found.share(one)),
        "inside": exact(one.inside),
        "expected": exact(one.expected),
        "fault_seconds": one.seconds,
        "confidence": machine(one.confidence),
        "windows": [{"from": iso(w.begin), "to": iso(w.end)} for w in one.cause.windows[:100]],
    }


def _why(one: Part) -> str:
    if not one.cause.windows:
        return "it had no fault in this span"
    text = f"at fault for {duration(one.seconds)}"
    if one.cause.basis == "declared":
        text += ", as somebody declared: that alone proves nothing"
    return f"{text}; confidence {percent(one.confidence)}"
