"""One entry of `slos` in a Service document."""

from __future__ import annotations

from dataclasses import replace

from allowance.contract.alert_document import read_alerting, read_no_data
from allowance.contract.amounts import parse_name, parse_part
from allowance.contract.client import client_indicator, is_client
from allowance.contract.defaults import SLICE
from allowance.contract.envelope import text_map
from allowance.contract.fields import Fields
from allowance.contract.indicator import Events, Indicator
from allowance.contract.indicator_document import read_indicator
from allowance.contract.layers import LAYERS, expand_layer
from allowance.contract.minutes import minute_window, whole_minutes
from allowance.contract.model import (
    KINDS,
    NO_DATA_RULES,
    Kind,
    Method,
    NoDataRule,
    Occurrences,
    RatioTimeslices,
    Timeslices,
)
from allowance.contract.nodes import ScalarNode
from allowance.contract.semconv import TEMPLATES, expand
from allowance.contract.source import Otlp, Rum, Source
from allowance.contract.source_document import read_source
from allowance.contract.written import WrittenSlo
from allowance.core.ratio import parse_target

FIELDS_OF_SLO = {
    "by": "group_by",
    "alerts": "rules",
    "noData": "no_data_alert",
    "timeslices": "method",
    "ratioTimeslices": "method",
    "displayName": "display_name",
    "good": "indicator",
    "latency": "indicator",
    "promql": "indicator",
    "match": "indicator",
}
"""Keys of the document that have another name in the model."""


def read_slo(fields: Fields, service: str) -> WrittenSlo | None:
    """An SLO of a service; `None` where it has no name or nothing to measure (reported)."""
    name = fields.parsed("name", parse_name) if fields.need("name") else None
    indicator, usual = _measured(fields, service)
    # Stand-ins let the other fields be read and checked too; an SLO that needs one is not returned.
    slo = WrittenSlo(name=name or "", service=service, indicator=indicator or Events(), source=usual)
    slo = replace(overlaid(slo, fields), origin=fields.origin(**FIELDS_OF_SLO))
    fields.finish()
    return slo if name is not None and indicator is not None else None


def _measured(fields: Fields, service: str) -> tuple[Indicator | None, Source | None]:
    """What is measured, and the source that a kind brings along."""
    if is_client(fields):
        return client_indicator(fields), Rum(site=service) if service else None
    template = TEMPLATES.get(fields.raw("kind") or "")
    if template is not None:
        return expand(template, fields), Otlp(signal="traces")
    layer = LAYERS.get(fields.raw("kind") or "")
    if layer is not None:
        return expand_layer(layer, fields, service), None
    return read_indicator(fields), None


def overlaid(slo: WrittenSlo, fields: Fields) -> WrittenSlo:
    """An SLO with everything that a map says about it, but for its name and its indicator."""
    return replace(
        slo,
        kind=_kind(fields) or slo.kind,
        target=fields.parsed("target", parse_target) or slo.target,
        window=fields.parsed("window", minute_window) or slo.window,
        method=read_method(fields) or slo.method,
        alerting=read_alerting(fields) or slo.alerting,
        no_data=read_no_data(fields, "noData") or slo.no_data,
        sla=fields.parsed("sla", parse_target) or slo.sla,
        group_by=fields.texts("by") or slo.group_by,
        source=read_source(fields) or slo.source,
        display_name=fields.text("displayName") or slo.display_name,
        description=fields.text("description") or slo.description,
        owner=fields.text("owner") or slo.owner,
        runbook=fields.text("runbook") or slo.runbook,
        labels=text_map(fields, "labels") or slo.labels,
    )


def _kind(fields: Fields) -> Kind | None:
    word: str | None = fields.word("kind", (*KINDS, *TEMPLATES, *LAYERS))
    template = TEMPLATES.get(word or "") or LAYERS.get(word or "")
    return template.kind if template is not None else next((kind for kind in KINDS if kind == word), None)


def read_method(fields: Fields) -> Method | None:
    """`timeslices` or `ratioTimeslices`; `None` where neither is written. `timeslices: none` counts every event."""
    if isinstance(fields.get("timeslices"), ScalarNode):
        return Occurrences() if fields.word("timeslices", ("none",)) else None
    slices, ratios = fields.fields("timeslices"), fields.fields("ratioTimeslices")
    if slices is not None and ratios is not None:
        fields.wrong(
            "ratioTimeslices",
            f"{fields.called()} has both timeslices and ratioTimeslices",
            hint="keep one of them",
        )
        return None
    if ratios is not None:
        size = ratios.parsed("slice", whole_minutes)
        ratios.finish()
        return RatioTimeslices(slice=size or SLICE)
    return _timeslices(slices) if slices is not None else None


def _timeslices(fields: Fields) -> Timeslices | None:
    size = fields.parsed("slice", whole_minutes)
    target = fields.parsed("target", parse_part) if fields.need("target", hint="such as 95%") else None
    no_data: NoDataRule | None = fields.word("noData", NO_DATA_RULES)
    fields.finish()
    if target is None:
        return None
    return Timeslices(slice=size or SLICE, slice_target=target, no_data=no_data or "ignore")
