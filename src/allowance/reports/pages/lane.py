"""The event lane: what was changed and decided, under any axis of time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from allowance.alerting.alert import Mute
from allowance.changes.deploys import Deploy
from allowance.core.time import Instant
from allowance.core.window import Span
from allowance.governance.facts import Standing
from allowance.reports import tabular
from allowance.reports.glyphs import Svg
from allowance.reports.pages.drawings import named

Kind = Literal["deploy", "flag", "incident", "freeze", "maintenance", "bullet", "note", "correction"]

SIGNS: dict[Kind, str] = {
    "deploy": "\u25bd",
    "flag": "\u2691",
    "incident": "\u25ac",
    "freeze": "\u2592",
    "maintenance": "\u2591",
    "bullet": "\u25c6",
    "note": "\u270e",
    "correction": "\u2298",
}
"""Each kind has a sign of its own; its name stands beside it where it is listed."""

HEIGHT, NEAR = 18, 11


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
                name=f"freeze {freeze.id}",
                href=f"/ledger/{freeze.seq}",
            )
    for bullet in standing.bullets.values():
        if bullet.service == service:
            yield LaneEvent(
                kind="bullet",
                at=bullet.begin,
                end=bullet.begin,
                name=f"silver bullet for {bullet.change}",
                href=f"/ledger/{bullet.seq}",
            )


def _maintenance(service: str, mutes: Iterable[Mute]) -> Iterator[LaneEvent]:
    for one in mutes:
        if one.kind == "maintenance" and one.repeats is None and one.labels.get("service") == service:
            yield LaneEvent(kind="maintenance", at=one.begin, end=one.end, name=f"maintenance: {one.why}")


def lane(
    events: Sequence[LaneEvent], span: Span, *, width: int = 640, paths: frozenset[str] = frozenset()
) -> Svg:
    """The events as one row of signs as wide as the chart above it; what lies too close together is `+3`.

    `paths` are the pages that this server has: an event links only where its page is.
    """
    bars, signs = [], []
    for place, some in _clusters(events, span, width):
        first = some[0]
        end = min(width, _place(max(one.end for one in some), span, width))
        if end - place > NEAR:
            bars.append(f'<path class="{first.kind}" d="M{place} 9H{end}"/>')
        text = first.sign if len(some) == 1 else f"{first.sign}+{len(some) - 1}"
        title = escape("; ".join(f"{one.name}, {tabular.when(one.at)} UTC" for one in some), quote=True)
        mark = f'<text x="{place}" y="13"><title>{title}</title>{text}</text>'
        linked = first.href and "/ledger/{n}" in paths
        signs.append(f'<a href="{escape(first.href, quote=True)}">{mark}</a>' if linked else mark)
    said = f"{len(events)} events" if events else "no events"
    return named("lane", width, HEIGHT, "".join(bars + signs), said)


def _clusters(
    events: Sequence[LaneEvent], span: Span, width: int
) -> Iterator[tuple[int, tuple[LaneEvent, ...]]]:
    some: list[LaneEvent] = []
    place = 0
    for one in sorted(events, key=lambda one: one.at):
        here = _place(one.at, span, width)
        if some and here - place >= NEAR * (2 if len(some) > 1 else 1):
            yield place, tuple(some)
            some = []
        if not some:
            place = here
        some.append(one)
    if some:
        yield place, tuple(some)


def _place(at: Instant, span: Span, width: int) -> int:
    return max(0, min(width, (at - span.begin) * width // max(1, span.seconds)))
