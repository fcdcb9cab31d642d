"""`allowance export`: a contract as rules, routes and dashboards of other programs."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import Parameter

from allowance.cli.history_options import Switch
from allowance.cli.main import GO, complain
from allowance.core.problem import refuse

if TYPE_CHECKING:
    from allowance.contract.model import Contract
    from allowance.reports.export_file import Exported, ExportedFile

Form = Literal["prometheus", "alertmanager", "grafana"]
STDOUT = "-"
FILE_ENDS = (".yaml", ".yml", ".json")


def export(
    form: Form,
    /,
    *paths: str,
    out: Annotated[str, Parameter(allow_leading_hyphen=True)] = STDOUT,
    rules: str | None = None,
    force: Switch = False,
    json: Annotated[Switch, Parameter(name="--json")] = False,
) -> int:
    """Write a contract as what other programs read: Prometheus rules, Alertmanager routes, Grafana dashboards.

    Example: allowance export prometheus shop.yaml --out rules/

    Parameters
    ----------
    form
        prometheus, alertmanager or grafana.
    paths
        Contract files or folders.
    out
        A folder (one file per service), a file (.yaml, .yml or .json), or - for standard output.
    rules
        Only these alert rules of each SLO, such as 1h/5m,6h/30m. Default: all of them.
    force
        Replace files that are there.
    json
        The list of the written files as one JSON document; it needs --out.
    """
    from allowance.cli.contracts import read_contract
    from allowance.reports.export_names import choose_rules

    if json and out == STDOUT:
        raise refuse(
            "usage", "--json lists written files, and none is written", hint="name a folder: --out rules/"
        )
    contract = choose_rules(read_contract(paths), _names(rules))
    exported = _exported(form, contract)
    complain(exported.left_out)
    if out == STDOUT:
        sys.stdout.write(_text(form, _single(form, exported, "")))
        return GO
    written = _write(form, exported, out, force=force)
    if json:
        from allowance.cli.terminal import print_json

        left_out = [
            {"code": one.code, "message": one.message, "where": str(one.where)} for one in exported.left_out
        ]
        print_json({"written": written, "leftOut": left_out})
    else:
        for path in written:
            print(f"wrote {path}")
    return GO


def _names(rules: str | None) -> list[str]:
    names = [name.strip() for name in rules.split(",") if name.strip()] if rules is not None else []
    if rules is not None and not names:
        raise refuse(
            "usage", "--rules names no rule", hint="name them by their windows: --rules 1h/5m,6h/30m"
        )
    return names


def _exported(form: Form, contract: Contract) -> Exported:
    if form == "prometheus":
        from allowance.reports.export_prometheus import prometheus_rules

        return prometheus_rules(contract)
    if form == "alertmanager":
        from allowance.reports.export_alertmanager import alertmanager_routes

        return alertmanager_routes(contract)
    from allowance.reports.export_grafana import grafana_dashboards

    return grafana_dashboards(contract)


def _single(form: Form, exported: Exported, name: str) -> ExportedFile:
    """All of an export as one document. Errors: `Problem` `export` for several dashboards."""
    if form == "prometheus":
        from allowance.reports.export_prometheus import merged

        return merged(exported, name)
    if len(exported.files) > 1:
        raise refuse(
            "export",
            f"{len(exported.files)} services are as many dashboards, which do not fit into one file",
            hint="name a folder: --out dashboards/",
        )
    return exported.files[0]


def _text(form: Form, file: ExportedFile) -> str:
    if form == "grafana":
        import json

        return json.dumps(file.document, indent=2, ensure_ascii=False) + "\n"
    from allowance.reports import export_alertmanager, export_prometheus
    from allowance.reports.export_file import yaml_document

    about = export_prometheus.ABOUT if form == "prometheus" else export_alertmanager.ABOUT
    return yaml_document(file.document, about=about)


def _write(form: Form, exported: Exported, out: str, *, force: bool) -> list[str]:
    """Write the files, all of them or none where one is there already; their paths."""
    from allowance.edges.documents import shown, write_new

    if out.endswith(FILE_ENDS) and not os.path.isdir(out):
        texts = {out: _text(form, _single(form, exported, out))}
    else:
        texts = {os.path.join(out, file.name): _text(form, file) for file in exported.files}
        _make_folder(out)
    there = [path for path in texts if os.path.lexists(path)]
    if there and not force:
        raise refuse(
            "exists", f"{shown(there[0])} is there already", hint="choose another --out, or say --force"
        )
    for path, text in texts.items():
        write_new(path, text, force=force)
    return [shown(path) for path in texts]


def _make_folder(path: str) -> None:
    try:
        os.makedirs(path, exist_ok=True)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not a path"
        raise refuse("path", f"{path!r} cannot be a folder: {reason}", hint="choose another --out") from None
