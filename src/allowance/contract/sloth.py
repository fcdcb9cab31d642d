"""Sloth's files: the `prometheus/v1` form and the PrometheusServiceLevel of Kubernetes.

Sloth's period is 30 days unless its command line says otherwise, so that is the window here; its alerts are the four
rules of the preset `workbook`, of which `disable` takes the page or the ticket half away.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from allowance.contract.amounts import parse_object_name
from allowance.contract.envelope import open_envelope, text_map
from allowance.contract.fields import Fields
from allowance.contract.indicator import Foreign, Indicator, PromRatio, PromShare
from allowance.contract.nodes import MapNode, plain
from allowance.contract.notes import Notes
from allowance.contract.openslo_metrics import warn_share
from allowance.contract.openslo_words import service_name, usable_name
from allowance.contract.origin import Origin
from allowance.contract.rules import MONTH, WORKBOOK
from allowance.contract.written import Alerting, Written, WrittenService, WrittenSlo
from allowance.core.window import RollingWindow

VERSION = "prometheus/v1"
API_VERSION = "sloth.slok.dev/v1"
KIND = "PrometheusServiceLevel"
PRESET = "workbook"

_WINDOW = re.compile(r"\{\{-?\s*\.window\s*-?\}\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Spelling:
    """The two spellings of Sloth's keys: with underscores in files, in camel case in Kubernetes."""

    error_query: str
    total_query: str
    ratio_query: str
    page: str
    ticket: str
    plugins: str


SNAKE = Spelling(
    error_query="error_query",
    total_query="total_query",
    ratio_query="error_ratio_query",
    page="page_alert",
    ticket="ticket_alert",
    plugins="slo_plugins",
)
CAMEL = Spelling(
    error_query="errorQuery",
    total_query="totalQuery",
    ratio_query="errorRatioQuery",
    page="pageAlert",
    ticket="ticketAlert",
    plugins="sloPlugins",
)


def read_sloth(node: MapNode, notes: Notes, *, path: str) -> Written:
    """A file of the `prometheus/v1` form."""
    fields = Fields(node, path, notes, strict=False)
    fields.has("version")
    return _service(fields, SNAKE)


def read_sloth_resource(node: MapNode, notes: Notes, *, path: str) -> Written:
    """A PrometheusServiceLevel."""
    envelope = open_envelope(node, KIND, notes, strict=False, path=path, naming=parse_object_name)
    return _service(envelope.spec, CAMEL) if envelope is not None else Written()


def _service(fields: Fields, spelling: Spelling) -> Written:
    name = service_name(fields, "service") if fields.need("service") else None
    labels = text_map(fields, "labels")
    entries = fields.each("slos") if fields.need("slos", hint="a list with at least one SLO") else ()
    if fields.has("slos") and not fields.items("slos"):
        fields.wrong("slos", "slos is empty", hint="at least one SLO")
    slos = [_slo(entry, name or "", labels, spelling) for entry in entries]
    _warn_plugins(fields, spelling)
    fields.finish()
    if name is None:
        return Written()
    service = WrittenService(
        name=name, owner=labels.get("owner") or None, labels=labels, rank=0, origin=fields.origin()
    )
    return Written(services=(service,), slos=tuple(slo for slo in slos if slo is not None))


def _slo(fields: Fields, service: str, labels: Mapping[str, str], spelling: Spelling) -> WrittenSlo | None:
    text = fields.text("name") if fields.need("name") else None
    name = usable_name(fields, "name", text) if text is not None else None
    target = _objective(fields)
    description, own = fields.text("description"), text_map(fields, "labels")
    sli = fields.fields("sli") if fields.need("sli", hint="with events, raw or plugin") else None
    indicator = _indicator(sli, spelling) if sli is not None else None
    alerts = _alerting(fields, spelling)
    _warn_plugins(fields, spelling)
    fields.finish()
    if name is None or target is None or indicator is None:
        return None
    return WrittenSlo(
        name=name,
        service=service,
        indicator=indicator,
        target=target,
        window=RollingWindow(seconds=MONTH),
        alerting=alerts.alerting,
        runbook=alerts.runbook,
        display_name=text if text != name else None,
        description=description,
        labels={**labels, **own},
        origin=_origin(fields),
    )


def _origin(fields: Fields) -> Origin:
    return fields.origin(objective="target", sli="indicator", alerting="rules")


