"""`allowance export`: where it writes, what it says, and its exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from allowance.cli.main import run

SHOP = """\
apiVersion: allowance/v1
kind: Service
metadata: {name: shop}
spec:
  owner: team-shop
  slos:
    - {name: availability, promql: {bad: bad_total, total: all_total}, target: 99.9%, alerts: workbook}
"""
TWO = f"{SHOP}---\n{SHOP.replace('name: shop', 'name: pay')}"
LOGS = SHOP.replace("slos:", "slos:\n    - {name: logs, good: status < 500, target: 99.9%}")


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("shop.yaml").write_text(SHOP)
    Path("two.yaml").write_text(TWO)
    Path("logs.yaml").write_text(LOGS)


def test_rules_go_to_standard_output_as_one_document(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "prometheus", "two.yaml"]) == 0
    (document,) = yaml.safe_load_all(capsys.readouterr().out)
    assert [group["name"] for group in document["groups"]] == [
        "shop/availability", "shop/availability period", "pay/availability", "pay/availability period",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("form", "names"),
    [
        ("prometheus", ["pay.rules.yaml", "shop.rules.yaml"]),
        ("alertmanager", ["alertmanager.yaml"]),
        ("grafana", ["pay.dashboard.json", "shop.dashboard.json"]),
    ],
)
def test_a_folder_gets_a_file_per_service(
    form: str, names: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", form, "two.yaml", "--out", "out/deep", "--json"]) == 0
    written = json.loads(capsys.readouterr().out)["written"]
    assert sorted(written) == [f"out/deep/{name}" for name in names]
    assert sorted(path.name for path in Path("out/deep").iterdir()) == names
    for path in map(Path, written):
        text = path.read_text()
        assert json.loads(text) if path.suffix == ".json" else len(list(yaml.safe_load_all(text))) == 1


def test_a_file_gets_everything(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "prometheus", "two.yaml", "--out", "all.yml"]) == 0
    assert capsys.readouterr().out == "wrote all.yml\n"
    assert len(yaml.safe_load(Path("all.yml").read_text())["groups"]) == 4


def test_files_that_are_there_stay(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "prometheus", "shop.yaml", "--out", "rules"]) == 0
    Path("rules/shop.rules.yaml").write_text("mine")
    assert run(["export", "prometheus", "two.yaml", "--out", "rules"]) == 2
    assert "shop.rules.yaml is there already" in capsys.readouterr().err
    assert sorted(path.name for path in Path("rules").iterdir()) == ["shop.rules.yaml"]
    assert Path("rules/shop.rules.yaml").read_text() == "mine"
    assert run(["export", "prometheus", "two.yaml", "--out", "rules", "--force"]) == 0
    assert Path("rules/shop.rules.yaml").read_text().startswith("# Written by")


def test_what_is_left_out_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "prometheus", "logs.yaml", "--out", "rules", "--json"]) == 0
    shown = capsys.readouterr()
    assert "warning: logs.yaml:7:" in shown.err
    (left_out,) = json.loads(shown.out)["leftOut"]
    assert "shop/logs counts events of files or tables" in left_out["message"]


@pytest.mark.parametrize("rules", ["1h/5m,6h/30m", "1h/5m, 6h/30m"])
def test_rules_can_be_chosen(rules: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["export", "prometheus", "shop.yaml", "--rules", rules]) == 0
    text = capsys.readouterr().out
    assert text.count("alert: ") == 1
    assert "alert: SloBurnPage" in text
    assert ":3d" not in text


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["prometheus"], "no contract was named"),
        (["prometheus", "absent.yaml"], "cannot be read"),
        (["datadog", "shop.yaml"], "datadog"),
        (["prometheus", "shop.yaml", "--json"], "--json lists written files"),
        (["prometheus", "shop.yaml", "--rules", "2h/1h"], "there are: 1h/5m, 6h/30m, 1d/2h, 3d/6h"),
        (["prometheus", "shop.yaml", "--rules", ","], "--rules names no rule"),
        (["grafana", "two.yaml"], "2 services are as many dashboards"),
        (["grafana", "shop.yaml", "--out", "shop.yaml/x"], "cannot be a folder"),
        (["grafana", "shop.yaml", "--out", "absent/x.json"], "cannot be written"),
    ],
)
def test_what_is_wrong_is_one_problem(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["export", *arguments]) == 2
    shown = capsys.readouterr()
    assert words in shown.err
    assert "hint: " in shown.err
    assert shown.out == ""


def test_a_dead_rule_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    Path("shop.yaml").write_text(SHOP.replace("99.9%", "90%"))
    assert run(["export", "prometheus", "shop.yaml"]) == 2
    assert "can never fire" in capsys.readouterr().err
    assert run(["export", "prometheus", "shop.yaml", "--rules", "6h/30m,1d/2h,3d/6h"]) == 0
