"""Requests that are stored together are counted as if each had been stored before the next came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from allowance.signals.otlp_columns import Batch
from allowance.signals.otlp_count import OtlpCounter
from allowance.signals.otlp_group import count_together
from allowance.signals.otlp_learned import Learned
from allowance.signals.otlp_memory import Memory
from allowance.signals.otlp_protobuf import ProtobufReader
from allowance.signals.otlp_tally import Counted, Limits
from tests.signals.test_otlp_points import each
from tests.web.otlp_traffic import NOW, counter, sli, spans

SLIS = (
    sli("all", valid="kind = 'server'", good="status < 500"),
    sli("slow", latency_ms=100),
    sli("tenants", good="status < 500", by="tenant"),
    sli("points", "metrics", metric="requests", good="status < 500", by="tenant"),
)
STATUS = st.sampled_from([200, 500])
TENANT = st.sampled_from(["a", "b", "c", "d"])


@st.composite
def span_requests(draw: st.DrawFn) -> Any:
    """Few different ids, so that they meet; some too late; some of a kind that nobody counts."""
    request = spans(
        draw(st.integers(0, 3)),
        at=draw(st.sampled_from([NOW - 30, NOW - 400, NOW - 9000])),
        bad=draw(st.integers(0, 2)),
        salt=draw(st.integers(0, 5)),
        tenant=draw(TENANT),
    )
    return "traces", request.SerializeToString()


@st.composite
def point_requests(draw: st.DrawFn) -> Any:
    points: list[tuple[dict[str, Any], int]] = [
        ({"http.response.status_code": draw(STATUS), "tenant": draw(TENANT)}, draw(st.integers(0, 40)))
        for _ in range(draw(st.integers(1, 3)))
    ]
    at, form = draw(st.integers(NOW - 9, NOW - 1)), draw(st.sampled_from([1, 2]))
    return "metrics", counter(points, start=NOW - 600, at=at, form=form).SerializeToString()


def added(counted: Iterable[Counted]) -> Mapping[Any, tuple[int, int]]:
    """Good and total by SLI, group and bucket."""
    sums: dict[Any, tuple[int, int]] = {}
    for one in counted:
        for key, rows in one.rows.items():
            for at, (good, total) in rows.items():
                before = sums.get((key, at), (0, 0))
                sums[key, at] = before[0] + good, before[1] + total
    return sums


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(span_requests(), span_requests(), point_requests()), min_size=1, max_size=6))
def test_together_is_one_after_the_other(requests: list[Any]) -> None:
    counting = OtlpCounter(SLIS, Limits(groups=2))
    reader = ProtobufReader(counting.wanted())
    batches: list[Batch] = [reader.read(signal, body) for signal, body in requests]
    alone, memory = Memory(), Memory()
    singles = []
    for batch in batches:
        singles.append(counting.count(batch, alone, now=NOW, closed=NOW - 60))
        alone.learn(singles[-1].learned)

    group = count_together(batches, counting, memory, now=NOW, closed=NOW - 60)
    rows = {(key, at): counts for key, some in group.rows().items() for at, counts in some.items()}
    assert rows == added(singles)
    for part, single in zip(group.parts, singles, strict=True):
        assert isinstance(part, Counted)
        assert (part.rejected, part.message()) == (single.rejected, single.message())
    for name in ("accepted", "rejected", "duplicates", "unused", "baselines", "revised"):
        found = sum(getattr(one, name) for _, one in group.shown)
        assert found == sum(getattr(one, name) for one in singles), name

    assert memory.standing() == Learned()  # nothing is learned before it is stored
    memory.learn(group.learned)
    assert memory.ids == alone.ids
    assert each(memory) == each(alone)
