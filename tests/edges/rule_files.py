"""Contracts of every kind that can be exported, series with a fault for each, and promtool to try them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from allowance.budget.evaluate import by_method
from allowance.budget.replay import replay
from allowance.contract.model import Contract, Slo
from allowance.contract.read import read
from allowance.core.buckets import Buckets
from allowance.reports.export_file import yaml_document
from allowance.reports.export_prometheus import prometheus_rules
from tests.peers import need

MINUTE = 60
CALM, FAULT = 10, 120
"""Minutes without a failure at the beginning, and minutes of fault after them."""
SHORT_STORY, LONG_STORY = CALM + FAULT + 3 * 60, CALM + FAULT + 7 * 60
"""Minutes until a short window of 2h, and one of 6h, is clean again."""

Events = list[tuple[int, int]]
"""(bad, total) in each step."""


def contract_of(slos: str, *, service: str = "shop", spec: str = "", owner: str = "team-shop") -> Contract:
    """A contract of one service with the SLOs of a YAML list."""
    lines = "".join(f"    {line}\n" for line in slos.strip("\n").splitlines())
    text = (
        f"apiVersion: allowance/v1\nkind: Service\nmetadata: {{name: {service}}}\nspec:\n"
        f"{f'  owner: {owner}{chr(10)}' if owner else ''}{spec}  slos:\n{lines}"
    )
    return read([("shop.yaml", text.encode())]).trusted()


def written(contract: Contract, folder: Path) -> list[Path]:
    """The rule files of a contract in a folder."""
    paths = []
    for file in prometheus_rules(contract).files:
        path = folder / file.name
        path.write_text(yaml_document(file.document, about="for a test"))
        paths.append(path)
    return paths


def promtool(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """Run promtool; its output on both channels is in `stdout`."""
    program = need("promtool", "prometheus")
    return subprocess.run(
        [program, *map(str, words)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )


def running(counts: Sequence[int]) -> str:
    """Counts per step as the values of a counter that begins at 0, in promtool's notation."""
    values, total = ["0"], 0
    for count in counts:
        total += count
        values.append(str(total))
    return " ".join(values)


def samples(values: Sequence[float]) -> str:
    """Values of a gauge; the value of a bucket is the sample at its end, so that there is none at the beginning."""
    return " ".join(["_", *(f"{value:g}" for value in values)])


SeriesOf = Callable[[Events, str], dict[str, str]]
"""The series that give such events, with these labels (`""`, or `,zone="a"`)."""


def _bad_and_total(events: Events, labels: str) -> dict[str, str]:
    return {
        f'requests_total{{code="500"{labels}}}': running([bad for bad, _ in events]),
        f'requests_total{{code="200"{labels}}}': running([total - bad for bad, total in events]),
    }


def _histogram(bound: str) -> SeriesOf:
    def series(events: Events, labels: str) -> dict[str, str]:
        good = running([total - bad for bad, total in events])
        every = running([total for _, total in events])
        return {
            f'lat_seconds_bucket{{le="{bound}"{labels}}}': good,
            f'lat_seconds_bucket{{le="+Inf"{labels}}}': every,
            f'lat_seconds_count{{x=""{labels}}}': every,
        }

    return series


def _gauge(events: Events, labels: str) -> dict[str, str]:
    return {f'depth{{x=""{labels}}}': samples([50 if bad else 3 for bad, _ in events])}


