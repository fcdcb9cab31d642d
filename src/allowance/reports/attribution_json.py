"""Both views of who was hurt and who caused it, as plain JSON and as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from allowance.core.counts import NO_DATA
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


def attribution_text(found: Mapping[str, Any]) -> str:
    """What `attribution_json` says, as two short tables for a terminal."""
    head = f"{whole(found['bad'])} of {whole(found['total'])} were bad"
    lines = [f"{found['slo']}, {found['from']} to {found['to']}: {head}", "", "Who was hurt"]
    lines += [
        f"  {one['group'] or 'everybody':<28} {_percent(one['share']):>8}  {whole(one['bad'])} bad of {whole(one['total'])}"
        for one in found["hurt"]
    ]
    lines += ["", "Who caused it"]
    names = [(f"{one['kind']} {one['name']}", one) for one in found["caused"]]
    lines += [f"  {name:<28} {_percent(one['share']):>8}  {_why(one)}" for name, one in names]
    rest = _percent(found["unattributed"]["share"])
    lines.append(f"  {'unattributed':<28} {rest:>8}  nothing that is measured here explains it")
    if found["unseen"]:
        lines += ["", f"Not measured, so neither guilty nor innocent: {', '.join(found['unseen'])}"]
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


def why_text(part: Part) -> str:
    """How a cause is known to be one."""
    return _why_words(part.cause.basis, part.seconds, machine(part.confidence))


def _why(one: Mapping[str, Any]) -> str:
    if not one["windows"]:
        return "it had no fault in this span"
    return _why_words(one["basis"], one["fault_seconds"], one["confidence"])


def _why_words(basis: str, seconds: int, confidence: float | None) -> str:
    text = f"at fault for {duration(seconds)}"
    if basis == "declared":
        text += ", as somebody declared: that alone proves nothing"
    return f"{text}; {confidence_text(confidence)}"


def confidence_text(share: float | None) -> str:
    """How sure it is, in words; never a round 100 %."""
    if share is None:
        return "nobody can say how surely"
    return "confidence over 99.9 %" if share > 0.999 else f"confidence {_percent(share)}"


def _percent(share: float | None) -> str:
    return percent(NO_DATA if share is None else Fraction(share))
