"""`allowance init`: what it writes passes `allowance check`, and its numbers come from what was seen."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest

from allowance.cli.main import run
from allowance.contract.indicator import Events, PromHistogram, PromRatio
from allowance.contract.model import Contract
from allowance.contract.read import read
from allowance.contract.source import Files
from allowance.core.ratio import parse_target
from allowance.core.time import iso, parse_instant
from tests.peers import prometheus_in, write_blocks

NOW = parse_instant("2026-11-21T06:00:00Z")
EVERYTHING = [
    *("--owner", "team-shop", "--runbook", "https://wiki.shop.test/shop"),
    *("--journey", "buy", "--outcome", "Orders are paid: 3 # a minute"),
]


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "My Shop"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr("allowance.edges.clock.now", lambda: NOW)


def written(name: str = "shop.yaml") -> Contract:
    return read([(name, Path(name).read_bytes())]).trusted()


def test_with_everything_said_even_strict_has_nothing_to_say(capsys: pytest.CaptureFixture[str]) -> None:
    for tier in ("0", "1", "2", "3"):
        assert run(["init", "--service", "shop", "--tier", tier, "--force", *EVERYTHING]) == 0
        assert "(no warnings)" in capsys.readouterr().out
        assert run(["check", "shop.yaml", "--strict"]) == 0
        (service,) = written().services
        assert (service.name, service.owner, service.tier) == ("shop", "team-shop", int(tier))
        assert [slo.name for slo in service.slos] == ["availability", "latency"]
        assert service.journeys == ("buy",)
        capsys.readouterr()


def test_without_words_the_folder_names_the_service(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init"]) == 0
    assert "wrote my-shop.yaml: 2 SLOs for my-shop" in capsys.readouterr().out
    assert run(["check", "my-shop.yaml"]) == 0


def test_a_file_that_is_there_is_kept(capsys: pytest.CaptureFixture[str]) -> None:
    Path("shop.yaml").write_text("mine")
    assert run(["init", "--service", "shop", "--from", "is-not-looked-at.log"]) == 2
    assert "shop.yaml is there already" in capsys.readouterr().err
    assert Path("shop.yaml").read_text() == "mine"
    assert run(["init", "--service", "shop", "--force"]) == 0
    assert written().service("shop") is not None
    assert list(Path().iterdir()) == [Path("shop.yaml")]


def test_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "--service", "shop", "--out", "-"]) == 0
    assert read([("-", capsys.readouterr().out.encode())]).ok
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["--service", "Shop X"],
        ["--tier", "7"],
        ["--tier", "x"],
        ["--journey", "to buy"],
        ["--out", "no/such/folder/x.yaml"],
        ["--good", ""],
    ],
)
def test_wrong_use_writes_nothing(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", *arguments]) == 2
    assert capsys.readouterr().err.startswith("error: ")
    assert list(Path().iterdir()) == []


class Terminal(io.StringIO):
    """What a person types."""

    def isatty(self) -> bool:
        return True


def test_a_person_is_asked_for_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", Terminal("Web Shop\nweb-shop\nteam-web\n\nbuy\nOrders are paid.\n"))
    monkeypatch.setattr("sys.stderr", Terminal())
    assert run(["init"]) == 0
    (service,) = written("web-shop.yaml").services
    assert (service.owner, service.runbook, service.journeys) == ("team-web", None, ("buy",))


def test_a_person_may_answer_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(""))
    monkeypatch.setattr("sys.stderr", Terminal())
    assert run(["init", "--owner", "team-x"]) == 0
    (service,) = written("my-shop.yaml").services
    assert (service.owner, service.journeys) == ("team-x", ())


def log(bad_every: int, count: int = 20_000) -> str:
    """An access log of three days whose requests take 1 to 100 ms, and every so many fail."""
    lines = []
    for n in range(count):
        at = iso(NOW - 3 * 86_400 + n * 3 * 86_400 // count)
        status = 500 if n % bad_every == 0 else 200
        lines.append(f'{{"time": "{at}", "status": {status}, "duration_ms": {1 + n % 100}}}\n')
    return "".join(lines)


def test_a_log_gives_targets_and_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    Path("access.jsonl").write_text(log(bad_every=400))
    assert run(["init", "--service", "shop", "--from", "access.jsonl", *EVERYTHING]) == 0
    availability, latency = written().slos
    assert availability.indicator == Events(good="status < 500")
    assert availability.target == parse_target("99.5")
    assert availability.source == Files(paths=("access.jsonl",))
    assert latency.indicator == Events(latency_ms=parse_target("50") * 200)
    assert latency.target == parse_target("99")
    text = Path("shop.yaml").read_text()
    assert "20,000 events, 50 of them bad" in text
    assert "tier 2 usually promises 99.9 %" in text
    capsys.readouterr()
    assert run(["check", "shop.yaml"]) == 0


def test_a_history_better_than_the_tier_needs_is_not_promised() -> None:
    Path("access.jsonl").write_text(log(bad_every=30_000).replace("500", "200"))
    assert run(["init", "--service", "shop", "--tier", "3", "--from", "access.jsonl"]) == 0
    assert written().slos[0].target == parse_target("99")
    assert "tier 3 needs no more than 99 %" in " ".join(
        Path("shop.yaml").read_text().replace("#", "").split()
    )


def test_a_bad_history_gets_rules_that_can_fire() -> None:
    Path("access.jsonl").write_text(log(bad_every=6))
    assert run(["init", "--service", "shop", "--from", "access.jsonl"]) == 0
    assert run(["check", "shop.yaml"]) == 0
    slo = written().slos[0]
    assert slo.target == parse_target("80")
    assert [rule.severity for rule in slo.rules] == ["log"]


@pytest.mark.parametrize("text", ["", "no log at all\n"])
def test_a_log_without_events_is_refused(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("access.log").write_text(text)
    assert run(["init", "--service", "shop", "--from", "access.log"]) == 2
    assert "Traceback" not in capsys.readouterr().err
    assert not Path("shop.yaml").exists()


def samples() -> Iterator[str]:
    """Two days of a shop's metrics each minute: 600 requests, 3 of them failed, 90 % within 0.1 s, 99 % within 0.5."""
    minutes = range(2 * 1440)
    begin = NOW - 2 * 86_400
    for name, kind, series in (
        ("http_requests", "counter", {'_total{code="200"}': 597, '_total{code="500"}': 3}),
        (
            "http_request_duration_seconds",
            "histogram",
            {
                '_bucket{le="0.1"}': 540,
                '_bucket{le="0.5"}': 594,
                '_bucket{le="2.5"}': 600,
                '_bucket{le="+Inf"}': 600,
                "_count": 600,
                "_sum": 60,
            },
        ),
    ):
        yield f"# TYPE {name} {kind}\n"
        for labels, each in series.items():
            yield from (f"{name}{labels} {each * m} {begin + 60 * m}\n" for m in minutes)
    yield "# EOF\n"


@pytest.fixture(scope="module")
def shop_metrics(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("metrics")
    write_blocks("".join(samples()), folder)
    with prometheus_in(folder) as url:
        yield url


def test_a_prometheus_gives_metrics_and_targets(
    shop_metrics: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["init", "--service", "shop", "--from", shop_metrics, *EVERYTHING]) == 0
    availability, latency = written().slos
    assert availability.indicator == PromRatio(
        total="http_requests_total", bad='http_requests_total{code=~"5.."}'
    )
    assert availability.target == parse_target("99.5")
    assert latency.indicator == PromHistogram(
        selector="http_request_duration_seconds", threshold=parse_target("50")
    )
    assert latency.target == parse_target("99")
    text = " ".join(Path("shop.yaml").read_text().replace("#", "").split())
    assert "90 % within 0.1, 99 % within 0.5, 100 % within 2.5" in text
    capsys.readouterr()
    assert run(["check", "shop.yaml"]) == 0


def test_a_prometheus_that_is_not_there_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["init", "--service", "shop", "--from", "http://127.0.0.1:9"]) == 2
    assert "Traceback" not in capsys.readouterr().err
