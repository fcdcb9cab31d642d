"""Pages as files: one self-contained HTML file that opens anywhere, without a network and without scripts."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from pathlib import Path

from allowance.budget.analysis import Analysis
from allowance.core.problem import refuse
from allowance.core.time import Instant
from allowance.edges.pages.html import html_of
from allowance.reports.analysis_json import Wording
from allowance.reports.analysis_page import analysis_page
from allowance.signals.measured import Durations, SourceFacts


def write_analysis(
    path: str,
    *,
    facts: SourceFacts,
    wording: Wording,
    whole: Analysis,
    durations: Durations,
    groups: Mapping[str, tuple[Analysis, Durations]],
    made_at: Instant,
) -> None:
    """Write the report on one analysis, whole or not at all.

    Errors: `Problem` `write` where the file cannot be written.
    """
    page = analysis_page(
        facts=facts, wording=wording, whole=whole, durations=durations, groups=groups, made_at=made_at
    )
    _write(path, html_of(page))


def _write(path: str, text: str) -> None:
    target = Path(path)
    try:
        if target.exists() and not (target.is_file() or target.is_dir()):
            target.write_text(
                text, encoding="utf-8"
            )  # a pipe or a device cannot be replaced, only written to
            return
        with tempfile.TemporaryDirectory(prefix=".allowance-", dir=target.parent) as folder:
            draft = Path(folder) / "page.html"
            draft.write_text(text, encoding="utf-8")
            os.replace(draft, target)
    except OSError as error:
        raise refuse(
            "write", f"{path} cannot be written: {error.strerror}", hint="check the folder and its rights"
        ) from None
