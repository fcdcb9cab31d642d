"""`analyze`, `replay`, `explain`, `status`, `composite`, `completion`: what a person types, and what comes back."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from allowance.cli.main import GO, STOP, WRONG, run

LINE = '10.0.0.{n} - - [{at} +0100] "GET {path} HTTP/1.1" {status} 512 "-" "curl/8" 0.{ms:03d}'


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Ten hours, a request every ten seconds; for half an hour every second one fails."""
    lines = []
    for i in range(3600):
        minute = i // 6
        at = f"06/Jan/2026:{minute // 60 + 6:02d}:{minute % 60:02d}:{i % 6 * 10:02d}"
        bad = 240 <= minute < 270 and i % 2
        path = "/cart" if i % 3 else "/health"
        lines.append(LINE.format(n=i % 250, at=at, path=path, status=503 if bad else 200, ms=i % 400))
    file = tmp_path / "access.log"
    file.write_text("\n".join([*lines, "not a line of a log"]) + "\n")
    return file


@pytest.fixture
def ask(capfd: pytest.CaptureFixture[str]) -> Any:
    def asked(*words: str, code: int = GO) -> Any:
        found = run([*words, "--json"])
        out, err = capfd.readouterr()
        assert found == code, err
        return json.loads(out)

    return asked


def _err(capfd: pytest.CaptureFixture[str], *words: str) -> str:
    assert run(list(words)) == WRONG
    out, err = capfd.readouterr()
    assert out == ""
    assert "Traceback" not in err
    return err


def test_a_log_is_counted_in_utc_and_its_bad_line_is_shown(ask: Any, log: Path) -> None:
    answer = ask("analyze", str(log), "--target", "99")
    assert (answer["source"]["lines"], answer["source"]["malformed"]) == (3601, 1)
    assert answer["source"]["first"] == "2026-01-06T05:00:00Z"
    assert answer["counts"] == {"good": 3510, "total": 3600}
    (window,) = answer["windows"]
    assert window["budget"] == {"allowed": "36", "spent": 90, "left": "-54", "remaining": -1.5}
    assert sum(day["share"] for day in answer["spend_by_day"]) == pytest.approx(2.5)
    assert answer["policy"][0]["detections"][0]["onset"] == "2026-01-06T09:00:00Z"


def test_counts_read_back_give_the_same_answer(ask: Any, log: Path, tmp_path: Path) -> None:
    for name in ("counts.csv", "counts.parquet"):
        first = ask("analyze", str(log), "--counts", str(tmp_path / name))
        again = ask("analyze", str(tmp_path / name))
        assert again["windows"] == first["windows"]
        assert again["alerts"] == first["alerts"]


def test_grouped_counts_read_back_too(ask: Any, log: Path, tmp_path: Path) -> None:
    file = str(tmp_path / "by.csv")
    first = ask("analyze", str(log), "--by", "path", "--counts", file)
    again = ask("analyze", file, "--by", "path")
    assert [g["group"] for g in again["groups"]] == ["/cart", "/health"]
    assert [g["counts"] for g in again["groups"]] == [g["counts"] for g in first["groups"]]
    parts = [g["counts"]["total"] for g in first["groups"]]
    assert sum(parts) == first["counts"]["total"]


def test_one_row_for_each_window_and_instant(ask: Any, log: Path) -> None:
    answer = ask(
        "analyze", str(log), "--window=1h", "--window=day", "--zone=Europe/Berlin",
        "--at=2026-01-06T10:00:00+01:00", "--at=2026-01-06T11:00:00+01:00",
    )  # fmt: skip
    rows = [(w["window"], w["at"], w["total"]) for w in answer["windows"]]
    assert rows == [
        ("1h", "2026-01-06T09:00:00Z", 360),
        ("1h", "2026-01-06T10:00:00Z", 360),
        ("calendar day Europe/Berlin", "2026-01-06T09:00:00Z", 1440),
        ("calendar day Europe/Berlin", "2026-01-06T10:00:00Z", 1800),
    ]


def test_a_window_without_events_has_no_sli(ask: Any, log: Path) -> None:
    answer = ask("analyze", str(log), "--at=2026-02-20T00:00:00Z", "--window=1d")
    (window,) = answer["windows"]
    assert (window["sli"], window["met"], window["budget"]) == (None, None, None)


