"""A contract to begin with: one service, its first SLOs, and beside each what it was chosen from."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from allowance.contract import defaults
from allowance.contract.formats import API_VERSION
from allowance.contract.indicator import Events, Indicator
from allowance.contract.model import Kind, Tier
from allowance.contract.presets import preset
from allowance.contract.slo_write import indicator_document, rule_document, source_document
from allowance.contract.source import Files, Source
from allowance.contract.yaml_text import yaml_text
from allowance.core.ratio import decimal_text, percent_text
from allowance.core.window import RollingWindow

_WIDTH = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSlo:
    """One proposed SLO. `target` is left to the tier where it is `None`; `remarks` become comments above it."""

    name: str
    kind: Kind
    indicator: Indicator
    target: Fraction | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Starter:
    """What is known before the contract is written; `seen` are remarks about the telemetry that was looked at."""

    service: str
    owner: str | None = None
    tier: Tier = defaults.TIER
    runbook: str | None = None
    journey: str | None = None
    outcome: str | None = None
    source: Source
    slos: tuple[FirstSlo, ...]
    seen: tuple[str, ...] = ()


def unmeasured_slos(good: str | None = None) -> tuple[FirstSlo, ...]:
    """Availability and latency as a web service would have them, before anything was measured."""
    return (
        FirstSlo(
            name="availability",
            kind="availability",
            indicator=Events(good="status < 500" if good is None else good),
            remarks=(
                "Did requests succeed? The target is that of the tier; allowance analyze tells what history supports.",
            ),
        ),
        FirstSlo(
            name="latency",
            kind="latency",
            indicator=Events(latency_ms=Fraction(300)),
            target=Fraction(95, 100),
            remarks=("Were requests fast enough? 300 ms is a guess; choose what users would call slow.",),
        ),
    )


UNSEEN_SOURCE = Files(paths=("access.log",))


def starter_text(starter: Starter, *, file: str) -> str:
    """The contract as one YAML document with comments. `file` is the name that its comments use for it."""
    return "".join(f"{line}\n" for line in _lines(starter, file))


def _lines(starter: Starter, file: str) -> Iterator[str]:
    yield from _comment(
        f"What users of {starter.service} may expect. Check it with: allowance check {file}. "
        f"Measure it with: allowance status {file}.",
        0,
    )
    for remark in starter.seen:
        yield from _comment(remark, 0)
    yield ""
    yield from _yaml({"apiVersion": API_VERSION, "kind": "Service", "metadata": {"name": starter.service}}, 0)
    yield "spec:"
    yield from _head(starter)
    yield ""
    yield "  slos:"
    for slo in starter.slos:
        yield from _slo(slo, starter.tier)
    yield from _journey(starter)
    yield from _comment("What the service cannot work without, and what each of them promises:", 2)
    yield "  # dependencies:"
    yield "  #   - {service: payments, kind: hard, target: 99.99}"


def _head(starter: Starter) -> Iterator[str]:
    if starter.owner is None:
        yield "  # owner: the team that answers for it"
    else:
        yield from _yaml({"owner": starter.owner}, 2)
    usual = percent_text(defaults.TIER_TARGETS[starter.tier])
    yield from _comment(
        f"Tiers go from 0 (an outage stops the business) to 3; tier {starter.tier} usually promises {usual}.",
        2,
    )
    yield from _yaml({"tier": starter.tier}, 2)
    if starter.runbook is None:
        yield "  # runbook: the address of the page that says what to do when it pages"
    else:
        yield from _yaml({"runbook": starter.runbook}, 2)
    yield from _comment("Where the telemetry is.", 2)
    yield from _yaml({"source": source_document(starter.source)}, 2)


def _slo(slo: FirstSlo, tier: Tier) -> Iterator[str]:
    target = defaults.default_target(slo.kind, tier) if slo.target is None else slo.target
    document: dict[str, object] = {"name": slo.name}
    if slo.kind != defaults.default_kind(slo.indicator):
        document["kind"] = slo.kind
    document |= indicator_document(slo.indicator)
    document |= {"target": f"{decimal_text(target * 100)}%", "window": str(defaults.WINDOW)}
    yield from (line for remark in slo.remarks for line in _comment(remark, 4))
    rules, remark = _living_rules(target)
    if remark:
        yield from _comment(remark, 4)
        document["alerts"] = rules
    first, *rest = _yaml(document, 6)
    yield f"    - {first.lstrip()}"
    yield from rest
    yield "      noData: {severity: ticket, after: 30m}"
    yield ""


def _living_rules(target: Fraction) -> tuple[list[dict[str, object]] | str, str]:
    """The default rules that can fire at this target, and a remark where some cannot."""
    period = defaults.WINDOW.seconds if isinstance(defaults.WINDOW, RollingWindow) else 0
    every = preset(defaults.ALERTS, period)
    alive = [rule for rule in every if not rule.is_dead(target, period)]
    if len(alive) == len(every):
        return [], ""
    remark = (
        f"At {percent_text(target)} even a total outage burns too slowly for the usual rules; these can fire."
    )
    return [rule_document(rule) for rule in alive] or "none", remark


def _journey(starter: Starter) -> Iterator[str]:
    if starter.journey is None:
        yield from _comment("What users want to get done with it, and why that matters to the business:", 2)
        yield "  # journeys:"
        yield "  #   - {name: buy, outcome: Orders are paid.}"
        yield ""
        return
    journey = {"name": starter.journey, **({"outcome": starter.outcome} if starter.outcome else {})}
    yield from _yaml({"journeys": [journey]}, 2)
    yield ""


def _yaml(value: dict[str, object], indent: int) -> list[str]:
    text = yaml_text([value]).removeprefix("---\n")
    return [f"{' ' * indent}{line}" for line in text.splitlines()]


def _comment(text: str, indent: int) -> Iterable[str]:
    margin = f"{' ' * indent}# "
    words = "".join(char if char.isprintable() else " " for char in text)
    lines: Sequence[str] = textwrap.wrap(words, _WIDTH, initial_indent=margin, subsequent_indent=margin)
    return lines
