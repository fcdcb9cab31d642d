"""What a user can meet is in the documentation: commands, lint rules, presets, error-budget policies."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from allowance.cli.main import COMMANDS, run
from allowance.contract.lint import RULES
from allowance.contract.policies import POLICIES
from allowance.contract.presets import PRESETS
from tests.demo.month import folder
from tests.docs.blocks import ROOT, documents, name_of, prose

EVERYTHING = "\n".join(path.read_text() for path in documents())
BY_HAND = re.sub(r"<!-- generated: [\w-]+ -->.*?<!-- end -->", "", EVERYTHING, flags=re.DOTALL)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_explained_by_a_person(name: str) -> None:
    assert re.search(rf"allowance {re.escape(name)}\b", BY_HAND), f"no document speaks of allowance {name}"


def test_every_lint_rule_is_documented() -> None:
    missing = [rule.id for rule in RULES if rule.id not in EVERYTHING or rule.name not in EVERYTHING]
    assert missing == []


def test_every_preset_is_documented() -> None:
    missing = [name for name in (*PRESETS, *POLICIES) if f"`{name}`" not in EVERYTHING]
    assert missing == []


@pytest.mark.xdist_group("month")
def test_every_field_of_the_json_answer_is_documented(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    words = ["--by", "tenant", "--latency", "500ms", "--good", "status < 500", "--json"]
    assert run(["analyze", str(folder() / "payments.jsonl.gz"), *words]) == 0
    page = (ROOT / "docs" / "json.md").read_text()
    answer = json.loads(capsysbinary.readouterr().out)
    assert sorted(name for name in _keys(answer) if not re.search(rf"\b{re.escape(name)}\b", page)) == []


def _keys(value: object) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*(_keys(inside) for inside in value.values()))
    if isinstance(value, list):
        return set[str]().union(*(_keys(inside) for inside in value))
    return set()


@pytest.mark.parametrize("path", documents(), ids=name_of)
def test_every_link_inside_the_project_leads_somewhere(path: Path) -> None:
    text = prose(path.read_text())
    targets = re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", text)
    inside = [target for target in targets if "://" not in target and not target.startswith("mailto:")]
    assert [target for target in inside if not (path.parent / target).exists()] == []