def test_latency_needs_both_and_percentiles_are_real_values(ask: Any, log: Path) -> None:
    answer = ask("analyze", str(log), "--latency", "100ms", "--valid", "path <> '/health'")
    assert answer["slo"]["good"] == "duration_ms <= 100"
    assert answer["percentiles_ms"]["p50"] in range(400)
    both = ask("analyze", str(log), "--latency", "100ms", "--good", "status < 500")
    assert both["counts"]["good"] < ask("analyze", str(log), "--latency", "100ms")["counts"]["good"]


def test_corrections(ask: Any, log: Path) -> None:
    trouble = "2026-01-06T09:00:00Z/2026-01-06T09:30:00Z"
    excluded = ask("analyze", str(log), "--exclude", trouble)
    assert excluded["counts"] == {"good": 3420, "total": 3420}
    excused = ask("analyze", str(log), "--count-good", trouble)
    assert excused["counts"] == {"good": 3600, "total": 3600}


def test_alert_rules_from_a_file(ask: Any, log: Path, tmp_path: Path) -> None:
    policy = tmp_path / "alerts.yaml"
    policy.write_text(
        "apiVersion: allowance/v1\nkind: AlertPolicy\nmetadata: {name: mine}\nspec:\n  rules:\n"
        "    - {severity: page, spend: 2%, in: 1h, and: 5m}\n    - {severity: ticket, burn: 3, in: 1d, and: 2h}\n"
    )
    answer = ask("analyze", str(log), "--alerts", str(policy))
    assert [(a["rule"], a["severity"], a["factor"]) for a in answer["alerts"]] == [
        ("1h/5m", "page", "14.4"),
        ("1d/2h", "ticket", "3"),
    ]


def test_the_period_scales_the_factors(ask: Any, log: Path) -> None:
    answer = ask("analyze", str(log), "--period", "28d")
    assert [a["factor"] for a in answer["alerts"]] == ["13.44", "5.6", "2.8", "0.933333333333"]
    assert "alert-below-one" in {f["code"] for f in answer["findings"]}


def test_two_policies_side_by_side(ask: Any, log: Path, tmp_path: Path) -> None:
    incidents = tmp_path / "incidents.csv"
    incidents.write_text(
        "begin,what\n2026-01-06T09:00:00Z,bad deploy\n2026-01-06T12:00:00Z,nothing happened\n"
    )
    answer = ask(
        "replay", str(log), "--against", "tiered", "--against-target", "99", "--incidents", str(incidents)
    )
    assert [p["policy"] for p in answer["policies"]] == ["workbook at 99.9", "tiered at 99"]
    page = answer["policies"][0]["severities"][0]
    assert (page["incidents"]["known"], page["incidents"]["noticed"]) == (2, 1)
    assert page["incidents"]["delays_s"][1] is None


def test_the_sums_behind_a_number(ask: Any, log: Path) -> None:
    parts = ask("explain", str(log), "--target", "99")
    steps = {s["what"]: s for s in parts[0]["steps"]}
    assert steps["allowed"] == {"what": "allowed", "sum": "(1 - 0.99) x 3600 = 0.01 x 3600", "result": "36"}
    assert steps["target met?"]["result"] == "no"


CONTRACT = """
apiVersion: allowance/v1
kind: Service
metadata: {{name: cart}}
spec:
  owner: shop
  tier: 2
  source: {{files: {log}}}
  slos:
    - {{name: availability, good: status < 500, target: 99%}}
    - {{name: speed, latency: 300ms, target: 50%}}
  dependencies:
    - {{service: tax, target: 98%}}
"""


@pytest.fixture
def contract(log: Path, tmp_path: Path) -> Path:
    file = tmp_path / "cart.yaml"
    file.write_text(CONTRACT.format(log=log))
    return file


def test_every_promise_worst_first(ask: Any, contract: Path) -> None:
    answer = ask("status", str(contract))
    assert [(s["slo"], s["state"]) for s in answer["slos"]] == [("availability", "broken"), ("speed", "ok")]
    assert answer["slos"][0]["budget"]["remaining"] == -1.5
    ask("status", str(contract), "--check", code=STOP)


