"""The silence: what will it hit, how many, and until when?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from allowance.reports import tabular
from allowance.reports.pages.facts import Facts, worst
from allowance.reports.pages.view import Head, head


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One of several values of a field."""

    value: str
    text: str
    chosen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A label to match, and what is asked for."""

    name: str
    value: str
    known: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """The page; `hits` says in words what it would mute."""

    head: Head
    fields: tuple[Field, ...]
    lengths: tuple[Choice, ...]
    reason: str
    hits: str
    firing: tuple[str, ...]
    ready: bool


def silence(
    facts: Facts,
    *,
    labels: Mapping[str, str],
    reason: str,
    lengths: Sequence[Choice],
    preview: Mapping[str, Any] | None,
) -> Silence:
    """The form with its preview (`POST /v1/mutes?preview=true`), nothing where no label is named yet."""
    services = tuple(one.name for one in facts.contract.services)
    slos = tuple(one.slo.name for one in facts.promises if labels.get("service", "") in ("", one.slo.service))
    known = {
        "service": services,
        "slo": tuple(dict.fromkeys(slos)),
        "severity": ("page", "ticket"),
        "group": (),
    }
    what = " ".join(f"{name}={value}" for name, value in labels.items())
    return Silence(
        head=head(
            "Silence",
            f"Silence {what}?" if what else "What shall be silent?",
            worst(facts.promises),
            facts.at,
        ),
        fields=tuple(
            Field(name=name, value=labels.get(name, ""), known=some) for name, some in known.items()
        ),
        lengths=tuple(lengths),
        reason=reason,
        hits="" if preview is None else _hits(preview),
        firing=() if preview is None else tuple(preview["firing"]),
        ready=preview is not None,
    )


def _hits(preview: Mapping[str, Any]) -> str:
    firing, past = len(preview["firing"]), preview["events_in_all"]
    if not preview["promises"]:
        return "Nothing that is promised has these labels: it will mute nothing."
    if not firing and not past:
        return "It will mute nothing that fires now, and nothing was said in the last 7 days that it would have muted."
    now = tabular.plural(firing, "alert") + " firing now"
    before = f"{tabular.plural(past, 'message')} of the last 7 days would have been muted"
    return f"It will mute {now}; {before}." if past else f"It will mute {now}."
