"""Risk against reward as plain JSON and as text: every number with its interval and its inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

from allowance.contract.slo_write import money_text
from allowance.core.counts import NoData
from allowance.core.ratio import decimal_text
from allowance.governance.risk import LEVEL, Amounts, Chance, Minutes, Risk, Tally
from allowance.reports.numbers import machine


def risk_json(found: Risk) -> dict[str, Any]:
    """The answer with its inputs; what is not known is null, and `missing` says why."""
    asked = found.question
    return {
        "service": asked.service,
        "level": LEVEL,
        "chance": None if isinstance(found.chance, NoData) else _chance(found.chance),
        "outage_minutes": None if isinstance(found.minutes, NoData) else _minutes(found.minutes),
        "expected_loss": None if isinstance(found.loss, NoData) else _amounts(found.loss),
        "days_of_lift": None if isinstance(found.days, NoData) else _amounts(found.days),
        "inputs": {
            "burn_now": machine(asked.burn),
            "burning": None if isinstance(found.hot, NoData) else found.hot,
            "own": _tally(found.own),
            "change": asked.change,
            "own_of_this_class": None if isinstance(found.alike, NoData) else _tally(found.alike),
            "own_at_this_burn": _tally(found.at_burn),
            "other_services": _tally(found.everybody),
            "per_minute": None
            if asked.per_minute is None
            else money_text(asked.per_minute.amount, asked.per_minute.currency),
            "lift_per_day": None
            if asked.lift is None
            else money_text(asked.lift.amount, asked.lift.currency),
        },
        "missing": list(found.missing),
        "sentence": sentence(found),
    }


def sentence(found: Risk) -> str:
    """The answer in one sentence."""
    if isinstance(found.chance, NoData):
        return f"Too little data: {found.missing[0]}."
    chance = f"{_share(found.chance.mean)} ({_share(found.chance.low)} to {_share(found.chance.high)})"
    text = f"Shipping now goes wrong with a chance of {chance}"
    if isinstance(found.loss, NoData):
        return f"{text}; {found.missing[0]}." if found.missing else f"{text}."
    loss = found.loss
    text += f" and is expected to cost {_money(loss.usual)} {loss.currency} ({_money(loss.low)} to {_money(loss.high)})"
    if isinstance(found.days, NoData):
        return f"{text}."
    days = found.days
    lift = f"{_short(days.usual)} days ({_short(days.low)} to {_short(days.high)})"
    return f"{text}; the declared lift has paid for that after {lift}, so it is worth it only if waiting takes longer."


def risk_text(found: Mapping[str, Any]) -> str:
    """What `risk_json` says, as lines for a terminal."""
    inputs = found["inputs"]
    lines = [found["sentence"], "", "From"]
    rows = [
        ("deploys of its own", _of(inputs["own"])),
        *_of_class(inputs),
        ("of these at a burn like now", _of(inputs["own_at_this_burn"])),
        ("deploys of other services", _of(inputs["other_services"])),
        ("burn rate now", "no data" if inputs["burn_now"] is None else _short(inputs["burn_now"])),
        ("outage minutes", _spell(found["outage_minutes"])),
        ("worth of a minute", inputs["per_minute"] or "not declared"),
        ("lift a day", inputs["lift_per_day"] or "not declared"),
    ]
    lines += [f"  {name:<28} {value}" for name, value in rows]
    if found["missing"]:
        lines += ["", "Not known", *(f"  {one}" for one in found["missing"])]
    return "\n".join([*lines, ""])


def without_floats(value: Any) -> Any:
    """The same JSON with its floating-point numbers as decimal text, for the ledger."""
    if isinstance(value, float):
        return decimal_text(Fraction(value), 6)
    if isinstance(value, Mapping):
        return {key: without_floats(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [without_floats(part) for part in value]
    return value


def _chance(found: Chance) -> dict[str, float]:
    return {"mean": found.mean, "low": found.low, "high": found.high}


def _minutes(found: Minutes) -> dict[str, Any]:
    return {
        "usual": machine(found.usual),
        "least": machine(found.least),
        "most": machine(found.most),
        "spells": found.n,
    }


def _amounts(found: Amounts) -> dict[str, Any]:
    return {"usual": found.usual, "low": found.low, "high": found.high, "unit": found.currency}


def _tally(found: Tally) -> dict[str, int]:
    return {"deploys": found.deploys, "failed": found.failed}


def _of(tally: Mapping[str, int]) -> str:
    return f"{tally['failed']} of {tally['deploys']} failed"


def _of_class(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    if inputs["change"] is not None:
        found = inputs["own_of_this_class"]
        yield f"of these {inputs['change']}", "none on record" if found is None else _of(found)


def _spell(found: Mapping[str, Any] | None) -> str:
    if found is None:
        return "no outage on record"
    if not found["spells"]:
        return f"{_short(found['usual'])} (as you said)"
    return f"{_short(found['usual'])} ({_short(found['least'])} to {_short(found['most'])}, {found['spells']} spells)"


def _share(value: float) -> str:
    return f"{_short(value * 100)} %"


def _short(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.2g}"


def _money(value: float) -> str:
    return f"{value:,.0f}".replace(",", "\u202f") if abs(value) >= 100 else f"{value:.2g}"
