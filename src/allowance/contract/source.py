"""Sources: where the telemetry of an indicator is found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """Logs or tables on disk; `paths` may hold wildcards. `format` and `time` are recognised if left out."""

    paths: tuple[str, ...]
    format: str | None = None
    time: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Prometheus:
    """A PromQL system. Secrets are named, never written: `bearer_env` and `password_env` name variables."""

    url: str
    bearer_env: str | None = None
    username: str | None = None
    password_env: str | None = None
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None
    timeout_seconds: int = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Sql:
    """A table of events in an SQL engine; `url` names engine and database, `time` the column of the instant."""

    url: str
    table: str
    time: str
    password_env: str | None = None


Signal = Literal["traces", "logs", "metrics"]
SIGNALS: tuple[Signal, ...] = get_args(Signal)

EVERY_SERVICE = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Otlp:
    """Telemetry that senders push over OTLP; it is counted as it arrives.

    `service` is the sender's `service.name`: the name of the SLO's service if left out, `*` for every sender.
    `metric` names the sum, histogram or gauge; traces and logs have none.
    """

    signal: Signal
    service: str | None = None
    metric: str | None = None


Source = Files | Prometheus | Sql | Otlp
