"""Sources: where the telemetry of an indicator is found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from allowance.contract.probe import Probe


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
    `metric` names the sum, histogram or gauge; traces and logs have none. `backfill` are files of counts (time, good,
    total, and the column of the grouping) that say what was before the first telemetry came.
    """

    signal: Signal
    service: str | None = None
    metric: str | None = None
    backfill: tuple[str, ...] = ()


EVERY_TYPE = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudEvents:
    """Events that are sent to the API; they are counted as they arrive.

    `type` is their type, or the first of its parts: `com.shop.order` takes `com.shop.order.paid`, too, and not
    `com.shop.orders`. `*` is every type.
    """

    type: str

    def takes(self, type_: str) -> bool:
        """Whether events of a type are meant."""
        return self.type in (EVERY_TYPE, type_) or type_.startswith(f"{self.type.removesuffix('.')}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rum:
    """Beacons from the browsers of a site's users; they are counted as they arrive.

    `key` is public: whoever shows it may send beacons of this site, and nothing else. `origins` are the pages'
    (`https://shop.example`; `*` is every one); without any, only pages of our own origin may send.
    """

    site: str
    key: str | None = None
    origins: tuple[str, ...] = ()


Source = Files | Prometheus | Sql | Otlp | CloudEvents | Rum | Probe
Pushed = Otlp | CloudEvents | Rum | Probe
"""Sources that are counted while things happen; nobody can ask them for what has been."""