def test_status_and_analyze_give_the_same_numbers(ask: Any, contract: Path, log: Path) -> None:
    status = next(s for s in ask("status", str(contract))["slos"] if s["slo"] == "availability")
    (window,) = ask("analyze", str(log), "--target", "99", "--window", "28d")["windows"]
    assert {k: status[k] for k in ("good", "total", "sli", "met", "budget")} == {
        k: window[k] for k in ("good", "total", "sli", "met", "budget")
    }


def test_a_source_that_fails_spoils_only_its_own(ask: Any, contract: Path) -> None:
    answer = ask("status", str(contract), "--source", "/nowhere.log")
    assert [s["state"] for s in answer["slos"]] == ["no data", "no data"]
    assert "nowhere" in answer["slos"][0]["problem"]["where"]


def test_what_dependencies_take_away(ask: Any, contract: Path) -> None:
    (cart,) = ask("composite", str(contract), "--check", code=STOP)["services"]
    assert (cart["can_hold"], cart["composite"]) == (False, "0.9702")


def test_where_a_contract_gets_its_values(ask: Any, contract: Path) -> None:
    answer = ask("explain", str(contract), "--slo", "cart/speed")
    fields = {f["field"]: f for f in answer["slos"][0]["fields"]}
    assert (fields["target"]["value"], fields["target"]["from"]) == ("50%", "written")
    assert (fields["window"]["value"], fields["window"]["from"]) == ("28d", "default")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["analyze"], "no source was named"),
        (["analyze", "{log}", "--target", "100"], "outside 0 to 100 %"),
        (["analyze", "{log}", "--good", "stauts < 500"], "did you mean status"),
        (["analyze", "{log}", "--good", "status <"], "[predicate]"),
        (["analyze", "{log}", "--good", "read_csv('x') = 1"], "[predicate]"),
        (["analyze", "{log}", "--window", "30"], "is not a duration"),
        (["analyze", "{log}", "--zone", "Mars/Base"], "is not a time zone"),
        (["analyze", "{log}", "--step", "7m"], "does not divide a day"),
        (["analyze", "{log}", "--latency", "fast"], "is not a latency"),
        (["analyze", "{log}", "--at", "2026-01-06T10:00:30Z"], "lies inside a bucket"),
        (["analyze", "{log}", "--alerts", "loud"], "neither an alert preset nor a file"),
        (["analyze", "{log}", "--by", "tenant"], "no column 'tenant'"),
        (["analyze", "{log}", "--counts", "x.txt"], "neither .csv nor .parquet"),
        (["analyze", "{log}", "--counts", "/nowhere/x.csv"], "cannot be written"),
        (["analyze", "{log}", "--exclude", "yesterday"], "is not a span of time"),
        (["analyze", "{log}", "--bogus"], "no option --bogus"),
        (["analyze", "ftp://x/y"], "not a source that can be read"),
        (["analyze", "/nowhere.log"], "cannot be read"),
        (["analyze", "postgresql://h/d"], "--table and --time"),
        (["analyze", "http://127.0.0.1:9"], "needs --valid"),
        (["replay", "{log}", "--incidents", "/nowhere.csv"], "cannot be read"),
        (["status"], "no contract was named"),
        (["status", "/nowhere.yaml"], "cannot be read"),
        (["composite", "{log}"], "error"),
        (["frobnicate"], "frobnicate"),
    ],
)
def test_every_mistake_is_one_clear_error(
    capfd: pytest.CaptureFixture[str], log: Path, words: list[str], said: str
) -> None:
    assert said in _err(capfd, *(word.format(log=log) for word in words))


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_the_commands(capfd: pytest.CaptureFixture[str], shell: str) -> None:
    assert run(["completion", shell]) == GO
    script = capfd.readouterr().out
    assert "analyze" in script
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)


def test_terminal_output_begins_with_the_answer_in_words(
    capfd: pytest.CaptureFixture[str], log: Path
) -> None:
    assert run(["analyze", str(log), "--target", "99"]) == GO
    out = capfd.readouterr().out
    assert out.startswith("Promise broken: 97.50")
    assert "spend per day" in out
    assert "malformed line left out, for example" in out
