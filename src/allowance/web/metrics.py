"""What Allowance says of itself and of the promises, for Prometheus: `/metrics`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import repeat
from typing import Any

from fastapi import APIRouter, Request
from prometheus_client import exposition as text_form
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.openmetrics import exposition as open_form
from prometheus_client.registry import Collector
from starlette.responses import Response

from allowance import __version__
from allowance.app.tick import Tick
from allowance.app.verdicts import USUAL
from allowance.changes.deploys import Deploy
from allowance.core.time import Instant
from allowance.governance.adherence import Adherence, adherence, unasked
from allowance.web import metrics_post
from allowance.web.asked import Asked
from allowance.web.metrics_slos import SLO_GAUGES, SloGauge, slo_lines
from allowance.web.shapes import answers
from allowance.web.sources import SourceState, sources
from allowance.web.state import LiveState, Settings
from allowance.web.tokens import may

router = APIRouter(tags=["health"])

OPEN = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PLAIN = "text/plain; version=0.0.4; charset=utf-8"

Rows = Iterable[tuple[tuple[str, ...], float | None]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Scrape:
    """The state at one instant: every metric speaks of the same tick."""

    state: LiveState
    tick: Tick | None
    sources: tuple[SourceState, ...]
    now: Instant

    @cached_property
    def deploys(self) -> Mapping[str, Sequence[Deploy]]:
        """Those of the last 28 days by service, with the services of the contract that had none."""
        found: dict[str, list[Deploy]] = {one.name: [] for one in self.state.contract.services}
        for one in self.state.deploys(begin=self.now - USUAL, end=self.now + 1):
            found.setdefault(one.service, []).append(one)
        return dict(sorted(found.items()))

    @cached_property
    def kept(self) -> Mapping[str, Adherence]:
        """How far freezes were kept, by service."""
        begin, end, standing = self.now - USUAL, self.now + 1, self.state.law.standing()
        said = self.state.verdicts.recent(now=self.now)
        return {
            service: adherence(own, standing, said, begin=begin, end=end)
            for service, own in self.deploys.items()
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Gauge:
    """One metric: what it says, its labels, and where its values come from (nothing is said of what is unknown)."""

    name: str
    says: str
    labels: tuple[str, ...]
    read: Callable[[Scrape], Rows]
    unit: str = ""
    counts: bool = False
    """It is a counter: its name ends in `_total`."""


def _lag(scrape: Scrape) -> Rows:
    return [] if scrape.tick is None else [((), float(max(0, scrape.now - scrape.tick.at)))]


def _source_lag(scrape: Scrape) -> Rows:
    return [
        ((one.name,), None if one.read_to is None else float(max(0, scrape.now - one.read_to)))
        for one in scrape.sources
    ]


def _deploys(scrape: Scrape) -> Rows:
    """Deploys of the last 28 days by service, and whether it was frozen."""
    for service, found in scrape.kept.items():
        yield (service, "no"), float(found.deploys - found.during)
        yield (service, "yes"), float(found.during)


def _against(scrape: Scrape) -> Rows:
    return [((service,), float(len(found.against))) for service, found in scrape.kept.items()]


def _unasked(scrape: Scrape) -> Rows:
    said = scrape.state.verdicts.recent(now=scrape.now)
    return [((service,), float(len(unasked(own, said)))) for service, own in scrape.deploys.items()]


GAUGES: tuple[Gauge, ...] = (
    Gauge(
        name="allowance_tick_duration_seconds",
        says="How long the newest tick took",
        labels=(),
        read=lambda scrape: [((), scrape.state.tick_seconds)],
        unit="seconds",
    ),
    Gauge(
        name="allowance_tick_lag_seconds",
        says="How long ago the instant of the newest tick is",
        labels=(),
        read=_lag,
        unit="seconds",
    ),
    Gauge(
        name="allowance_evaluator",
        says="1 where this replica evaluates and delivers, 0 where another one does",
        labels=(),
        read=lambda scrape: [((), float(scrape.state.evaluator.here))],
    ),
    Gauge(
        name="allowance_outbox_notices",
        says="Notices per channel and state: due, sent, refused, expired",
        labels=("channel", "state"),
        read=lambda scrape: metrics_post.notices(scrape.state),
    ),
    Gauge(
        name="allowance_outbox_oldest_seconds",
        says="How long the oldest notice has waited for its channel, 0 where none waits",
        labels=("channel",),
        read=lambda scrape: metrics_post.oldest(scrape.state, now=scrape.now),
        unit="seconds",
    ),
    Gauge(
        name="allowance_channel_failing_seconds",
        says="How long every try of a channel has failed, 0 where it works",
        labels=("channel",),
        read=lambda scrape: metrics_post.failing(scrape.state, now=scrape.now),
        unit="seconds",
    ),
    Gauge(
        name="allowance_otlp_items_total",
        labels=("result",),
        says="items of OTLP telemetry since the start: accepted, unused, sent again (`duplicate`), or rejected",
        read=lambda scrape: [(one, float(number)) for one, number in scrape.state.received.remarks.items()],
        counts=True,
    ),
    Gauge(
        name="allowance_otlp_revised_events_total",
        labels=(),
        says="events since the start that came late, for minutes that had been judged: those minutes changed",
        read=lambda scrape: [((), float(scrape.state.received.remarks.revised))],
        counts=True,
    ),
    Gauge(
        name="allowance_otlp_folded_groups",
        labels=(),
        says="groups since the start that are counted together as `(other)`, because their SLO has too many",
        read=lambda scrape: [((), float(sum(scrape.state.received.remarks.folded().values())))],
    ),
    Gauge(
        name="allowance_otlp_unreadable_slos",
        labels=(),
        says="SLOs whose metric came and does not tell what they promise; the log says which, and why",
        read=lambda scrape: [((), float(len(scrape.state.received.remarks.unread())))],
    ),
    Gauge(
        name="allowance_answers_total",
        says="Answers since the start; failed is our own fault: 5xx, or telemetry that could not be stored",
        labels=("door", "result"),
        read=lambda scrape: [(labels, float(number)) for labels, number in scrape.state.tally.rows()],
        counts=True,
    ),
    Gauge(
        name="allowance_source_lag_seconds",
        says="How long ago the instant is up to which a source was read",
        labels=("source",),
        read=_source_lag,
        unit="seconds",
    ),
    Gauge(
        name="allowance_source_current",
        says="1 where a source is read in time, 0 where it is late, stale, or was never read",
        labels=("source",),
        read=lambda scrape: [((one.name,), float(one.word == "fresh")) for one in scrape.sources],
    ),
    Gauge(
        name="allowance_deploys",
        says="Deploys of the last 28 days, and whether their service was frozen",
        labels=("service", "frozen"),
        read=_deploys,
    ),
    Gauge(
        name="allowance_deploys_against_freeze",
        says="Deploys of the last 28 days during a freeze that neither the gate nor an exception allowed",
        labels=("service",),
        read=_against,
    ),
    Gauge(
        name="allowance_deploys_unasked",
        says="Deploys of the last 28 days that the gate was never asked about",
        labels=("service",),
        read=_unasked,
    ),
    Gauge(
        name="allowance_build_info",
        says="1, with the version of the program",
        labels=("version",),
        read=lambda _: [((__version__,), 1.0)],
    ),
)


class Exposition(Collector):
    """Reads the state of this instant, at every scrape."""

    def __init__(self, scrape: Scrape) -> None:
        self._scrape = scrape

    def collect(self) -> Iterator[Metric]:
        """Every metric of the table."""
        for gauge in GAUGES:
            family = _family(gauge)
            for labels, value in gauge.read(self._scrape):
                if value is not None:
                    family.add_metric(labels, value)
            yield family


class Named(Collector):
    """A metric of which nothing is known."""

    def __init__(self, gauge: Gauge | SloGauge) -> None:
        self._gauge = gauge

    def collect(self) -> Iterator[Metric]:
        """Its name and what it says."""
        yield _family(self._gauge)


def _family(gauge: Gauge | SloGauge) -> Any:
    made = CounterMetricFamily if gauge.counts else GaugeMetricFamily
    return made(gauge.name, gauge.says, labels=gauge.labels, unit=gauge.unit)


_TEXTS: dict[str, Any] = {kind.partition(";")[0]: {"schema": {"type": "string"}} for kind in (PLAIN, OPEN)}


@router.get(
    "/metrics",
    dependencies=[may("read")],
    responses=answers(None) | {200: {"content": _TEXTS, "description": "the metrics"}},
    response_class=Response,
    summary="Metrics for Prometheus",
)
def metrics(request: Request, asked: Asked) -> Response:
    """OpenMetrics where it is asked for, else the text format 0.0.4. docs/api.md says what each metric means."""
    as_open = "application/openmetrics-text" in request.headers.get("accept", "")
    body = exposition(asked.state, asked.settings, now=asked.clock(), as_open=as_open)
    return Response(body, headers={"Content-Type": OPEN if as_open else PLAIN})


def exposition(state: LiveState, settings: Settings, *, now: Instant, as_open: bool = False) -> bytes:
    """Every metric of this instant as text: OpenMetrics, or the format before it."""
    form: Any = open_form if as_open else text_form
    found = tuple(sources(state, settings, now=now))
    scrape = Scrape(state=state, tick=state.now, sources=found, now=now)
    lines = repeat("") if scrape.tick is None else slo_lines(scrape.tick)
    said = [f"{_heading(gauge, form)}{text}".encode() for gauge, text in zip(SLO_GAUGES, lines, strict=False)]
    body: bytes = form.generate_latest(Exposition(scrape))
    return b"".join([*said, body])


@cache
def _heading(gauge: SloGauge, form: Any) -> str:
    """What stands before the lines of a metric."""
    text: bytes = form.generate_latest(Named(gauge))
    return text.decode().removesuffix("# EOF\n")
