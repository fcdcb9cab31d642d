"""Routing for the exported alerts: an Alertmanager configuration with a place for every owner and severity."""

from __future__ import annotations

from typing import Any

from allowance.contract.amounts import as_name
from allowance.contract.model import Contract
from allowance.contract.rules import SEVERITIES, Severity
from allowance.reports.export_file import Exported, ExportedFile
from allowance.reports.export_names import ExportedSlo, exportable, group_label
from allowance.signals.promql_text import quoted

ABOUT = (
    "Written by allowance export alertmanager. Receivers are names without a channel: nothing is sent\n"
    "until each has one, such as webhook_configs or email_configs."
)
FILE = "alertmanager.yaml"
NOBODY = "unowned"

WAIT: dict[Severity, tuple[str, str, str]] = {
    # how long a group gathers at first, then between its messages, and until it is said again
    "page": ("10s", "1m", "1h"),
    "ticket": ("1m", "10m", "1d"),
    "log": ("5m", "1h", "7d"),
}


def alertmanager_routes(contract: Contract) -> Exported:
    """One configuration, valid from Alertmanager 0.22 on: routes by owner and severity, and inhibition.

    A page silences the ticket and the log entry about the same SLO and group, a ticket the log entry. Errors: those of
    `exportable`.
    """
    slos, left_out = exportable(contract)
    owners = {_owner(one): None for one in slos}
    slugs = _slugs(list(owners))
    labels = sorted({group_label(label) for one in slos for label in one.slo.group_by})
    document = {
        "route": {
            "receiver": f"{NOBODY}-log",
            "group_by": ["service", "severity"],
            "routes": [_of_owner(owner, slugs[owner]) for owner in owners],
        },
        "inhibit_rules": [
            _inhibit(source, target, ["service", "slo", *labels])
            for source, target in (("page", "ticket|log"), ("ticket", "log"))
        ],
        "receivers": [
            {"name": f"{slug}-{severity}"}
            for slug in dict.fromkeys([*slugs.values(), NOBODY])
            for severity in SEVERITIES
        ],
    }
    return Exported(files=(ExportedFile(name=FILE, document=document),), left_out=left_out)


def _owner(one: ExportedSlo) -> str:
    return one.slo.owner or one.service.owner or ""


def _slugs(owners: list[str]) -> dict[str, str]:
    """A name for the receivers of each owner; two owners never share one."""
    slugs: dict[str, str] = {}
    for owner in owners:
        wished = as_name(owner) if owner else NOBODY
        number, slug = 1, wished
        while slug in slugs.values() or (owner and slug == NOBODY):
            number += 1
            slug = f"{wished}-{number}"
        slugs[owner] = slug
    return slugs


def _of_owner(owner: str, slug: str) -> dict[str, Any]:
    matchers = ['slo!=""', f"owner={quoted(owner)}"]
    return {
        "matchers": matchers,
        "receiver": f"{slug}-log",
        "routes": [_of_severity(severity, slug) for severity in SEVERITIES],
    }


def _of_severity(severity: Severity, slug: str) -> dict[str, Any]:
    wait, interval, repeat = WAIT[severity]
    return {
        "matchers": [f"severity={quoted(severity)}"],
        "receiver": f"{slug}-{severity}",
        "group_wait": wait,
        "group_interval": interval,
        "repeat_interval": repeat,
    }


def _inhibit(source: str, target: str, equal: list[str]) -> dict[str, Any]:
    return {
        # Missing data says nothing about the burn, so SloNoData silences nobody.
        "source_matchers": ['alertname=~"SloBurn.*"', f"severity={quoted(source)}"],
        "target_matchers": ['alertname=~"SloBurn.*"', f"severity=~{quoted(target)}"],
        "equal": equal,
    }
