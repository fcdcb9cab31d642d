"""Exported routes in the real Alertmanager: it takes them, sends alerts to their owners, and inhibits the lesser ones."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest

from allowance.contract.model import Contract
from allowance.reports.export_alertmanager import alertmanager_routes
from allowance.reports.export_file import yaml_document
from allowance.signals.promql_text import quoted
from tests.edges.rule_files import contract_of
from tests.peers import free_port, need, running, wait_until

RATIO = "promql: {bad: bad_total, total: all_total}, target: 99%"
SLOS = f"""
- {{name: availability, {RATIO}}}
- {{name: zones, {RATIO}, by: [zone, service]}}
- {{name: others, owner: 'Team "Ö" \\d {{{{x}}}}', {RATIO}}}
- {{name: others-too, owner: team ö d x, {RATIO}}}
- {{name: named-nobody, owner: unowned, {RATIO}}}
"""


def config(contract: Contract, folder: Path) -> Path:
    (file,) = alertmanager_routes(contract).files
    path = folder / file.name
    path.write_text(yaml_document(file.document, about="for a test"))
    return path


def amtool(*words: str) -> str:
    program = need("amtool", "prometheus-alertmanager")
    done = subprocess.run(
        [program, *words], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    return done.stdout.strip()


def receiver(path: Path, **labels: str) -> str:
    words = [f"{name}={quoted(value)}" for name, value in labels.items()]
    return amtool("config", "routes", "test", f"--config.file={path}", *words).splitlines()[-1]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return config(contract_of(SLOS), tmp_path)


def test_amtool_takes_the_configuration(path: Path) -> None:
    assert "SUCCESS" in amtool("check-config", str(path))


@pytest.mark.parametrize("severity", ["page", "ticket", "log"])
def test_alerts_go_to_their_owner_by_severity(severity: str, path: Path) -> None:
    assert receiver(path, slo="availability", owner="team-shop", severity=severity) == f"team-shop-{severity}"
    assert receiver(path, slo="named-nobody", owner="unowned", severity=severity) == f"unowned-2-{severity}"
    assert receiver(path, slo="x", owner="team ö d x", severity=severity) == f"team-d-x-2-{severity}"
    assert receiver(path, slo="x", owner='Team "Ö" \\d {{x}}', severity=severity) == f"team-d-x-{severity}"


def test_alerts_of_others_and_of_nobody_stay_apart(path: Path) -> None:
    assert receiver(path, owner="team-shop", severity="page") == "unowned-log"
    assert receiver(path, slo="availability", owner="strangers", severity="page") == "unowned-log"


def test_an_slo_without_owner_has_a_place(tmp_path: Path) -> None:
    contract = contract_of(f"- {{name: a, {RATIO}}}", owner="")
    path = config(contract, tmp_path)
    assert "SUCCESS" in amtool("check-config", str(path))
    assert receiver(path, slo="a", severity="page") == "unowned-page"


def test_a_page_inhibits_the_ticket_of_the_same_slo_and_group_alone(path: Path, tmp_path: Path) -> None:
    program = need("prometheus-alertmanager", "prometheus-alertmanager")
    url = f"http://127.0.0.1:{free_port()}"
    command = [
        program,
        f"--config.file={path}",
        f"--storage.path={tmp_path / 'data'}",
        f"--web.listen-address={url.removeprefix('http://')}",
        "--cluster.listen-address=",
    ]
    zones = {"slo": "zones", "service": "shop"}
    alerts: dict[str, dict[str, str]] = {
        "page": zones | {"alertname": "SloBurnPage", "severity": "page", "zone": "a"},
        "same group": zones | {"alertname": "SloBurnTicket", "severity": "ticket", "zone": "a"},
        "same group, log": zones | {"alertname": "SloBurnLogFor5m", "severity": "log", "zone": "a"},
        "other group": zones | {"alertname": "SloBurnTicket", "severity": "ticket", "zone": "b"},
        "other group, log": zones | {"alertname": "SloBurnLog", "severity": "log", "zone": "b"},
        "other slo": {"alertname": "SloBurnTicket", "slo": "x", "service": "shop", "severity": "ticket"},
        "no data": zones | {"alertname": "SloNoData", "severity": "ticket", "zone": "a"},
    }
    with running(command, tmp_path / "log"):
        wait_until(lambda: httpx.get(f"{url}/-/ready").status_code == 200, "Alertmanager")
        httpx.post(
            f"{url}/api/v2/alerts", json=[{"labels": one} for one in alerts.values()]
        ).raise_for_status()

        def found() -> Mapping[str, bool]:
            given = httpx.get(f"{url}/api/v2/alerts").json()
            return {
                name: bool(one["status"]["inhibitedBy"])
                for one in given
                for name, labels in alerts.items()
                if one["labels"] == labels
            }

        inhibited = {"same group", "same group, log", "other group, log"}
        wait_until(lambda: {name for name, is_so in found().items() if is_so} == inhibited, "inhibition")
        assert found().keys() == alerts.keys()
