"""Who caused it: what the failures of a window are put down to, beside the groups that were hurt (R5)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from allowance.core.counts import NO_DATA, NoData
from allowance.governance.attribution import Attribution, Part
from allowance.reports import numbers, tabular
from allowance.reports.attribution_json import why_text
from allowance.reports.pages.view import Link, Num


@dataclass(frozen=True, slots=True, kw_only=True)
class Culprit:
    """One cause: the failures that it explains, and how it is known."""

    what: str
    name: Link
    failed: Num
    share: Num
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Causes:
    """Causes that explain most first; with `rest` they add up to all failures. `unseen` is measured nowhere."""

    says: str
    found: tuple[Culprit, ...]
    innocent: tuple[str, ...]
    rest: Culprit
    unseen: tuple[str, ...]
    more: Link


def causes(found: Attribution, unseen: Sequence[str]) -> Causes | NoData:
    """The attribution view of a promise; nothing where nothing failed or nothing could have caused it."""
    if not found.counts.bad or not (found.parts or unseen):
        return NO_DATA
    guilty = tuple(_culprit(found, one) for one in found.parts if one.bad)
    return Causes(
        says=_says(found),
        found=guilty,
        innocent=tuple(one.cause.name for one in found.parts if not one.bad),
        rest=_row(found, found.unattributed, "", Link(text="nothing that is measured here"), ""),
        unseen=tuple(unseen),
        more=Link(text="as JSON", href=f"/v1/attribution/{found.slo}"),
    )


def _culprit(found: Attribution, one: Part) -> Culprit:
    cause = one.cause
    name = Link(text=cause.name, href=f"/services/{cause.name}" if cause.kind == "dependency" else "")
    return _row(found, one.bad, cause.kind, name, why_text(one))


def _row(found: Attribution, bad: Fraction, what: str, name: Link, why: str) -> Culprit:
    share = bad / found.counts.bad
    return Culprit(
        what=what,
        name=name,
        failed=Num(text=numbers.whole(round(bad)), value=bad),
        share=Num(text=tabular.percent(share), value=share),
        why=why,
    )


def _says(found: Attribution) -> str:
    first = next((one for one in found.parts if one.bad), None)
    failed = numbers.whole(found.counts.bad)
    if first is None:
        return f"No fault of anything that is measured here explains any of the {failed} failures."
    share = tabular.percent(first.bad / found.counts.bad)
    return f"The {first.cause.kind} {first.cause.name} explains {share} of the {failed} failures."
