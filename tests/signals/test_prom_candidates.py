from __future__ import annotations

from fractions import Fraction

import pytest

from allowance.contract.indicator import PromHistogram, PromRatio
from allowance.signals.prom_candidates import (
    Candidate,
    bad_values,
    counter_of_failures,
    metrics_like_requests,
    status_label,
    suggestion,
)

NAMES = [
    "prometheus_http_requests_total", "http_requests_total", "http_request_errors_total", "grpc_server_handled_total",
    "http_response_size_bytes_total", "process_cpu_seconds_total", "http_request_duration_seconds_bucket",
    "http_request_duration_seconds_count", "http_request_size_bytes_bucket", "up", "job:http_requests:rate5m",
    "node_network_receive_bytes_total", "mail_jobs_total", "mail_jobs_failed_total", "a.b_requests_total",
]  # fmt: skip


def test_requests_and_durations_are_found_by_their_names() -> None:
    counters, histograms = metrics_like_requests(NAMES)
    assert counters == (
        "grpc_server_handled_total",
        "http_requests_total",
        "mail_jobs_total",
        "prometheus_http_requests_total",
    )
    assert histograms == ("http_request_duration_seconds",)
    assert counter_of_failures("http_requests_total", NAMES) == "http_request_errors_total"
    assert counter_of_failures("mail_jobs_total", NAMES) == "mail_jobs_failed_total"
    assert counter_of_failures("grpc_server_handled_total", NAMES) == ""


@pytest.mark.parametrize(
    ("label", "values", "bad"),
    [
        ("code", ["200", "404"], 'code=~"5.."'),
        ("status_class", ["2xx", "5xx"], 'status_class="5xx"'),
        (
            "grpc_code",
            ["OK"],
            'grpc_code=~"Unknown|DeadlineExceeded|Unimplemented|Internal|Unavailable|DataLoss"',
        ),
        ("rpc_grpc_status_code", ["0", "14"], 'rpc_grpc_status_code=~"2|4|12|13|14|15"'),
        ("outcome", ["ok", "timeout", "error"], 'outcome=~"error|timeout"'),
        ("result", ["success", "failed"], 'result="failed"'),
        ("error", ["true", "false"], 'error="true"'),
        ("success", ["false"], 'success="false"'),
        ("status", ["open", "closed"], ""),
    ],
)
def test_the_values_of_a_status_say_what_is_bad(label: str, values: list[str], bad: str) -> None:
    assert bad_values(label, values) == bad


def test_a_candidate_suggests_an_indicator() -> None:
    assert status_label(["job", "status", "code"]) == "code"
    assert status_label(["job"]) == ""
    assert suggestion(Candidate(kind="counter", name="a_total")) is None
    assert suggestion(Candidate(kind="counter", name="a_total", bad='a_total{code=~"5.."}')) == PromRatio(
        total="a_total", bad='a_total{code=~"5.."}'
    )
    bounds = (Fraction(1, 10), Fraction(1, 4), Fraction(1))
    histogram = Candidate(kind="histogram", name="h", bounds=bounds)
    assert suggestion(histogram) == PromHistogram(selector="h", threshold=Fraction(1, 4))
    assert suggestion(histogram, Fraction(1)) == PromHistogram(selector="h", threshold=Fraction(1))
    assert suggestion(Candidate(kind="histogram", name="h")) is None
