"""`allowance analyze`: any history in, budgets and pages out."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from allowance.cli.history_options import History, Sources, Switch, read_history
from allowance.cli.main import GO

DEFAULTS = History()


def analyze(
    *sources: Sources,
    options: History = DEFAULTS,
    json: Annotated[Switch, Parameter(name="--json")] = False,
    html: str | None = None,
    counts: str | None = None,
) -> int:
    """Read any history: what the error budget is, how it was spent, which pages would have been sent.

    Sources are access logs (nginx, Apache, HAProxy), JSON lines, CSV or Parquet of events or of counts, plain,
    gzip or zstd, `-` for standard input; or the address of a Prometheus, or of a database.

    Example: allowance analyze access.log --latency 300ms --target 99 --window 28d

    Parameters
    ----------
    sources
        Files, wildcards, `-`, or one address.
    json
        The answer as one JSON document.
    html
        Write a report page to this file.
    counts
        Write the counts per bucket to this file (.csv or .parquet); analyze reads it back.
    """
    found, wording = read_history(sources, options)
    if counts is not None:
        from allowance.edges.counts_file import write_counts

        groups = {name: one.buckets for name, (one, _) in found.groups.items()}
        write_counts(counts, groups if options.by else found.whole.buckets, by=options.by or "group")
    if html is not None:
        from allowance.edges import clock
        from allowance.edges.pages import write_analysis

        write_analysis(
            html,
            facts=found.facts,
            wording=wording,
            whole=found.whole,
            durations=found.durations,
            groups=found.groups,
            made_at=clock.now(),
        )
    if json:
        from allowance.cli.terminal import print_json
        from allowance.reports.analysis_json import analysis_json

        print_json(analysis_json(found.facts, wording, found.whole, found.durations, found.groups))
    else:
        from allowance.cli.analysis_terminal import show

        show(found, wording, written=[path for path in (html, counts) if path])
    return GO
