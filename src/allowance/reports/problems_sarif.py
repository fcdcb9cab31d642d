"""Problems as SARIF 2.1.0, which code hosts and editors show beside the lines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from allowance.contract.lint_rule import LintRule
from allowance.core.problem import Problem
from allowance.reports.problems import in_order

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
_LEVELS = {"error": "error", "warning": "warning", "info": "note"}
_PLAIN = frozenset(b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/")


def problems_sarif(problems: Sequence[Problem], rules: Mapping[str, LintRule], *, version: str) -> str:
    """One run with every lint rule that spoke, and one result per problem. `rules` are the lint rules by id.

    Codes that are no lint rule, such as those of the reader, get a rule of their own without a help text.
    """
    listed = in_order(problems)
    codes = list(dict.fromkeys(problem.code for problem in listed))
    driver = {
        "name": "allowance",
        "version": version,
        "rules": [_rule(code, rules.get(code)) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [_result(problem, codes.index(problem.code)) for problem in listed],
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _rule(code: str, rule: LintRule | None) -> dict[str, Any]:
    if rule is None:
        text = f"The document cannot be read as it stands ({code})."
        return {"id": code, "name": _pascal(code), "shortDescription": {"text": text}, "help": {"text": text}}
    return {
        "id": rule.id,
        "name": _pascal(rule.name),
        "shortDescription": {"text": rule.name.replace("-", " ")},
        "fullDescription": {"text": rule.why},
        "help": {"text": f"{rule.why} {rule.fix}", "markdown": f"{rule.why}\n\n**Fix**: {rule.fix}"},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
    }


def _pascal(slug: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in slug.split("-"))


def _result(problem: Problem, index: int) -> dict[str, Any]:
    text = f"{problem.message}\n{problem.hint}" if problem.hint else problem.message
    result: dict[str, Any] = {
        "ruleId": problem.code,
        "ruleIndex": index,
        "level": _LEVELS[problem.severity],
        "message": {"text": text},
    }
    location = _location(problem)
    if location:
        result["locations"] = [location]
    return result


def _location(problem: Problem) -> dict[str, Any]:
    where = problem.where
    location: dict[str, Any] = {}
    if where.file is not None:
        physical: dict[str, Any] = {"artifactLocation": {"uri": _uri(where.file)}}
        if where.line is not None:
            column = {} if where.column is None else {"startColumn": where.column}
            physical["region"] = {"startLine": where.line, **column}
        location["physicalLocation"] = physical
    if where.path is not None:
        location["logicalLocations"] = [{"fullyQualifiedName": where.path}]
    return location


def _uri(file: str) -> str:
    """A file name as an address: relative ones stay relative, absolute ones begin with file://."""
    text = "".join(
        chr(byte) if byte in _PLAIN else f"%{byte:02X}" for byte in file.encode("utf-8", "replace")
    )
    return f"file://{text}" if text.startswith("/") else text
