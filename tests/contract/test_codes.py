"""Every code that reading a contract can answer with is explained in docs/contract.md."""

from __future__ import annotations

import ast
from pathlib import Path

import allowance.contract

FOLDER = Path(allowance.contract.__file__).parent
MANUAL = Path(__file__).parents[2] / "docs" / "contract.md"
REPORTING = {"error", "warn", "refuse"}


def test_every_code_is_explained() -> None:
    manual = MANUAL.read_text(encoding="utf-8")
    codes = {code for path in FOLDER.glob("*.py") if "lint" not in path.name for code in codes_of(path)}
    assert "target" in codes
    assert "one-window" in codes
    assert sorted(code for code in codes if f"`{code}`" not in manual and not code.startswith("yaml-")) == []


def codes_of(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            first = node.args[:1] if name in REPORTING else []
            named = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
            found |= {
                value.value
                for value in (*first, *named)
                if isinstance(value, ast.Constant) and isinstance(value.value, str)
            }
    return found
