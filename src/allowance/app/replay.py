"""Several policies or targets over one history, beside what is known to have happened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from allowance.alerting.audit import Audit, audit_firing
from allowance.budget.analysis import Analysis, Question, analyse
from allowance.core.buckets import Buckets
from allowance.core.duration import MINUTE
from allowance.core.problem import refuse
from allowance.core.time import Instant, parse_instant

NOTICED_WITHIN = 30 * MINUTE
"""An incident counts as noticed by a rule that fires at most so long after it began."""

BEGIN_COLUMNS = ("begin", "start", "started", "from", "time")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Play:
    """One policy at one target, replayed; `audits` per severity where incidents are known."""

    label: str
    analysis: Analysis
    audits: dict[str, Audit]


def plays(
    history: Buckets, questions: Mapping[str, Question], incidents: Sequence[Instant] | None
) -> tuple[Play, ...]:
    """Replay every question over the same history."""
    return tuple(_play(label, analyse(history, one), incidents) for label, one in questions.items())


def _play(label: str, analysis: Analysis, incidents: Sequence[Instant] | None) -> Play:
    audits: dict[str, Audit] = {}
    played = analysis.replay
    for severity in analysis.detections if incidents is not None else ():
        firing = [played.start + int(i) * played.step for i in played.firing(severity).nonzero()[0]]
        audits[severity] = audit_firing(
            firing, incidents or (), step=played.step, horizon=NOTICED_WITHIN, near=NOTICED_WITHIN
        )
    return Play(label=label, analysis=analysis, audits=audits)


def known_incidents(rows: Sequence[Mapping[str, str]]) -> tuple[Instant, ...]:
    """The beginnings of incidents, ascending. Errors: `Problem` `incidents` without a column that says when."""
    column = next((c for c in BEGIN_COLUMNS if rows and c in rows[0]), None)
    if column is None:
        raise refuse(
            "incidents", "the incidents have no column that says when they began", hint="name it begin"
        )
    return tuple(sorted(parse_instant(row[column]) for row in rows))
