"""`allowance check`: what it reads, what it prints, and its exit code."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path

import pytest

from allowance.cli.main import run

GOOD = """\
apiVersion: allowance/v1
kind: Service
metadata: {name: shop}
spec:
  owner: team-shop
  runbook: https://wiki.shop.test/runbook
  source: {files: access.log}
  slos:
    - {name: availability, good: status < 500, target: 99.9}
  journeys:
    - {name: buy, outcome: Orders are paid.}
"""
WARNED = GOOD.replace("  owner: team-shop\n", "")
DEAD = GOOD.replace("target: 99.9", "target: 90, alerts: workbook")


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(name: str, text: str | bytes) -> str:
    path = Path(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return name


def test_a_good_contract_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", write("shop.yaml", GOOD), "--strict"]) == 0
    assert capsys.readouterr().out.endswith("1 remark in 1 file\n")


@pytest.mark.parametrize(
    ("text", "strict", "code"),
    [
        (GOOD, False, 0),
        (GOOD, True, 0),
        (WARNED, False, 0),
        (WARNED, True, 1),
        (DEAD, False, 1),
        (DEAD, True, 1),
    ],
)
def test_errors_stop_and_warnings_stop_when_asked(text: str, strict: bool, code: int) -> None:
    assert run(["check", write("shop.yaml", text), *(["--strict"] if strict else [])]) == code


def test_an_error_is_shown_with_its_line(capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", write("shop.yaml", DEAD)])
    out = capsys.readouterr().out
    assert "shop.yaml:9:" in out
    assert "error AL301" in out
    assert "    9 |     - {name: availability" in out


@pytest.mark.parametrize("target", ["100", "100%", "100.0", "1.0"])
def test_a_target_of_a_hundred_percent_is_an_error(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", write("shop.yaml", GOOD.replace("target: 99.9", f"target: {target}"))]) == 1
    assert "error target" in capsys.readouterr().out


def test_broken_yaml_is_one_error_with_its_place(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", write("shop.yaml", "spec:\n\t- a\n")]) == 1
    assert capsys.readouterr().out.startswith("shop.yaml:2:1: error yaml ")


def test_folders_are_searched_and_what_is_not_ours_is_passed_over(capsys: pytest.CaptureFixture[str]) -> None:
    write("slo/b.yml", GOOD)
    write("slo/deep/a.yaml", GOOD.replace("name: shop", "name: stock").replace("buy", "sell"))
    write("slo/c.json", '{"apiVersion":"openslo/v1","kind":"Service","metadata":{"name":"pay"},"spec":{}}')
    write("slo/values.yaml", "image: allowance\nreplicas: 3\n")
    write("slo/.hidden/d.yaml", "apiVersion: openslo/v1\nbroken: [")
    write("slo/node_modules/e.yaml", "apiVersion: openslo/v1\nbroken: [")
    write("slo/f.txt", "apiVersion: openslo/v1\nbroken: [")
    os.symlink("nowhere", "slo/gone.yaml")
    os.symlink("..", "slo/deep/up")
    assert run(["check", "slo", "slo/b.yml"]) == 0
    assert "in 3 files (1 others passed over)" in capsys.readouterr().out


def test_a_named_file_is_read_whatever_it_holds(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["check", write("values.yaml", "image: allowance\n")]) == 1
    assert "error format" in capsys.readouterr().out


def test_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(DEAD.encode())))
    assert run(["check", "-"]) == 1
    assert "\n<stdin>:9:" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [["nowhere.yaml"], ["shop.yaml", "--stricd"], [], ["empty"], ["a\0b"], ["shop.yaml", "--format", "xml"]],
)
def test_wrong_use_is_exit_code_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    Path("empty").mkdir()
    write("shop.yaml", GOOD)
    assert run(["check", *arguments]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("error: ")
    assert "Traceback" not in printed.err


def test_a_file_that_is_too_large_is_refused_without_reading_it_all(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with open("large.yaml", "wb") as file:
        file.truncate(10_000_000_000)
    assert run(["check", "large.yaml"]) == 1
    assert "yaml-limit" in capsys.readouterr().out


def test_names_that_are_no_text_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    os.mkdir("slo")
    with open(b"slo/\xff\n.yaml", "wb") as file:
        file.write(DEAD.encode())
    assert run(["check", "slo"]) == 1
    assert "AL301" in capsys.readouterr().out


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    name = write("shop.yaml", DEAD)
    assert run(["check", name, "--format", "json"]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert answer["errors"] >= 1
    run(["check", name, "--json"])
    assert json.loads(capsys.readouterr().out) == answer


def test_sarif_and_github(capsys: pytest.CaptureFixture[str]) -> None:
    name = write("shop.yaml", DEAD)
    assert run(["check", name, "--format", "sarif"]) == 1
    assert json.loads(capsys.readouterr().out)["version"] == "2.1.0"
    assert run(["check", name, "--format", "github"]) == 1
    assert "::error file=shop.yaml,line=9," in capsys.readouterr().out


def test_no_colour_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    run(["check", write("shop.yaml", DEAD)])
    assert "\x1b" not in capsys.readouterr().out
