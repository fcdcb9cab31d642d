"""Counts from counters equal the truth: on paper, from a real Prometheus and from a real VictoriaMetrics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import httpx
import numpy as np
import orjson
import pytest

from allowance.app.collect import Stored
from allowance.budget.budget import budget_at
from allowance.contract.indicator import PromGauge, PromHistogram, PromRatio
from allowance.contract.read import read
from allowance.contract.source import Prometheus
from allowance.core.buckets import Buckets, add
from allowance.core.duration import DAY
from allowance.core.window import RollingWindow, Span
from allowance.edges import prometheus as promql
from allowance.edges.measure import prom_indicators
from allowance.edges.read import Reader
from allowance.signals.prom_answer import read_answer
from allowance.signals.prom_counts import gains
from allowance.signals.prom_packed import numbers_of, shape_of, unpacked
from allowance.signals.prom_sheet import Sheet
from allowance.signals.prom_sli import Answers, Ratio, count, plan
from allowance.signals.prom_state import PromState
from tests.edges.traffic import BEGIN, MIN, Recorded, Sample, latencies, shop
from tests.peers import prometheus_in, victoria_in, write_blocks

END = BEGIN + 6 * 3600
TARGET = Fraction(999, 1000)
WEEK = RollingWindow(seconds=7 * DAY)
READ_AT = 7 * DAY + 6 * MIN


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Events per minute, from minute 0 on, and the error ratio of seven days that is true."""

    name: str
    total: np.ndarray[tuple[int], np.dtype[np.int64]]
    errors: np.ndarray[tuple[int], np.dtype[np.int64]]
    ratio: Fraction
    born_late: bool = False

    def values(self) -> tuple[list[int], list[tuple[int, float]], list[tuple[int, float]]]:
        """(instants of samples, total, errors) as counters sampled every two minutes; no error, no error series."""
        minutes = list(range(0, len(self.total) + 1, 2))
        total, errors = (np.concatenate(([0], np.cumsum(part))) for part in (self.total, self.errors))
        first = int(np.argmax(errors > 0)) if errors.any() else len(errors)
        kept = [m for m in minutes if errors.any() and (m >= first or not self.born_late)]
        return minutes, [(m, total[m]) for m in minutes], [(m, errors[m]) for m in kept]

    def samples(self) -> Iterator[Sample]:
        """The same, as samples of `<name>_total` and `<name>_errors_total`."""
        _, total, errors = self.values()
        for metric, values in ((f"{self.name}_total", total), (f"{self.name}_errors_total", errors)):
            labels = (("__name__", metric), ("instance", "a:80"), ("job", "shop"))
            yield from ((BEGIN + m * MIN, labels, float(value)) for m, value in values)


def scenarios() -> list[Scenario]:
    """Seven weeks in which averages of ratios, extrapolation, or an absent series give other figures."""
    length = READ_AT // MIN
    minute = np.arange(length)
    hour, day = minute // 60 % 24, minute // 1440
    by_day = (hour >= 8) & (hour < 20)
    daily = np.where(by_day, 600, 6)
    none = np.zeros(length, dtype=np.int64)
    even = np.full(length, 60)
    spike = (minute >= 4000) & (minute < 4030)
    sparse, sparse_errors = none.copy(), none.copy()
    sparse[7 : 7 + 19 * 510 : 19] = 1
    sparse_errors[7 + 19 * 63 : 7 + 19 * 510 : 19 * 63] = 1
    few, born = none.copy(), none.copy()
    few[100:7907] = 3
    few[9000] = 2
    few[5001] += 500
    born[5001] = 500
    return [
        Scenario(
            name="dayerr",
            total=daily,
            errors=np.where(by_day & (day == 3), 6, 0),
            ratio=Fraction(4320, 3054240),
        ),
        Scenario(
            name="nighterr",
            total=daily,
            errors=np.where(~by_day & (day == 3), 3, 0),
            ratio=Fraction(2160, 3054240),
        ),
        Scenario(
            name="spike",
            total=np.where(spike, 6000, 60),
            errors=np.where(spike, 600, 0),
            ratio=Fraction(18000, 783000),
        ),
        Scenario(
            name="gap",
            total=np.where((minute >= 3000) & (minute < 3010), 0, even),
            errors=none,
            ratio=Fraction(0),
        ),
        Scenario(name="sparse", total=sparse, errors=sparse_errors, ratio=Fraction(8, 510), born_late=True),
        Scenario(name="no_errors", total=even, errors=none, ratio=Fraction(0)),
        Scenario(name="born", total=few, errors=born, ratio=Fraction(500, 23_923), born_late=True),
    ]


