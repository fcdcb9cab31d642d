"""`allowance probe` and `allowance send` as people type them: words, exit codes, JSON."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import orjson
import pytest

from allowance.cli.main import run
from allowance.cli.probe import expectation
from allowance.cli.send import per_second
from allowance.core.problem import ProblemError
from tests.edges.test_prober import serving
from tests.fakes.receiver import Reply, receiving
from tests.peers import free_port


def test_probe_says_good_and_bad(capsys: pytest.CaptureFixture[str]) -> None:
    with serving() as site:
        assert run(["probe", f"{site}/health", "--expect", "json.status=up", "--expect", "latency=60s"]) == 0
        assert "✓ good  GET" in capsys.readouterr().out
        assert run(["probe", f"{site}/status/503", f"{site}/health", "--count", "1"]) == 1
    out = capsys.readouterr().out
    assert "the status is 503" in out
    assert "1 of 2 probes good" in out


def test_probe_of_a_contract_as_json(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    contract = tmp_path / "shop.yaml"
    closed = free_port()
    with serving() as site:
        contract.write_text(
            "apiVersion: allowance/v1\nkind: Service\nmetadata: {name: shop}\nspec:\n  slos:\n"
            f"    - {{name: a, source: {{probe: '{site}/health'}}, good: ok, target: 99%}}\n"
            f"    - {{name: b, source: {{probe: '{site}/health'}}, latency: 300ms, target: 99%}}\n"
            f"    - {{name: c, source: {{probe: {{url: 'http://127.0.0.1:{closed}/', witness: '127.0.0.1:{closed}'}}}}, "
            "good: ok, target: 99%}\n"
        )
        assert run(["probe", str(contract), "--json"]) == 3
    one, other = orjson.loads(capsysbinary.readouterr().out)["probes"]
    assert (one["verdict"], one["status"], one["failures"]) == ("good", 200, [])
    assert sum(one["phases_us"].values()) <= one["total_us"]
    assert other["verdict"] == "not made"


@pytest.mark.parametrize(
    "words",
    [
        ["probe"],
        ["probe", "ftp://x/"],
        ["probe", "http://x/", "--method", "DELETE"],
        ["probe", "http://x/", "--expect", "nothing"],
        ["send", "smoke"],
        ["send", "otlp", "--rate", "5/year"],
        ["send", "otlp", "--errors", "200%"],
        ["send", "otlp", "--to", "http://127.0.0.1:1", "--for", "1s"],
    ],
)
def test_wrong_use_is_explained(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 2
    assert "error:" in capsys.readouterr().err


def test_rates_and_expectations() -> None:
    assert [per_second(text) for text in ("50/s", "600/m", "7")] == [50, 10, 7]
    found = expectation(["status=2xx", "status=404", "latency=300ms", "tls=14", "body=^ok", "json.a.b=1"])
    assert found.status == ((200, 299), (404, 404))
    assert (found.latency_ms, found.tls_days_left, found.body) == (Fraction(300), 14, "^ok")
    assert found.json == (("a.b", "1"),)
    with pytest.raises(ProblemError, match="no regular expression"):
        expectation(["body=("])


@pytest.mark.parametrize("form", ["events", "rum"])
def test_what_is_sent_to_the_api_goes_to_the_server_of_the_environment(
    form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["send", form, "--for", "1s", "--rate", "1/s"]
    with (
        receiving(lambda request: Reply(body="{}")) as usual,
        receiving(lambda request: Reply(body="{}")) as named,
    ):
        monkeypatch.setenv("ALLOWANCE_SERVER", usual.url)
        run(words)
        run([*words, "--to", named.url])
        assert len(usual.got) == len(named.got) == 1
