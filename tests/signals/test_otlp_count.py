"""Restarts, resets, retries, late and early senders, floods of groups: what is counted, and what is said."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from allowance.core.problem import ProblemError
from allowance.signals.otlp_count import OtlpCounter
from allowance.signals.otlp_counters import since
from allowance.signals.otlp_learned import Learned, from_bytes
from allowance.signals.otlp_memory import Memory, remembered
from allowance.signals.otlp_points import About, Explicit, Exponential, Metric, Number
from allowance.signals.otlp_protobuf import ProtobufReader
from allowance.signals.otlp_tally import OTHER, Counted, Limits
from allowance.signals.otlp_weigh import Latency, within
from tests.web.otlp_traffic import NOW, SECOND, counter, sli, spans

OK, BAD = {"http.response.status_code": 200}, {"http.response.status_code": 500}
REQUESTS = sli("requests", "metrics", metric="requests", good="status < 500")


class Receiver:
    """Counts requests one after the other and remembers, as the program does."""

    def __init__(self, *slis: Any, limits: Limits | None = None) -> None:
        self.counter = OtlpCounter(slis, limits)
        self.reader = ProtobufReader(self.counter.wanted())
        self.memory = Memory()
        self.stored: list[bytes] = []

    def take(self, request: Any, *, now: int = NOW, closed: int | None = None) -> Counted:
        kind = type(request).__name__
        signal: Any = "traces" if "Trace" in kind else "metrics" if "Metrics" in kind else "logs"
        batch = self.reader.read(signal, request.SerializeToString())
        counted = self.counter.count(batch, self.memory, now=now, closed=closed)
        self.memory.learn(counted.learned)
        self.stored.append(counted.learned.as_bytes())
        return counted

    def restart(self) -> None:
        """Lose everything that was not stored."""
        self.memory = remembered(from_bytes(part) for part in self.stored)
        self.reader = ProtobufReader(self.counter.wanted())


def total(counted: Counted, name: str = "requests", group: str = "") -> tuple[int, int]:
    gain = counted.gains.get((name, group))
    return (0, 0) if gain is None else (gain.all().good, gain.all().total)


def test_a_cumulative_stream_is_read_as_increases() -> None:
    receiver = Receiver(REQUESTS)
    steps = [(10, 1), (10, 1), (25, 3), (40, 3)]
    news = [(10, 11), (0, 0), (15, 17), (15, 15)]
    for place, ((good, bad), new) in enumerate(zip(steps, news, strict=True)):
        request = counter([(OK, good), (BAD, bad)], start=NOW - 600, at=NOW - 200 + place * 10)
        assert total(receiver.take(request)) == new
        again = receiver.take(request)
        assert (total(again), again.duplicates, again.rejected) == ((0, 0), 2, 0)
        receiver.restart()


def test_a_restart_and_a_reset_without_a_new_start() -> None:
    receiver = Receiver(REQUESTS)
    assert total(receiver.take(counter([(OK, 100)], start=NOW - 600, at=NOW - 100))) == (100, 100)
    assert total(receiver.take(counter([(OK, 7)], start=NOW - 95, at=NOW - 90))) == (7, 7)
    assert total(receiver.take(counter([(OK, 9)], start=NOW - 95, at=NOW - 80))) == (2, 2)
    assert total(receiver.take(counter([(OK, 4)], start=NOW - 95, at=NOW - 70))) == (4, 4)
    late = receiver.take(counter([(OK, 101)], start=NOW - 600, at=NOW - 101))
    assert (total(late), late.duplicates) == ((0, 0), 1)


def test_an_old_process_is_met_at_its_present_value_and_its_new_streams_whole() -> None:
    receiver = Receiver(REQUESTS)
    first = receiver.take(counter([(OK, 1_000_000)], start=NOW - 900_000, at=NOW - 100))
    assert (total(first), first.baselines) == ((0, 0), 1)
    second = receiver.take(counter([(OK, 1_000_005), (BAD, 1)], start=NOW - 900_000, at=NOW - 40))
    assert total(second) == (5, 6)


def test_deltas_are_added_once() -> None:
    receiver = Receiver(REQUESTS)
    one = counter([(OK, 5), (BAD, 1)], start=NOW - 60, at=NOW - 30, form=1)
    two = counter([(OK, 5), (BAD, 1)], start=NOW - 30, at=NOW, form=1)
    assert [total(receiver.take(request)) for request in (one, two, one, two)] == [
        (5, 6),
        (5, 6),
        (0, 0),
        (0, 0),
    ]
    receiver.restart()
    assert total(receiver.take(two)) == (0, 0)


def test_an_edge_belongs_to_the_bucket_that_ends() -> None:
    edge = NOW - NOW % 60
    counted = Receiver(REQUESTS).take(counter([(OK, 5)], start=edge - 60, at=edge, form=1))
    assert counted.gains["requests", ""].start == edge - 60


def test_late_events_revise_and_too_late_ones_are_refused() -> None:
    receiver = Receiver(sli("ok", good="status < 500"))
    closed = NOW - NOW % 60 - 60
    assert receiver.take(spans(3, at=NOW - 600), closed=closed).revised == 3
    assert receiver.take(spans(3, at=NOW - 5, salt=1), closed=closed).revised == 0
    refused = receiver.take(spans(2, at=NOW - 3720, salt=2), closed=closed)
    assert (refused.rejected, refused.reasons) == (2, {"too late, by more than 1h": 2})
    early = receiver.take(spans(2, at=NOW + 301, salt=3))
    assert early.reasons == {"more than 5m in the future; check the sender's clock": 2}
    assert receiver.take(spans(2, at=NOW + 299, salt=4)).rejected == 0


def test_nothing_changes_until_it_is_learned() -> None:
    receiver = Receiver(sli("ok", good="status < 500"))
    batch = receiver.reader.read("traces", spans(5).SerializeToString())
    first, second = (receiver.counter.count(batch, receiver.memory, now=NOW) for _ in range(2))
    assert total(first, "ok") == total(second, "ok") == (5, 5)


def test_spans_sent_again_in_other_company() -> None:
    receiver = Receiver(sli("ok", good="status < 500"))
    request = spans(5, bad=1)
    assert total(receiver.take(request), "ok") == (4, 5)
    request.MergeFrom(spans(2, salt=1))
    request.MergeFrom(spans(2, salt=1))
    mixed = receiver.take(request)
    assert (total(mixed, "ok"), mixed.duplicates, mixed.rejected) == ((2, 2), 7, 0)


def test_groups_beyond_the_limit_are_folded_and_named() -> None:
    receiver = Receiver(sli("ok", good="status < 500", by="tenant"), limits=Limits(groups=2))
    found = [receiver.take(spans(1, salt=n, tenant=name)) for n, name in enumerate(("a", "b", "c", "a", "d"))]
    groups = [next(iter(one.gains))[1] for one in found]
    assert groups == ["a", "b", OTHER, "a", OTHER]
    assert [dict(one.folded) for one in found] == [{}, {}, {"ok": ("c",)}, {}, {"ok": ("d",)}]
    receiver.restart()
    assert next(iter(receiver.take(spans(1, salt=9, tenant="c")).gains))[1] == OTHER


def test_streams_beyond_the_limit_are_refused() -> None:
    receiver = Receiver(REQUESTS, limits=Limits(streams=2))
    points = [({"http.response.status_code": 200, "user": str(user)}, 1) for user in range(5)]
    counted = receiver.take(counter(points, start=NOW - 60, at=NOW))
    assert (total(counted), counted.rejected) == ((2, 2), 3)
    assert "streams" in counted.message()


def test_a_silent_process_is_forgotten() -> None:
    receiver = Receiver(REQUESTS)
    receiver.take(counter([(OK, 5)], start=NOW - 60, at=NOW))
    receiver.memory.forget_silent(now=NOW + 86_000)
    assert receiver.memory.streams == 1
    receiver.memory.forget_silent(now=NOW + 87_000)
    assert receiver.memory.streams == 0


def test_gauges_are_judged_by_value_once() -> None:
    receiver = Receiver(sli("depth", "metrics", metric="requests", good="value <= 10"))
    request = counter([(OK, 5), (BAD, 50)], start=NOW - 60, at=NOW - 30, form=1)
    for metric in request.resource_metrics[0].scope_metrics[0].metrics:
        metric.gauge.data_points.extend(metric.sum.data_points)
    assert total(receiver.take(request), "depth") == (1, 2)
    assert total(receiver.take(request), "depth") == (0, 0)


def test_equal_log_records_are_events_and_a_request_sent_again_is_none() -> None:
    request = ExportLogsServiceRequest()
    records = request.resource_logs.add().scope_logs.add().log_records
    for severity in (9, 9, 17):
        records.add(time_unix_nano=(NOW - 5) * SECOND, severity_number=severity)  # type: ignore[arg-type]
    records.add()
    receiver = Receiver(sli("logs", "logs", good="severity < 17"))
    counted = receiver.take(request)
    assert (total(counted, "logs"), counted.reasons) == ((2, 3), {"no instant": 1})
    again = receiver.take(request)
    assert (total(again, "logs"), again.duplicates) == ((0, 0), 3)


def test_ids_of_the_wrong_length_are_refused() -> None:
    request = spans(4)
    all_spans = request.resource_spans[0].scope_spans[0].spans
    all_spans[0].trace_id = b"short"
    all_spans[1].span_id = bytes(8)
    all_spans[2].start_time_unix_nano = 0
    counted = Receiver(sli("ok", good="status < 500")).take(request)
    assert (total(counted, "ok"), counted.rejected, sum(counted.reasons.values())) == ((1, 1), 3, 3)


def test_a_latency_needs_the_very_bound() -> None:
    metric = Metric(name="d", unit="s", form="delta", points=())
    point = Explicit(About(own={}), 0, 1, 10, (4, 3, 2, 1), (0.1, 0.25, 1.0))
    assert within(point, metric, Latency(250)) == 7  # type: ignore[arg-type]
    with pytest.raises(ProblemError, match=r"no bound 300 ms.*100 ms, 250 ms, 1000 ms"):
        within(point, metric, Latency(300))  # type: ignore[arg-type]
    with pytest.raises(ProblemError, match="no unit of time"):
        within(point, Metric(name="d", unit="By", form="delta", points=()), Latency(250))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("events", "signal", "words"),
    [
        ({"good": "status_code <> 'ERROR'"}, "traces", "never 'ERROR'"),
        ({"good": "kind IN ('SERVER')"}, "traces", "server"),
        ({"good": "status < 500"}, "metrics", "which metric"),
        ({"good": "duration_ms < 5", "valid": "metric = 'x'"}, "metrics", "latency"),
    ],
)
def test_slis_that_do_not_fit_their_signal(events: dict[str, str], signal: Any, words: str) -> None:
    with pytest.raises(ProblemError, match=words):
        sli("wrong", signal, **events)


observations = st.lists(st.floats(min_value=0.001, max_value=5000, allow_nan=False), min_size=1, max_size=40)


def exponential(values: list[float], scale: int) -> Exponential:
    """An exponential histogram of values, by its definition."""
    import math

    places = [math.ceil(math.log2(value) * 2.0**scale) - 1 for value in values]
    low = min(places)
    counts = [places.count(place) for place in range(low, max(places) + 1)]
    return Exponential(About(own={}), 1, 2, len(values), 0, scale, low, tuple(counts))


@settings(max_examples=100, deadline=None)
@given(before=observations, after=observations, scale=st.integers(-2, 3), coarser=st.integers(0, 3))
def test_exponential_increases_across_a_change_of_scale(
    before: list[float], after: list[float], scale: int, coarser: int
) -> None:
    then, now = exponential(before, scale), exponential(before + after, scale - coarser)
    gain = since(now, (then.events, then.low, then.scale, then.offset, *then.counts))
    assert isinstance(gain, Exponential)
    alone = exponential(after, scale - coarser)
    assert gain.events == len(after)
    found = {gain.offset + n: count for n, count in enumerate(gain.counts) if count}
    assert found == {alone.offset + n: count for n, count in enumerate(alone.counts) if count}


@settings(max_examples=60, deadline=None)
@given(
    steps=st.lists(st.tuples(st.integers(0, 20), st.booleans(), st.integers(1, 3)), min_size=1, max_size=12),
)
def test_increases_add_up_whatever_restarts_and_repeats(steps: list[tuple[int, bool, int]]) -> None:
    receiver = Receiver(REQUESTS)
    value, start, truth, counted = 0, NOW - 1000, 0, 0
    for place, (grown, restarted, times) in enumerate(steps):
        at = NOW - 900 + place * 10
        if restarted:
            value, start = 0, at - 5
        value += grown
        truth += grown
        request = counter([(OK, value)], start=start, at=at)
        for _ in range(times):
            counted += total(receiver.take(request))[1]
    assert counted == truth


def test_number_points_and_learned_are_plain_values() -> None:
    assert Number(About(own={}), 0, 1, 5)._replace(value=3).value == 3
    assert not Learned()
    assert from_bytes(Learned().as_bytes()) == Learned()
    with pytest.raises(ProblemError, match="memory"):
        from_bytes(b"{}")