SCENARIOS = {scenario.name: scenario for scenario in scenarios()}
PUBLISHED = {
    "dayerr": ("0.0014144", "-41.4"),
    "nighterr": ("0.00070721", "29.3"),
    "spike": ("0.0229885", "-2199"),
    "gap": ("0", "100"),
    "sparse": ("0.0156863", "-1469"),
    "no_errors": ("0", "100"),
    "born": ("0.0209", "-1990"),
}


def indicator(name: str) -> PromRatio:
    return PromRatio(total=f"sum(rate({name}_total[5m]))", bad=f"sum(rate({name}_errors_total[5m]))")


def check_week(name: str, buckets: Buckets) -> None:
    """Our budget of the week is the true one, exactly, and the published figures are its roundings."""
    budget = budget_at(buckets, TARGET, WEEK, now=BEGIN + READ_AT)
    ratio = 1 - budget.counts.sli
    assert ratio == SCENARIOS[name].ratio
    published, left = PUBLISHED[name]
    assert float(ratio) == pytest.approx(float(published), rel=1e-3)
    assert budget.remaining == 1 - ratio / (1 - TARGET)
    assert float(budget.remaining) * 100 == pytest.approx(float(left), rel=2e-3)


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_budget_of_a_week_is_exact_on_paper(name: str) -> None:
    scenario = SCENARIOS[name]
    _, total, errors = scenario.values()
    answers = []
    for values in (total, errors):
        result = [
            {
                "metric": {"job": "shop", "instance": "a:80"},
                "values": [[BEGIN + m * MIN, str(v)] for m, v in values],
            }
        ]
        body = orjson.dumps(
            {"status": "success", "data": {"resultType": "matrix", "result": result if values else []}}
        )
        answers.append(read_answer(body).series)
    span = Span(begin=BEGIN - MIN, end=BEGIN + READ_AT)
    ratio = plan(indicator(name), step=MIN)
    assert isinstance(ratio, Ratio)
    found = {
        term.key: gains(series, {}, span, MIN) for term, series in zip(ratio.terms, answers, strict=True)
    }
    counted = count(
        ratio, Answers(gains=found, known={key: {} for key in found}, values={}), {}, span, MIN, None
    )
    check_week(name, counted.groups[""])