def _objective(fields: Fields) -> Fraction | None:
    value = fields.number("objective") if fields.need("objective", hint="a percentage such as 99.9") else None
    if value is None:
        return None
    if 1 <= value < 100:
        return value / 100
    hint = "a budget of zero has no burn rate; write a percentage such as 99.9"
    if 0 < value < 1:
        hint = f"an objective is a percentage: {fields.raw('objective')} would be {fields.raw('objective')} %, write 99.9"
    fields.wrong(
        "objective",
        f"objective {fields.raw('objective')} is not usable",
        hint=hint,
        code="target",
    )
    return None


def _indicator(fields: Fields, spelling: Spelling) -> Indicator | None:
    forms = {"events": _events, "raw": _raw, "plugin": _plugin}
    there = [form for form in forms if fields.has(form)]
    if len(there) != 1:
        fields.notes.error(
            "indicator",
            f"{fields.called()} needs exactly one of events, raw and plugin",
            where=fields.where(),
            hint=f"events: {{{spelling.error_query}: ..., {spelling.total_query}: ...}}",
        )
        fields.finish()
        return None
    inside = fields.fields(there[0])
    fields.finish()
    return forms[there[0]](inside, spelling) if inside is not None else None


def _events(fields: Fields, spelling: Spelling) -> PromRatio | None:
    bad, total = _query(fields, spelling.error_query), _query(fields, spelling.total_query)
    fields.finish()
    return None if bad is None or total is None else PromRatio(bad=bad, total=total)


def _raw(fields: Fields, spelling: Spelling) -> PromShare | None:
    query = _query(fields, spelling.ratio_query)
    fields.finish()
    if query is None:
        return None
    warn_share(fields, spelling.ratio_query)
    return PromShare(query=query, of="bad")


def _plugin(fields: Fields, spelling: Spelling) -> Foreign | None:
    fields.need("id")
    fields.has("options")
    fields.finish()
    fields.notes.warn(
        "foreign",
        f"{fields.called()} is kept but not measured: plugins of Sloth are not run",
        where=fields.where(),
        hint="write the plugin's queries as events",
    )
    return Foreign(system="sloth-plugin", metrics=json.dumps(plain(fields.node), sort_keys=True, default=str))


def _query(fields: Fields, key: str) -> str | None:
    """A query over `[{{.window}}]`, with the template in its one spelling."""
    text = fields.text(key) if fields.need(key) else None
    if text is None:
        return None
    if not _WINDOW.search(text):
        fields.wrong(
            key,
            f"{key} does not use {{{{.window}}}}",
            hint="write the range as [{{.window}}]",
            code="window-template",
        )
        return None
    return _WINDOW.sub("{{.window}}", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Alerts:
    alerting: Alerting = field(default_factory=lambda: Alerting(names=(PRESET,)))
    runbook: str | None = None


def _alerting(fields: Fields, spelling: Spelling) -> _Alerts:
    inside = fields.fields("alerting")
    if inside is None:
        return _Alerts()
    inside.has("name")
    annotations = text_map(inside, "annotations")
    inside.has("labels")
    off = {"page": _disabled(inside, spelling.page), "ticket": _disabled(inside, spelling.ticket)}
    inside.finish()
    if not inside.has("name") and not all(off.values()):
        fields.notes.warn(
            "missing",
            "alerting has no name, which Sloth itself demands; the alerts are read without it",
            where=inside.where(),
            hint="write the name of the alert",
        )
    runbook = annotations.get("runbook") or annotations.get("runbook_url") or None
    if not any(off.values()):
        return _Alerts(runbook=runbook)
    rules = tuple(rule for rule in WORKBOOK if not off.get(rule.severity, False))
    return _Alerts(alerting=Alerting(rules=rules), runbook=runbook)


def _disabled(fields: Fields, key: str) -> bool:
    inside = fields.fields(key)
    if inside is None:
        return False
    off = inside.flag("disable")
    for known in ("labels", "annotations"):
        inside.has(known)
    inside.finish()
    return bool(off)


def _warn_plugins(fields: Fields, spelling: Spelling) -> None:
    if fields.has(spelling.plugins):
        fields.notes.warn(
            "foreign",
            f"{spelling.plugins} is not read: plugins of Sloth are not run",
            where=fields.where(spelling.plugins),
        )