def _share(events: Events, labels: str) -> dict[str, str]:
    return {f'share{{x=""{labels}}}': samples([1 - bad / total for bad, total in events])}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One way to write an indicator, the series that it counts, and what happens during a calm and a bad minute."""

    indicator: str
    series: SeriesOf
    calm: tuple[int, int] = (0, 100)
    fault: tuple[int, int] = (100, 100)
    step: int = 5 * MINUTE
    """Seconds between scrapes. What is sampled once per minute needs one per minute."""

    @property
    def minutes(self) -> int:
        """How long its story is; sampling costs promtool much."""
        return SHORT_STORY if self.step == MINUTE else LONG_STORY


BAD = "requests_total{code=~'5..'}"
KINDS: dict[str, Kind] = {
    "bare": Kind(indicator=f'{{bad: "{BAD}", total: requests_total}}', series=_bad_and_total),
    "rate": Kind(
        indicator=f'{{bad: "sum(rate({BAD}[5m]))", total: "sum(rate(requests_total[5m]))"}}',
        series=_bad_and_total,
    ),
    "window": Kind(
        indicator=f'{{bad: "sum(increase({BAD}[{{{{.window}}}}]))", '
        'total: "sum(increase(requests_total[{{.window}}]))"}',
        series=_bad_and_total,
    ),
    "good": Kind(
        indicator="{good: \"requests_total{code!~'5..'}\", total: requests_total}", series=_bad_and_total
    ),
    "sum": Kind(
        indicator=f'{{bad: "{BAD}", total: "sum(requests_total{{code=\'200\'}}) + sum({BAD})"}}',
        series=_bad_and_total,
    ),
    "difference": Kind(
        indicator=f'{{good: "sum(requests_total) - sum({BAD})", total: requests_total}}',
        series=_bad_and_total,
    ),
    "evaluated": Kind(
        indicator=f'{{bad: "sum(increase({BAD}[1m])) * 1", total: "sum(increase(requests_total[1m])) * 1"}}',
        series=_bad_and_total,
    ),
    "histogram": Kind(indicator="{histogram: lat_seconds, le: 0.3}", series=_histogram("0.3")),
    "bound one, Go": Kind(indicator="{histogram: lat_seconds_bucket, le: 1}", series=_histogram("1")),
    "bound one, Python": Kind(indicator="{histogram: lat_seconds, le: 1}", series=_histogram("1.0")),
    "gauge": Kind(
        indicator="{gauge: depth, below: 10}", series=_gauge, calm=(0, 1), fault=(1, 1), step=MINUTE
    ),
    "gauge query": Kind(
        indicator='{gauge: "max by (zone) (depth)", below: 10}',
        series=_gauge,
        calm=(0, 1),
        fault=(1, 1),
        step=MINUTE,
    ),
    "share": Kind(indicator="{goodShare: share}", series=_share, calm=(0, 1), fault=(1, 1), step=MINUTE),
}


def story(kind: Kind) -> Events:
    """Ten calm minutes, two hours of fault, and calm again until the longest short window is clean."""
    minutes = [kind.calm] * CALM + [kind.fault] * FAULT + [kind.calm] * (kind.minutes - CALM - FAULT)
    return minutes[:: kind.step // MINUTE]


def instants(slo: Slo, events: Events, severity: str, hold: int, *, step: int) -> set[int]:
    """The seconds at which the replay has the rules of a severity firing."""
    buckets = _buckets(events, step)
    rules = [rule for rule in slo.rules if rule.severity == severity and rule.hold == hold]
    found = replay(by_method(slo, buckets), rules, slo.target, period=slo.period)
    flags = found.firing(severity)
    return {found.start + index * found.step for index, fires in enumerate(flags) if fires}


def _buckets(events: Events, step: int) -> Buckets:
    import numpy as np

    total = np.array([total for _, total in events], dtype=np.int64)
    bad = np.array([bad for bad, _ in events], dtype=np.int64)
    return Buckets(start=0, step=step, good=total - bad, total=total)


def unit_test(
    rules: Sequence[Path], series: dict[str, str], checks: Sequence[dict[str, Any]], *, step: int
) -> dict[str, Any]:
    """A file for `promtool test rules`; scrapes and evaluations come every `step` seconds."""
    return {
        "rule_files": [str(path) for path in rules],
        "evaluation_interval": f"{step}s",
        "tests": [
            {
                "interval": f"{step}s",
                "input_series": [{"series": name, "values": values} for name, values in series.items()],
                "promql_expr_test": list(checks),
            }
        ],
    }


def tried(test: dict[str, Any], folder: Path) -> str:
    """What `promtool test rules` complains of; nothing where all holds."""
    path = folder / "test.yaml"
    path.write_text(yaml.safe_dump(test, width=10_000))
    done = promtool("test", "rules", path)
    return "" if done.returncode == 0 else done.stdout[-3000:]


QUICK = """[
  {severity: page, in: 1h, and: 5m, spend: 2%},
  {severity: page, in: 6h, and: 30m, spend: 5%},
  {severity: ticket, in: 1d, and: 2h, spend: 10%, for: 10m},
  {severity: log, in: 10m, and: 10m, spend: 0.2%, lowTraffic: {minEvents: 1, minBad: 1}},
]"""
ALERTS = QUICK.replace("]", "  {severity: ticket, in: 3d, and: 6h, spend: 10%},\n]")


def slo_text(
    kind: Kind,
    *,
    target: str = "99%",
    window: str = "30d",
    by: str = "",
    alerts: str = ALERTS,
    more: str = "",
) -> str:
    return (
        f"- name: promise\n  promql: {kind.indicator}\n  target: {target}\n  window: {window}\n"
        f"  alerts: {alerts}\n{f'  by: [{by}]{chr(10)}' if by else ''}{more}"
    )


def alerts_in(paths: list[Path]) -> list[dict[str, Any]]:
    return [
        rule
        for path in paths
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
        if "alert" in rule
    ]


def hold_of(rule: dict[str, Any]) -> int:
    return int(rule["for"].removesuffix("m")) * MINUTE if "for" in rule else 0


def checks(rule: dict[str, Any], firing: set[int], *, steps: int, step: int) -> list[dict[str, Any]]:
    """One question around each change of an alert, and one every 23 steps."""
    every = range(0, steps * step, step)
    asked = {at for at in every if (at in firing) != (at - step in firing) or (at // step) % 23 == 0}
    asked |= {at - step for at in asked if at}
    name = rule["alert"]
    query = f'count by (alertname) (ALERTS{{alertname="{name}",alertstate="firing"}})'
    sample = {"labels": f'{{alertname="{name}"}}', "value": 1}
    return [
        {"expr": query, "eval_time": f"{at}s", "exp_samples": [sample] if at in firing else []}
        for at in sorted(asked)
    ]
