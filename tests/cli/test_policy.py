"""`allowance policy`, `sign` and `freeze`: what a person types, and what comes back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from allowance.cli.main import GO, STOP, WRONG, run
from allowance.contract.policies import POLICIES
from allowance.contract.read import read
from allowance.contract.signing import in_force, policy_hash

SHOP = """\
apiVersion: allowance/v1
kind: Service
metadata: {name: shop}
spec:
  owner: web
  policy: shop-budget
  slos:
    - {name: availability, good: status < 500, target: 99%, window: 2h}
"""

POLICY = """\
apiVersion: allowance/v1
kind: ErrorBudgetPolicy
metadata: {name: shop-budget}
spec:
  preset: green-yellow-red
  # people wrote this
  states: {margin: 5%}
  revisit: 2027-02-01
"""

CASES = """\
apiVersion: allowance/v1
kind: PolicyTest
metadata: {name: shop-cases}
spec:
  policy: shop-budget
  cases:
    - {name: plenty, given: {remaining: 80%, change: feature}, expect: go}
    - {name: spent, given: {remaining: -3%, change: feature}, expect: EXPECTED}
"""

LINE = '10.0.0.1 - - [06/Jan/2026:{hour:02d}:{minute:02d}:{second:02d} +0000] "GET / HTTP/1.1" {status} 5\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Six hours of a request every ten seconds, of which twenty minutes fail."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.yaml").write_text(SHOP)
    (tmp_path / "policy.yaml").write_text(POLICY)
    (tmp_path / "cases.yaml").write_text(CASES.replace("EXPECTED", "stop"))
    (tmp_path / "access.log").write_text(
        "".join(
            LINE.format(
                hour=i // 360,
                minute=i // 6 % 60,
                second=i % 6 * 10,
                status=503 if 120 <= i // 6 < 140 else 200,
            )
            for i in range(6 * 360)
        )
    )
    (tmp_path / "deploys.csv").write_text(
        "at,service,version,change\n"
        "2026-01-06T01:00:00Z,shop,1.0,feature\n"
        "2026-01-06T03:00:00Z,shop,1.1,feature\n"
        "2026-01-06T03:10:00Z,shop,1.2,hotfix\n"
        "2026-01-06T03:20:00Z,search,7.0,feature\n"
    )
    return tmp_path


def answer(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    assert run([*words, "--json"]) in (GO, STOP)
    return json.loads(capsys.readouterr().out)


def test_presets_are_named_and_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert [one["name"] for one in answer(capsys, "policy", "presets")] == list(POLICIES)
    for name in POLICIES:
        assert run(["policy", "show", name]) == GO
        said = capsys.readouterr().out
        assert f"hash {policy_hash(POLICIES[name])}" in said
        assert "§1 when" in said
    assert run(["policy", "show", "nobodys"]) == WRONG


def test_cases_pass_or_fail(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "test", "policy.yaml", "cases.yaml"]) == GO
    assert "2 cases, all as expected" in capsys.readouterr().out
    Path("cases.yaml").write_text(CASES.replace("EXPECTED", "go"))
    assert run(["policy", "test", "policy.yaml", "cases.yaml"]) == STOP
    assert "2 cases, 1 failed" in capsys.readouterr().out
    assert run(["policy", "test", "policy.yaml"]) == WRONG
    assert run(["check", "."]) in (GO, STOP), "cases beside the policy are documents, too"


def test_a_replay_says_what_would_have_been(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["policy", "replay", "shop.yaml", "policy.yaml", "--history", "access.log"]
    played = answer(capsys, *words, "--deploys", "deploys.csv", "--against", "graduated")
    ours, other = played
    assert (ours["policy"], other["policy"]) == ("shop-budget", "graduated")
    assert [(one["version"], one["verdict"]) for one in ours["deploys"]] == [
        ("1.0", "go"),
        ("1.1", "stop"),
        ("1.2", "go"),
    ]
    # 120 bad of the 720 requests of two hours: the first eight spend the 7.2 that are allowed, in the 121st minute
    # the budget is red, and it is until all but six have left the window.
    [freeze] = ours["freezes"]
    assert freeze["begin"] == "2026-01-06T02:02:00Z"
    assert freeze["end"] == "2026-01-06T04:19:00Z"
    assert ours["frozen_seconds"] == 137 * 60
    assert len(other["hand_backs"]) == 1
    assert run([*words, "--deploys", "deploys.csv"]) == GO
    said = capsys.readouterr().out
    assert "2h 17m" in said
    assert "1.1" in said
    assert run([*words, "--service", "search"]) == WRONG
    assert run([*words, "--against", "shop.yaml"]) == WRONG


def test_a_replay_within_a_span_and_of_json_lines(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("deploys.jsonl").write_text(
        '{"at": "2026-01-06T02:30:00Z", "version": "2", "state": "failed"}\n'
        '{"at": "2026-01-06T02:40:00Z", "version": "1", "state": "rollback"}\n'
    )
    words = ["policy", "replay", "shop.yaml", "policy.yaml", "--history", "access.log"]
    [played] = answer(
        capsys,
        *words,
        "--deploys",
        "deploys.jsonl",
        "--from",
        "2026-01-06T01:00:00Z",
        "--to",
        "2026-01-06T03:00:00Z",
    )
    assert (played["begin"], played["end"]) == ("2026-01-06T01:00:00Z", "2026-01-06T03:00:00Z")
    assert [one["verdict"] for one in played["deploys"]] == ["stop", "go"]
    assert played["freezes"][0]["end"] is None
    Path("deploys.jsonl").write_text("[]\n")
    assert run([*words, "--deploys", "deploys.jsonl"]) == WRONG
    Path("deploys.csv").write_text("version\n1\n")
    assert run([*words, "--deploys", "deploys.csv"]) == WRONG


def test_signatures_go_into_the_document(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = Path("policy.yaml").read_text()
    words = ["sign", "shop-budget", "policy.yaml", "--role"]
    assert run([*words, "product", "--by", "Pat Lee"]) == GO
    assert '- {role: product, by: "Pat Lee"' in capsys.readouterr().out
    assert Path("policy.yaml").read_text() == before
    for role, by in (("product", "Pat Lee"), ("engineering", "Ada"), ("business", 'Eve "the boss": x')):
        assert run([*words, role, "--by", by, "--write"]) == GO
    assert "All three parties" in capsys.readouterr().out
    text = Path("policy.yaml").read_text()
    assert text.startswith(before), "what people wrote stays as it is"
    contract = read([("policy.yaml", text.encode())]).trusted()
    assert in_force(contract.budget_policies[0])
    for slip in (
        [*words, "product", "--by", "Zoe", "--write"],
        [*words, "product", "--by", "Zoe", "--hash", "abc"],
        ["sign", "shop-budget", "policy.yaml", "--role", "product"],
        ["sign", "nobodys", "policy.yaml", "--role", "product", "--by", "Zoe"],
        ["sign", "shop-budget", "--role", "product"],
    ):
        assert run(slip) == WRONG, slip


@pytest.mark.parametrize(
    "text",
    [
        POLICY + "  signatures:\n    - {role: product, by: Old, on: 2026-01-01, hash: abc}\n  freeze: soft\n",
        POLICY + "  signatures:\n  - {role: product, by: Old, on: 2026-01-01, hash: abc}\n  freeze: soft\n",
        POLICY + "---\n" + CASES.replace("EXPECTED", "stop"),
        SHOP + "---\n# a comment\n" + POLICY + "# the end\n",
    ],
)
def test_signatures_find_their_place(text: str, tmp_path: Path) -> None:
    file = tmp_path / "all.yaml"
    file.write_text(text)
    words = ["sign", "shop-budget", str(file), "--by", "Pat", "--role", "engineering", "--write"]
    assert run(words) == GO
    [policy] = [
        one
        for one in read([("all.yaml", file.read_bytes())]).trusted().budget_policies
        if one.name == "shop-budget"
    ]
    assert "Pat" in [one.by for one in policy.signatures]
    kept = [line for line in file.read_text().splitlines() if "Pat" not in line and line != "  signatures:"]
    assert kept == [line for line in text.splitlines() if line != "  signatures:"]


def test_a_document_on_one_line_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "flow.yaml"
    text = "{apiVersion: allowance/v1, kind: ErrorBudgetPolicy, metadata: {name: p}, spec: {preset: graduated}}\n"
    file.write_text(text)
    assert run(["sign", "p", str(file), "--by", "Pat", "--role", "product", "--write"]) == WRONG
    assert file.read_text() == text
