"""The page of the documentation that lists every lint rule, written from the table."""

from __future__ import annotations

from allowance.contract.lint import IGNORE, RULES
from allowance.contract.lint_rule import LintRule

_FAMILIES = {
    "AL0": "Rules that are set aside",
    "AL1": "What is measured",
    "AL2": "Targets and windows",
    "AL3": "Alerts",
    "AL4": "People and journeys",
    "AL5": "Dependencies",
    "AL6": "Queries",
    "AL7": "Names, groups and secrets",
    "AL8": "Error-budget policies",
}

_HEAD = f"""# Lint rules

`allowance check` reads documents and says what a careful reviewer would say. An **error** stops (exit code 1), a
**warning** stops with `--strict`, a **remark** (`info` for machines) never does. What cannot be read at all, such as a target of
100 %, is an error of the reader: it stands in no table here and cannot be set aside.

```yaml file=shop.yaml
apiVersion: allowance/v1
kind: Service
metadata:
  name: shop
spec:
  owner: team-shop
  runbook: https://wiki.shop.test/runbook
  source: {{files: access.log}}
  slos:
    - name: availability
      good: status < 500
      target: 99.9
  dependencies:
    - service: payments
      target: 99.5
  journeys:
    - name: buy
      outcome: Orders are paid.
```

```console exit=1
$ allowance check shop.yaml
...
shop.yaml:12:15: error AL502 shop/availability promises 99.9 %, but its hard dependencies allow at most 99.5 % (payments 99.5 %)
   12 |       target: 99.9
      |               ^
  hint: Lower the target, mitigate a dependency, or agree on a tighter target with its owner.

1 error, 1 remark in 1 file
```

`--format` writes the same for machines: `json`, `sarif` (code hosts, editors), `github` (marks the lines of a pull
request).

A rule is set aside by a label of the SLO, or of the service for all that it holds. The reason is required:

```yaml fragment
metadata:
  labels:
    {IGNORE}: AL201 the contract with our largest customer asks for it
```

Several are parted by semicolons: `AL201 first reason; AL402 second reason`.
"""


def lint_page() -> str:
    """`docs/lint.md`, whole."""
    parts = [_HEAD]
    for prefix, title in _FAMILIES.items():
        rules = sorted((rule for rule in RULES if rule.id.startswith(prefix)), key=lambda rule: rule.id)
        parts.append("\n".join([f"## {title}", "", *(_entry(rule) for rule in rules)]))
    return "\n".join(parts)


def _entry(rule: LintRule) -> str:
    severity = "remark" if rule.severity == "info" else rule.severity
    return f"### {rule.id} {rule.name}\n\n{severity.capitalize()}. {rule.why}\n\n*Fix:* {rule.fix}\n"
