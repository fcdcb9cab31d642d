"""slo-generator's ServiceLevelObjective (its second form, `sre.google.com/v2`).

Its window and its alerts stand in a configuration of its own, which is not read: what its documentation begins with
holds here, that is 28 days, and four rules over one window each.
"""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

from allowance.contract.amounts import as_name, parse_object_name
from allowance.contract.envelope import Envelope, open_envelope
from allowance.contract.factor_rule import FactorRule
from allowance.contract.fields import Fields
from allowance.contract.indicator import Foreign, Indicator, PromHistogram, PromRatio, PromShare
from allowance.contract.nodes import MapNode, plain
from allowance.contract.notes import Notes
from allowance.contract.openslo_metrics import warn_share
from allowance.contract.rules import Severity
from allowance.contract.written import Alerting, Written, WrittenService, WrittenSlo
from allowance.core.duration import DAY, HOUR
from allowance.core.window import RollingWindow

API_VERSION = "sre.google.com/v2"
KIND = "ServiceLevelObjective"
POLICY = "default"
PROMETHEUS = "prometheus"
USUAL_OPERATORS = ("increase", "sum")

STEPS: tuple[tuple[Severity, Fraction, int], ...] = (
    ("page", Fraction(9), HOUR),
    ("page", Fraction(3), 12 * HOUR),
    ("log", Fraction(3, 2), 7 * DAY),
    ("log", Fraction(1), 28 * DAY),
)
"""Severity, burn rate and window of each step of the policy that its documentation begins with."""


def read_slo_generator(node: MapNode, notes: Notes, *, path: str) -> Written:
    """One ServiceLevelObjective: one SLO, and the service that its labels name."""
    envelope = open_envelope(node, KIND, notes, strict=False, path=path, naming=parse_object_name)
    slo = _slo(envelope) if envelope is not None else None
    if envelope is None or slo is None:
        return Written()
    service = WrittenService(name=slo.service, rank=0, origin=envelope.spec.origin())
    return Written(services=(service,), slos=(slo,))


def _slo(envelope: Envelope) -> WrittenSlo | None:
    spec, labels = envelope.spec, envelope.labels
    goal = _goal(spec)
    indicator = _indicator(spec)
    description = spec.text("description")
    _warn_policy(spec)
    spec.has("exporters")
    spec.finish()
    if goal is None or indicator is None:
        return None
    name = as_name(envelope.name)
    return WrittenSlo(
        name=name,
        service=as_name(labels.get("service_name") or labels.get("service") or name),
        indicator=indicator,
        target=goal,
        window=RollingWindow(seconds=28 * DAY),
        alerting=Alerting(
            rules=tuple(
                FactorRule(severity=severity, factor=factor, long=window, short=window)
                for severity, factor, window in STEPS
            )
        ),
        description=description,
        labels=labels,
        origin=replace(spec.origin(goal="target", service_level_indicator="indicator"), where=envelope.where),
    )


def _goal(spec: Fields) -> Fraction | None:
    value = spec.number("goal") if spec.need("goal", hint="a share such as 0.999") else None
    if value is None or 0 < value < 1:
        return value
    hint = (
        f"a goal is a share: write {float(value / 100):g}"
        if 1 < value < 100
        else "a budget of zero has no burn rate; write a share such as 0.999"
    )
    spec.wrong("goal", f"goal {spec.raw('goal')} is not usable", hint=hint, code="target")
    return None


def _indicator(spec: Fields) -> Indicator | None:
    backend = spec.text("backend") if spec.need("backend", hint="such as prometheus") else None
    method = spec.text("method") if spec.need("method", hint="such as good_bad_ratio") else None
    inside = (
        spec.fields("service_level_indicator")
        if spec.need("service_level_indicator", hint="what is measured")
        else None
    )
    if backend is None or method is None or inside is None:
        return None
    if backend.partition("/")[0] != PROMETHEUS:
        return _foreign(spec, backend, method, inside)
    forms = {"good_bad_ratio": _ratio, "query_sli": _share, "distribution_cut": _cut}
    if method not in forms:
        spec.unknown_word("method", method, tuple(forms))
        return None
    indicator = forms[method](inside)
    inside.finish()
    return indicator


def _ratio(fields: Fields) -> Indicator | None:
    good = _selector(fields, "filter_good") if fields.need("filter_good") else None
    there = [key for key in ("filter_valid", "filter_bad") if fields.has(key)]
    key = there[0] if len(there) == 1 else None
    if key is None:
        fields.notes.error(
            "indicator",
            f"{fields.called()} needs exactly one of filter_valid and filter_bad",
            where=fields.where(),
            hint="filter_valid: the selector of all events",
        )
    other = _selector(fields, key) if key is not None else None
    operators = fields.texts("operators")
    if operators and tuple(operators) != USUAL_OPERATORS:
        fields.notes.warn(
            "operators",
            f"operators are {', '.join(operators)}, which give no counts: they are not read",
            where=fields.where("operators"),
            hint="events are counted by sum(increase(...)), as slo-generator does without operators",
        )
    if good is None or other is None:
        return None
    total = other if key == "filter_valid" else f"sum({good}) + sum({other})"
    return PromRatio(good=good, total=total)


def _share(fields: Fields) -> Indicator | None:
    text = fields.text("expression") if fields.need("expression") else None
    if text is None:
        return None
    if "[window" not in text:
        fields.wrong(
            "expression",
            "expression does not use window",
            hint="write the range as [window]",
            code="window-template",
        )
        return None
    warn_share(fields, "expression")
    return PromShare(query=" ".join(text.replace("[window", "[{{.window}}").split()), of="good")


def _cut(fields: Fields) -> Indicator | None:
    text = _selector(fields, "expression") if fields.need("expression") else None
    bound = (
        fields.number("threshold_bucket")
        if fields.need("threshold_bucket", hint="a bound of the histogram, such as 0.25")
        else None
    )
    return None if text is None or bound is None else PromHistogram(selector=text, threshold=bound)


def _selector(fields: Fields, key: str) -> str | None:
    """A selector without the range that slo-generator may have behind it."""
    text = fields.text(key)
    return None if text is None else text.strip().removesuffix("[window]").strip()


def _foreign(spec: Fields, backend: str, method: str, inside: Fields) -> Foreign:
    spec.notes.warn(
        "foreign",
        f"{spec.called()} is kept but not measured: {backend} is not asked by Allowance",
        where=spec.where("backend"),
        hint="measure it over prometheus, sql, files or otlp",
    )
    metrics = {"method": method, "service_level_indicator": plain(inside.node)}
    return Foreign(system=backend, metrics=json.dumps(metrics, sort_keys=True, default=str))


def _warn_policy(spec: Fields) -> None:
    policy = spec.text("error_budget_policy")
    if policy is not None and policy != POLICY:
        spec.notes.warn(
            "policy",
            f"the error budget policy {policy!r} stands in a configuration that is not read",
            where=spec.where("error_budget_policy"),
            hint="its usual steps hold: 9 in 1h, 3 in 12h, 1.5 in 7d and 1 in 28d; write alerts of your own",
        )
