"""The real cases through the command itself: what a user sees is what was computed independently."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from allowance.cli.main import run

RULES = ("page_1h_5m_14.4", "page_6h_30m_6", "ticket_1d_2h_3", "ticket_3d_6h_1")


def _analyze(capfd: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    code = run(["analyze", *arguments, "--json"])
    out, err = capfd.readouterr()
    assert code == 0, err
    return json.loads(out)


def _windows(expected: dict[str, Any], target: str) -> list[dict[str, Any]]:
    return [
        {
            "at": row["at"],
            "window": row["window"],
            "good": row["good"],
            "total": row["total"],
            "sli": row["sli"],
            "met": row["targets"][target]["met"],
            "allowed": row["targets"][target]["allowed_bad"].split(" ")[0],
            "remaining": row["targets"][target]["budget_remaining_fraction"],
        }
        for row in expected["compliance"]
    ]


def _shown(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        {
            "at": row["at"],
            "window": row["window"],
            "good": row["good"],
            "total": row["total"],
            "sli": None if row["sli"] is None else round(row["sli"], 12),
            "met": row["met"],
            "allowed": str(Fraction(row["budget"]["allowed"])),
            "remaining": round(row["budget"]["remaining"], 12),
        }
        for row in document["windows"]
    ]


def _key(row: dict[str, Any]) -> tuple[str, str]:
    return row["at"], row["window"]


def check(document: dict[str, Any], expected: dict[str, Any], target: str) -> None:
    """Counts, windows and every alert of one answer."""
    assert document["counts"]["total"] == expected["total"]
    assert document["counts"]["total"] - document["counts"]["good"] == expected["bad"]
    assert document["history"]["begin"] == expected["first_minute"]
    assert document["history"]["buckets"] == expected["minutes_spanned"]
    assert document["history"]["buckets_with_data"] == expected["minutes_with_data"]
    assert sorted(_shown(document), key=_key) == sorted(_windows(expected, target), key=_key)
    answers = expected["alerts"][target]
    for alert, name in zip(document["alerts"], RULES, strict=True):
        assert alert["firing_buckets"] == answers[name]["firing_minutes"]
        assert alert["first"] == answers[name]["first"]
        assert len(alert["episodes"]) == answers[name]["episodes"]
        assert alert["episodes"][:40] == answers[name]["episode_list"]
    for row in document["policy"]:
        answer = answers[f"any_{row['severity']}"]
        assert row["firing_buckets"] == answer["firing_minutes"]
        assert row["episodes"][:40] == answer["episode_list"]


def _asked(expected: dict[str, Any]) -> list[str]:
    rows = expected["compliance"]
    windows = dict.fromkeys(row["window"] for row in rows)
    instants = dict.fromkeys(row["at"] for row in rows)
    return [f"--window={w}" for w in windows] + [f"--at={i}" for i in instants]


def _expected(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "expected.json").read_text())


@pytest.mark.parametrize("target", ["0.99", "0.999"])
def test_an_apache_log(cases: Path, capfd: pytest.CaptureFixture[str], target: str) -> None:
    folder = cases / "apache-elastic"
    expected = _expected(folder)
    answer = expected["slis"]["avail_5xx__strict"]
    document = _analyze(capfd, str(folder / "access.log.gz"), f"--target={target}", *_asked(answer))
    assert document["source"]["lines"] == expected["facts"]["lines"]
    assert document["source"]["malformed"] == len(expected["facts"]["malformed_line_numbers(1-based)"])
    check(document, answer, target)


NGINX = {
    "avail_all": [],
    "avail_499_bad": ["--good", "status < 499"],
    "latency_100ms": [
        "--valid",
        "status between 200 and 399 and path not like '/socket.io/%'",
        "--latency",
        "100ms",
    ],
}


@pytest.mark.parametrize("target", ["0.99", "0.999"])
@pytest.mark.parametrize("sli", NGINX)
def test_an_nginx_log(cases: Path, capfd: pytest.CaptureFixture[str], sli: str, target: str) -> None:
    folder = cases / "nginx-json-dashboard"
    expected = _expected(folder)
    answer = expected["slis"][sli]
    document = _analyze(
        capfd, str(folder / "access.jsonl.gz"), f"--target={target}", *NGINX[sli], *_asked(answer)
    )
    assert document["source"]["lines"] == expected["facts"]["lines"]
    assert document["source"]["malformed"] == 0
    assert document["source"]["first"] == expected["facts"]["first_event"].replace("+00:00", "Z")
    assert document["source"]["last"] == expected["facts"]["last_event"].replace("+00:00", "Z")
    check(document, answer, target)
    if sli == "latency_100ms":
        ranks = expected["facts"]["nearest_rank_percentiles_s (latency population)"]
        for name, value in document["percentiles_ms"].items():
            key = name if "." in name else f"{name}.0"
            assert Fraction(str(value)) == Fraction(ranks[key]) * 1000


@pytest.mark.parametrize("target", ["0.99", "0.999"])
def test_cumulative_counters(cases: Path, capfd: pytest.CaptureFixture[str], target: str) -> None:
    folder = cases / "nginxplus-counters"
    expected = _expected(folder)["slis"]
    everything = '"1xx" + "2xx" + "3xx" + "4xx" + "5xx"'
    arguments = ["--counters", "--valid", everything, "--bad", '"5xx"', "--by", "zone"]
    for zone, answer in expected.items():
        document = _analyze(
            capfd, str(folder / "counters.csv.gz"), f"--target={target}", *arguments, *_asked(answer)
        )
        groups = {"ALL_ZONES": document} | {g["group"]: g for g in document["groups"]}
        check(groups[zone], answer, target)


@pytest.mark.parametrize("target", ["0.95", "0.99"])
def test_probes(cases: Path, capfd: pytest.CaptureFixture[str], target: str) -> None:
    folder = cases / "upptime-curc"
    expected = _expected(folder)["monitors"]
    path = str(folder / "checks.csv.gz")
    for monitor, answers in expected.items():
        answer = answers["event_sli"]
        document = _analyze(
            capfd,
            path,
            f"--target={target}",
            f"--valid=monitor = '{monitor}'",
            "--good=state = 'up'",
            *_asked(answer),
        )
        check(document, answer, target)
        latency = answers["latency_sli"]
        slow = _analyze(capfd, path, f"--valid=monitor = '{monitor}' and state = 'up'", "--latency=500ms")[
            "counts"
        ]
        assert (slow["total"], slow["good"]) == (latency["total"], latency["good"])


def test_the_counts_of_a_shop_are_read_as_counts(cases: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = cases / "nezha-boutique"
    answer = _expected(folder)["availability"]
    for target in ("0.99", "0.999"):
        path = folder / "minutes_availability_2022-08-22.csv.gz"
        document = _analyze(capfd, str(path), f"--target={target}", *_asked(answer))
        check(document, answer, target)


def test_spans_by_their_duration(cases: Path, capfd: pytest.CaptureFixture[str]) -> None:
    folder = cases / "nezha-boutique"
    answer = _expected(folder)["root_span_latency_sli"]
    for target in answer["alerts"]:
        path = folder / "root_spans_2022-08-22.csv.gz"
        document = _analyze(capfd, str(path), f"--target={target}", "--latency=250ms", *_asked(answer))
        check(document, answer, target)
