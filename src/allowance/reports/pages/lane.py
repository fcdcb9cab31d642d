"""The event lane: what was changed and decided, under any axis of time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from allowance.alerting.alert import Mute
from allowance.changes.deploys import Deploy
from allowance.core.time import Instant, iso
from allowance.core.window import Span
from allowance.governance.facts import Standing
from allowance.reports import tabular
from allowance.reports.glyphs import Svg

Kind = Literal[
    "deploy", "flag", "incident", "freeze", "maintenance", "bullet", "waiver", "note", "correction"
]

SIGNS: dict[Kind, str] = {
    "deploy": "\u25bd",
    "flag": "\u2691",
    "incident": "\u25ac",
    "freeze": "\u2592",
    "maintenance": "\u2591",
    "bullet": "\u25c6",
    "waiver": "\u25c7",
    "note": "\u270e",
    "correction": "\u2298",
}
"""Each kind has a sign of its own; its name stands beside it where it is listed."""

ANCHORS: dict[Kind, str] = {"deploy": "chg", "incident": "inc"}
"""How the anchor of an event begins where it is not the word for its kind."""

PLURALS: dict[Kind, str] = {
    "deploy": "deploys",
    "flag": "flags",
    "incident": "incidents",
    "freeze": "freezes",
    "maintenance": "maintenance",
    "bullet": "bullets",
    "waiver": "waivers",
    "note": "notes",
    "correction": "corrections",
}
"""What the kinds are called in an address: `show=deploys,notes`."""

HEIGHT, NEAR, LABELLED = 18, 12, 32


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneEvent:
    """Something at an instant, or from one to another; `href` is where more stands about it (`""`: nowhere)."""

    kind: Kind
    at: Instant
    end: Instant
    name: str
    href: str = ""

    @property
    def sign(self) -> str:
        """`▽`."""
        return SIGNS[self.kind]

    @property
    def anchor(self) -> str:
        """Where it stands on a page: `chg-2026-11-12T14:02:00Z`."""
        return f"{ANCHORS.get(self.kind, self.kind)}-{iso(self.at)}"


def lane_events(
    service: str,
    span: Span,
    *,
    deploys: Iterable[Deploy] = (),
    standing: Standing | None = None,
    mutes: Iterable[Mute] = (),
) -> tuple[LaneEvent, ...]:
    """What happened to a service in a span, oldest first."""
    found = [
        *_deploys(service, deploys),
        *(_decided(service, standing, span.end) if standing is not None else ()),
        *_maintenance(service, mutes),
    ]
    inside = [one for one in found if one.at < span.end and one.end >= span.begin]
    return tuple(sorted(inside, key=lambda one: (one.at, one.name)))


def _deploys(service: str, deploys: Iterable[Deploy]) -> Iterator[LaneEvent]:
    words = {"ok": "", "failed": " (failed)", "rolled-back": " (back to it)"}
    for one in deploys:
        if one.service == service:
            what = f"{one.version or 'a version'}{words[one.state]}"
            yield LaneEvent(kind="deploy", at=one.at, end=one.at, name=what)


def _decided(service: str, standing: Standing, until: Instant) -> Iterator[LaneEvent]:
    for freeze in standing.freezes.values():
        if freeze.service == service:
            end = until if freeze.end is None else freeze.end
            yield LaneEvent(
                kind="freeze",
                at=freeze.begin,
                end=end,
                name=freeze.id,
                href=f"/ledger/{freeze.seq}",
            )
    for bullet in standing.bullets.values():
        if bullet.service == service:
            name = f"silver bullet for {bullet.change}"
            yield LaneEvent(
                kind="bullet", at=bullet.begin, end=bullet.begin, name=name, href=f"/ledger/{bullet.seq}"
            )
    for waiver in standing.waivers.values():
        if waiver.service == service:
            name = f"{waiver.id}, because of {waiver.dependency}"
            yield LaneEvent(
                kind="waiver", at=waiver.begin, end=waiver.end, name=name, href=f"/ledger/{waiver.seq}"
            )


def _maintenance(service: str, mutes: Iterable[Mute]) -> Iterator[LaneEvent]:
    for one in mutes:
        if one.kind == "maintenance" and one.repeats is None and one.labels.get("service") == service:
            yield LaneEvent(kind="maintenance", at=one.begin, end=one.end, name=f"maintenance: {one.why}")


def lane(
    events: Sequence[LaneEvent],
    span: Span,
    *,
    width: int = 640,
    paths: frozenset[str] = frozenset(),
    anchored: bool = False,
    chosen: Span | None = None,
) -> Svg:
    """The events as one row of signs under the chart above it; what lies too close together is `+3`.

    Places are shares of the width, whatever that is; `width` says how many pixels there are, at least. With
    `anchored` an event links to where it stands on the same page, else to its own page where `paths`, the pages of
    this server, have it. `chosen` is a period that somebody asks about.
    """
    bars, signs = [], []
    if chosen is not None and chosen.begin < span.end and chosen.end > span.begin:
        bars.append(_bar("chosen", _share(chosen.begin, span), _share(chosen.end, span)))
    for some in _clusters(events, span, width):
        first, place = some[0], _share(some[0].at, span)
        end = _share(max(one.end for one in some), span)
        if (end - place) * width > NEAR:
            bars.append(_bar(first.kind, place, end))
        text = first.sign if len(some) == 1 else f"{first.sign}+{len(some) - 1}"
        title = escape("; ".join(f"{one.name}, {tabular.when(one.at)} UTC" for one in some), quote=True)
        mark = f'<text x="{100 * place:.2f}%" y="13"><title>{title}</title>{text}</text>'
        href = f"#{first.anchor}" if anchored else first.href if "/ledger/{n}" in paths else ""
        signs.append(
            f'<a href="{escape(href, quote=True)}" aria-label="{title}">{mark}</a>' if href else mark
        )
    said = escape(f"{len(events)} events" if events else "no events")
    return Svg(
        f'<svg class="lane" role="{"group" if anchored else "img"}" aria-label="{said}" width="100%" '
        f'height="{HEIGHT}">{"".join(bars + signs)}</svg>'
    )


def _bar(kind: str, begin: float, end: float) -> str:
    return (
        f'<rect class="{kind}" x="{100 * begin:.2f}%" y="15" width="{max(0.2, 100 * (end - begin)):.2f}%" '
        'height="3"/>'
    )


def _clusters(events: Sequence[LaneEvent], span: Span, width: int) -> Iterator[tuple[LaneEvent, ...]]:
    some: list[LaneEvent] = []
    for one in sorted(events, key=lambda one: one.at):
        apart = (_share(one.at, span) - _share(some[0].at, span)) * width if some else 0.0
        if some and apart >= (LABELLED if len(some) > 1 else NEAR):
            yield tuple(some)
            some = []
        some.append(one)
    if some:
        yield tuple(some)


def _share(at: Instant, span: Span) -> float:
    return max(0.0, min(1.0, (at - span.begin) / max(1, span.seconds)))
