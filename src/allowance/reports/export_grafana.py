"""Grafana dashboards, one per service, drawn from the recorded series of the exported rules."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import count, groupby
from typing import Any

from allowance.contract.model import Contract
from allowance.contract.rules import BurnRule
from allowance.core.duration import short
from allowance.core.ratio import decimal_text, percent_text
from allowance.reports.export_file import Exported, ExportedFile
from allowance.reports.export_names import (
    BURN,
    LEFT,
    RATIO,
    TARGET,
    ExportedSlo,
    exportable,
    group_label,
    windows,
)
from allowance.reports.export_queries import number

SCHEMA = 39
"""Of Grafana 11; newer ones migrate it by themselves."""
WIDTH = 24
_UID_LENGTH = 40
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}

Panel = dict[str, Any]


def grafana_dashboards(contract: Contract) -> Exported:
    """One dashboard per service, `<service>.dashboard.json`. Errors: those of `exportable`."""
    slos, left_out = exportable(contract)
    files = [
        ExportedFile(name=f"{service}.dashboard.json", document=_dashboard(service, list(group)))
        for service, group in groupby(slos, key=lambda one: one.slo.service)
    ]
    return Exported(files=tuple(files), left_out=left_out)


def _dashboard(service: str, slos: list[ExportedSlo]) -> dict[str, Any]:
    title = slos[0].service.display_name or service
    return {
        "id": None,
        "uid": _uid(service),
        "title": f"SLOs of {title}",
        "tags": ["slo", service],
        "schemaVersion": SCHEMA,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "1m",
        "time": {"from": "now-7d", "to": "now"},
        "timezone": "utc",
        "annotations": {"list": []},
        "links": [],
        "templating": {
            "list": [
                {
                    "name": "datasource",
                    "label": "Prometheus",
                    "type": "datasource",
                    "query": "prometheus",
                    "current": {},
                    "hide": 0,
                    "refresh": 1,
                    "options": [],
                    "regex": "",
                    "multi": False,
                    "includeAll": False,
                }
            ]
        },
        "panels": list(_placed(slos)),
    }


def _uid(service: str) -> str:
    """The same for a service in every export, and never that of another one; Grafana takes 40 characters."""
    name = f"slo-{service.replace('.', '_')}"
    if len(name) <= _UID_LENGTH and "." not in service:
        return name
    return f"{name[:27]}-{hashlib.sha256(service.encode()).hexdigest()[:12]}"


def _placed(slos: list[ExportedSlo]) -> Iterator[Panel]:
    """All panels with their places: rows of 24 columns, ids from 1."""
    numbers, top = count(1), 0
    for one in slos:
        row = one.slo.display_name or one.slo.name
        yield {
            "id": next(numbers),
            "type": "row",
            "title": f"{row}: {percent_text(one.slo.target, 6)} over {one.slo.window}",
            "collapsed": False,
            "gridPos": {"h": 1, "w": WIDTH, "x": 0, "y": top},
            "panels": [],
        }
        left, top, height = 0, top + 1, 0
        for panel, wide, high in _panels(one):
            if left + wide > WIDTH:
                left, top, height = 0, top + height, 0
            height = max(height, high)
            yield {"id": next(numbers), **panel, "gridPos": {"h": high, "w": wide, "x": left, "y": top}}
            left += wide
        top += height


def _panels(one: ExportedSlo) -> Iterator[tuple[Panel, int, int]]:
    """The panels of one SLO with width and height."""
    groups = " ".join(f"{{{{{group_label(label)}}}}}" for label in one.slo.group_by)
    if one.has_period:
        yield _left(one, groups), 4, 8
    yield _sli(one, groups), 10, 8
    if one.has_period:
        yield _spend(one, groups), 10, 8
    for rule in one.rules:
        yield _burn(one, rule, groups), 8, 7
    yield _alerts(one), WIDTH, 5


def _left(one: ExportedSlo, groups: str) -> Panel:
    steps: list[Panel] = [
        {"color": "red", "value": None},
        {"color": "yellow", "value": 0},
        {"color": "green", "value": 0.25},
    ]
    return {
        "type": "stat",
        "title": "Budget left",
        "description": "1 - bad / allowed, in events over the whole window; below zero when overspent.",
        "datasource": _SOURCE,
        "targets": [_target("A", one.period(LEFT), groups or "left")],
        "fieldConfig": _fields("percentunit", steps),
        "options": {
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
            "graphMode": "area",
        },
    }


def _sli(one: ExportedSlo, groups: str) -> Panel:
    spans = windows(one.rules)
    shown = (
        [(short(spans[0]), one.windowed(RATIO, spans[0])), (short(spans[-1]), one.windowed(RATIO, spans[-1]))]
        if spans
        else []
    )
    if one.has_period:
        shown.append((short(one.slo.period), one.period(RATIO)))
    targets = [
        _target(chr(ord("A") + index), f"1 - {ratio}", f"{groups} {span}".strip())
        for index, (span, ratio) in enumerate(dict(shown).items())
    ]
    targets.append(_target("T", f"{TARGET}{one.selector}", "target"))
    return _lines(
        "SLI and target", "The share of good events in windows of several lengths.", targets, "percentunit"
    )


def _spend(one: ExportedSlo, groups: str) -> Panel:
    targets = [_target("A", f"1 - {one.period(LEFT)}", groups or "spent")]
    return _lines("Budget spent", "The share of the window's budget that is gone.", targets, "percentunit")


def _burn(one: ExportedSlo, rule: BurnRule, groups: str) -> Panel:
    factor = rule.factor(one.slo.period)
    targets = [
        _target(letter, one.windowed(BURN, seconds), f"{groups} {short(seconds)}".strip())
        for letter, seconds in (("A", rule.long), ("B", rule.short))[: 1 if rule.long == rule.short else 2]
    ]
    targets.append(_target("T", f"vector({number(factor)})", "fires above"))
    above = f"Fires when every window is above {decimal_text(factor, 6)}"
    if rule.guard.min_bad or rule.guard.min_events:
        above += f", with at least {rule.guard.min_events} events and {rule.guard.min_bad} bad ones in {short(rule.long)}"
    if rule.remaining_below is not None:
        above += f", while less than {percent_text(rule.remaining_below, 6)} of the budget is left"
    steps: list[Panel] = [{"color": "green", "value": None}, {"color": "red", "value": float(factor)}]
    return _lines(f"Burn rate {rule.name} ({rule.severity})", f"{above}.", targets, "none", steps)


def _alerts(one: ExportedSlo) -> Panel:
    selector = one.selector.removesuffix("}") + ',alertstate="firing"}'
    return {
        "type": "timeseries",
        "title": "Alerts that fire",
        "description": "Each severity while its alert fires.",
        "datasource": _SOURCE,
        "targets": [_target("A", f"max by (severity) (ALERTS{selector})", "{{severity}}")],
        "fieldConfig": _fields("bool_on_off", [{"color": "green", "value": None}]),
        "options": {"legend": {"displayMode": "list", "placement": "right", "showLegend": True}},
    }


def _lines(
    title: str, description: str, targets: list[Panel], unit: str, steps: list[Panel] | None = None
) -> Panel:
    return {
        "type": "timeseries",
        "title": title,
        "description": description,
        "datasource": _SOURCE,
        "targets": targets,
        "fieldConfig": _fields(unit, steps or [{"color": "green", "value": None}], line=steps is not None),
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "none"},
        },
    }


def _fields(unit: str, steps: list[Panel], *, line: bool = False) -> Panel:
    custom = {"custom": {"thresholdsStyle": {"mode": "line"}}} if line else {}
    return {
        "defaults": {"unit": unit, "thresholds": {"mode": "absolute", "steps": steps}, **custom},
        "overrides": [],
    }


def _target(letter: str, query: str, legend: str) -> Panel:
    return {
        "refId": letter,
        "datasource": _SOURCE,
        "expr": query,
        "legendFormat": legend,
        "range": True,
        "instant": False,
    }
