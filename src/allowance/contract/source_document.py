"""Sources as documents write them: `{files: ...}`, `{prometheus: url}`, `{sql: url, ...}`, `{otlp: traces}`, `{events: type}`,
`{rum: site}`, `{probe: url}`, or a name."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

from allowance.contract.amounts import parse_name
from allowance.contract.envelope import Envelope
from allowance.contract.fields import Fields
from allowance.contract.model import DataSource
from allowance.contract.nodes import MapNode
from allowance.contract.notes import Notes
from allowance.contract.probe_document import read_probe
from allowance.contract.source import SIGNALS, CloudEvents, Files, Otlp, Prometheus, Rum, Source, Sql
from allowance.contract.written import Written
from allowance.core.duration import parse_duration

SYSTEMS = ("files", "prometheus", "sql", "otlp", "events", "rum", "probe")

_ORIGIN = re.compile(r"\*|https?://[A-Za-z0-9.-]{1,253}(?::\d{1,5})?")
_KEY = re.compile(r"[A-Za-z0-9_-]{1,64}")


def read_source(holder: Fields, key: str = "source") -> str | Source | None:
    """The source under a key: the name of a DataSource document, or a source written in place."""
    node = holder.get(key)
    if isinstance(node, MapNode):
        inside = holder.fields(key)
        source = source_of(inside) if inside is not None else None
        if inside is not None:
            inside.finish()
        return source
    return holder.parsed(key, parse_name)


def source_of(fields: Fields) -> Source | None:
    """The one source that a map describes; what is wrong is reported."""
    systems = [system for system in SYSTEMS if fields.has(system)]
    if len(systems) != 1:
        fields.notes.error(
            "source",
            f"{fields.called()} needs exactly one of files, prometheus, sql, otlp, events, rum and probe",
            where=fields.where(),
            hint="for example {files: /var/log/nginx/access.log*} or {prometheus: 'http://prometheus:9090'}",
        )
        return None
    return _READERS[systems[0]](fields)


def _files(fields: Fields) -> Files | None:
    paths = fields.texts("files")
    if not paths:
        return None
    return Files(paths=paths, format=fields.text("format"), time=fields.text("time"))


def _prometheus(fields: Fields) -> Prometheus | None:
    url = fields.text("prometheus")
    timeout = fields.parsed("timeout", parse_duration)
    options = {
        name: fields.text(key)
        for name, key in (
            ("bearer_env", "bearerEnv"),
            ("username", "username"),
            ("password_env", "passwordEnv"),
            ("ca_file", "caFile"),
            ("cert_file", "certFile"),
            ("key_file", "keyFile"),
        )
    }
    if url is None or not _is_web(fields, "prometheus", url):
        return None
    return Prometheus(url=url, timeout_seconds=30 if timeout is None else timeout, **options)


def _sql(fields: Fields) -> Sql | None:
    url, table, time = fields.text("sql"), fields.text("table"), fields.text("time")
    password = fields.text("passwordEnv")
    if not (fields.need("table") and fields.need("time")):
        return None
    if url is None or table is None or time is None or not _without_secret(fields, "sql", url):
        return None
    return Sql(url=url, table=table, time=time, password_env=password)


def _otlp(fields: Fields) -> Otlp | None:
    signal = fields.word("otlp", SIGNALS)
    service, metric, backfill = fields.text("service"), fields.text("metric"), fields.texts("backfill")
    if metric is not None and signal not in (None, "metrics"):
        fields.wrong(
            "metric", f"{fields.called()} names a metric, and {signal} have none", hint="otlp: metrics"
        )
        return None
    return None if signal is None else Otlp(signal=signal, service=service, metric=metric, backfill=backfill)


def _cloud_events(fields: Fields) -> CloudEvents | None:
    type_ = fields.text("events")
    return None if type_ is None else CloudEvents(type=type_)


def _rum(fields: Fields) -> Rum | None:
    site, key = fields.parsed("rum", parse_name), fields.text("key")
    origins = fields.texts("origins")
    for origin in origins:
        if not _ORIGIN.fullmatch(origin):
            fields.wrong(
                "origins",
                f"{origin[:100]!r} is no origin",
                hint="such as https://shop.example, without a path; or *",
            )
    if key is not None and not _KEY.fullmatch(key):
        fields.wrong("key", "the key of a site is 1 to 64 letters, digits, - and _")
    return None if site is None else Rum(site=site, key=key, origins=origins)


_READERS: dict[str, Callable[[Fields], Source | None]] = {
    "files": _files,
    "prometheus": _prometheus,
    "sql": _sql,
    "otlp": _otlp,
    "events": _cloud_events,
    "rum": _rum,
    "probe": read_probe,
}


def _is_web(fields: Fields, key: str, url: str) -> bool:
    if url.startswith(("http://", "https://")):
        return _without_secret(fields, key, url)
    fields.wrong(key, f"{key} must begin with http:// or https://")
    return False


def _without_secret(fields: Fields, key: str, url: str) -> bool:
    login, at, _ = url.partition("://")[2].partition("/")[0].rpartition("@")
    if at and ":" in login:
        fields.wrong(
            key,
            f"{key} holds a password, which does not belong into a document",
            hint="name the environment variable that holds it: passwordEnv: MY_PASSWORD",
            code="secret",
        )
        return False
    return True


def read_data_source(envelope: Envelope, notes: Notes) -> Written:
    """A DataSource document: a source under a name; `foreign: datadog` names a system that is not queried."""
    spec = envelope.spec
    description, foreign = spec.text("description"), spec.text("foreign")
    system = foreign or next((system for system in SYSTEMS if spec.has(system)), "")
    source = source_of(spec) if foreign is None else None
    spec.finish()
    if source is None and foreign is None:
        return Written()
    found = DataSource(
        name=envelope.name,
        system=system,
        source=source,
        display_name=envelope.display_name,
        description=description,
        origin=replace(spec.origin(), where=envelope.where),
    )
    return Written(data_sources=(found,))