SHOP = shop()
WEEKS = Recorded(samples=[sample for scenario in SCENARIOS.values() for sample in scenario.samples()])
LATENCIES = Recorded(samples=list(latencies()))
GAUGE = Recorded(
    samples=[
        (BEGIN + at, (("__name__", "queue_age_seconds"), ("queue", "mail")), float(at // MIN % 10))
        for at in range(0, 6 * 3600, 30)
        if not 7_200 <= at < 9_000
    ]
)
EVERYTHING = Recorded(samples=[*SHOP.samples, *WEEKS.samples, *LATENCIES.samples, *GAUGE.samples])


@pytest.fixture(scope="module", params=["prometheus", "victoria-metrics"])
def source(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Each peer, with the same recorded series in it."""
    folder = tmp_path_factory.mktemp(request.param)
    if request.param == "prometheus":
        write_blocks(EVERYTHING.openmetrics(), folder)
        with prometheus_in(folder) as url:
            yield Prometheus(url=url)
        return
    with victoria_in(folder) as url:
        httpx.post(
            f"{url}/api/v1/import/prometheus", content=EVERYTHING.exposition(), timeout=60
        ).raise_for_status()
        httpx.get(f"{url}/internal/force_flush", timeout=60).raise_for_status()
        yield Prometheus(url=f"{url}/")


BAD = PromRatio(total='http_requests_total{job="shop"}', bad='http_requests_total{job="shop",code=~"5.."}')
GOOD = PromRatio(
    total='sum by (code) (increase(http_requests_total{job="shop"}[{{.window}}]))',
    good='sum(rate(http_requests_total{job="shop",code!~"5.."}[5m]))',
)


def test_every_minute_is_true_through_restarts_pauses_births_and_deaths(source: Prometheus) -> None:
    measured = promql.measure(source, {"bad": BAD, "good": GOOD}, begin=BEGIN, end=END)
    truth = SHOP.buckets(BEGIN, END)
    assert measured.series["bad", ""] == truth
    assert measured.series["good", ""] == truth
    assert measured.facts.notes == ()
    assert measured.facts.malformed == 0


def test_every_instance_is_true_by_itself(source: Prometheus) -> None:
    measured = promql.measure(source, {"bad": BAD}, begin=BEGIN, end=END, by="instance")
    assert {group for _, group in measured.series} == {"a:80", "b:80", "c:80", "d:80", "e:80"}
    for (_, group), buckets in measured.series.items():
        assert buckets == SHOP.buckets(BEGIN, END, [group]), group


@pytest.mark.parametrize("step", [10, 120, 300, 600, 3600])
def test_other_steps_are_true(source: Prometheus, step: int) -> None:
    measured = promql.measure(source, {"bad": BAD}, begin=BEGIN, end=END, step=step)
    fine = promql.measure(source, {"bad": BAD}, begin=BEGIN, end=END, step=10).series["bad", ""]
    buckets = measured.series["bad", ""]
    assert buckets.all() == SHOP.buckets(BEGIN, END).all()
    assert all(
        buckets.between(at, at + step) == fine.between(at, at + step) for at in range(BEGIN, END, step)
    )


def test_going_on_bucket_by_bucket_gives_the_same_counts(source: Prometheus) -> None:
    whole = promql.measure(source, {"bad": BAD}, begin=BEGIN, end=END).series["bad", ""]
    state = PromState(at=BEGIN + 3 * 3600)
    for end in [*range(BEGIN + 3 * 3600 + MIN, BEGIN + 3 * 3600 + 40 * MIN, MIN), BEGIN + 14_400, END]:
        begin = state.at
        measured, state = promql.advance(source, {"bad": BAD}, state, end=end)
        for at in range(begin, end, MIN):
            assert measured.series["bad", ""].between(at, at + MIN) == whole.between(at, at + MIN)
        state = unpacked(orjson.loads(orjson.dumps(shape_of(state))), numbers_of(state))
    assert state.at == END


LIVE = """
apiVersion: allowance/v1
kind: Service
metadata: {name: shop}
spec:
  owner: bench
  source: {prometheus: "%s"}
  slos:
    - {name: bad, target: 99%%, promql: {total: http_requests_total, bad: 'http_requests_total{code="500"}'}}
    - {name: good, target: 99%%, promql: {total: http_requests_total, good: 'http_requests_total{code!="500"}'}}
    - {name: late, target: 99%%, promql: {total: http_requests_total offset 2m, bad: 'http_requests_total{code="500"} offset 2m'}}
    - {name: fast, target: 99%%, promql: {histogram: 'latency_seconds{job="shop"}', le: 0.3}}
"""


@pytest.mark.parametrize("by", [None, "instance"])
def test_minute_after_minute_is_the_span_at_once(source: Prometheus, by: str | None) -> None:
    slos = tuple(read([("shop.yaml", (LIVE % source.url).encode())]).contract.slos)
    whole = promql.measure(source, prom_indicators(slos), begin=BEGIN, end=END, by=by).series
    begin, memory, swept, live = BEGIN, None, 0, Reader()
    found: dict[tuple[str, str], list[Buckets]] = {}
    for end in [
        *range(BEGIN + MIN, BEGIN + 90 * MIN, MIN),
        BEGIN + 95 * MIN,
        BEGIN + 96 * MIN,
        BEGIN + 97 * MIN,
    ]:
        given = live(source, slos, by, memory, begin=begin, end=end)
        for key, buckets in given.gains.items():
            found.setdefault(key, []).append(buckets)
        swept += isinstance(given.memory.counters, Sheet)
        if end % (7 * MIN) == 0:
            memory = Stored(
                shape=orjson.loads(orjson.dumps(given.memory.shape)), numbers=given.memory.numbers
            )
        else:
            memory = given.memory
        begin = end
    live.close()
    assert swept == 90
    for key, parts in found.items():
        assert add(parts).trimmed() == _until(whole[key], begin).trimmed(), key


def _until(buckets: Buckets, end: int) -> Buckets:
    size = (end - buckets.start) // MIN
    return Buckets(start=buckets.start, step=MIN, good=buckets.good[:size], total=buckets.total[:size])


def test_many_slos_go_on_together_and_each_is_true(source: Prometheus) -> None:
    slos = {
        name: PromRatio(
            total=f'http_requests_total{{instance="{name}"}}',
            bad=f'http_requests_total{{instance="{name}",code="500"}}',
        )
        for name in ("a:80", "b:80", "c:80", "d:80", "e:80")
    }
    state = PromState(at=BEGIN)
    for end in range(BEGIN + 1800, END + 1, 1800):
        begin = state.at
        measured, state = promql.advance(source, slos, state, end=end)
        for name in slos:
            assert measured.series[name, ""] == SHOP.buckets(begin, end, [name]), (name, begin)


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_budget_of_a_week_is_exact(source: Prometheus, name: str) -> None:
    measured = promql.measure(source, {name: indicator(name)}, begin=BEGIN, end=BEGIN + READ_AT)
    check_week(name, measured.series[name, ""])
    codes = [note.code for note in measured.facts.notes]
    assert codes == (["prom-no-bad"] if name in ("gap", "no_errors") else [])


@pytest.mark.parametrize(("threshold", "index"), [("0.3", 1), ("0.25", 0), ("1", 2)])
def test_a_histogram_counts_what_is_at_or_below_its_bound(
    source: Prometheus, threshold: str, index: int
) -> None:
    slow = PromHistogram(selector='latency_seconds{job="shop"}', threshold=Fraction(threshold))
    counts = promql.measure(source, {"slow": slow}, begin=BEGIN, end=END).series["slow", ""].all()
    at = {int(instant) for instant, _, _ in LATENCIES.samples}
    last, first = max(at), min(at)
    bound = ("0.25", "0.30", "1.0")[index]
    values = {(int(t), dict(labels).get("le", "total")): v for t, labels, v in LATENCIES.samples}
    assert counts.good == values[last, bound] - values[first, bound]
    assert counts.total == values[last, "total"] - values[first, "total"]


def test_a_gauge_is_one_event_per_bucket_with_a_sample(source: Prometheus) -> None:
    fresh = PromGauge(query="queue_age_seconds", op="lte", bound=Fraction(6))
    buckets = promql.measure(source, {"fresh": fresh}, begin=BEGIN, end=END, by="queue").series[
        "fresh", "mail"
    ]
    expected = [
        (minute % 10 <= 6, True) if not 120 <= minute < 150 else (False, False) for minute in range(360)
    ]
    assert list(zip(buckets.good > 0, buckets.total > 0, strict=True)) == expected
    assert buckets.all().total == 330
