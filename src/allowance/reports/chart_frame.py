"""What all charts share: axes of time, text, and the frame with its fonts and colours.

A chart is a Vega-Lite specification, a plain dict: the same one is drawn by the server and by the browser. Everything
is drawn with the light values of the palette; the page maps them to its theme. `width` is that of the plotting area
in pixels; axes and labels stand outside of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from allowance.core.window import Span
from allowance.reports.palette import light

Spec = dict[str, Any]

VEGA_LITE = "6.4"
AXIS_WIDTH, RIGHT_WIDTH = 46, 72
"""What stands left and right of the plotting area, in pixels."""

ONCE: Spec = {"values": [{}]}
"""The data of a mark that stands once, whatever the data of its chart."""

PERCENT_LABEL = "format(datum.value * 100, '~f') + ' %'"

_SHORT_SPAN = 3 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One chart in two widths for readers without scripts, and as the browser redraws it in any width."""

    wide: Spec
    narrow: Spec
    live: Spec


def time_axis(span: Span, *, labels: bool) -> Spec:
    days = span.seconds > _SHORT_SPAN
    return {
        "field": "t",
        "type": "temporal",
        "scale": {
            "type": "utc",
            "domain": {"expr": f"[{span.begin * 1000}, {span.end * 1000}]"},
            "nice": False,
        },
        "axis": {
            "labels": labels,
            "format": "%-d %b" if days else "%H:%M",
            "tickCount": 8,
            "labelOverlap": "parity",
            "labelSeparation": 8,
            "labelFlush": True,
            "grid": False,
        },
    }


def text_mark(
    *,
    align: str = "center",
    dx: int = 0,
    dy: int = 0,
    weight: int = 400,
    color: str = "",
    baseline: str = "middle",
) -> Spec:
    return {
        "type": "text", "align": align, "baseline": baseline, "dx": dx, "dy": dy,
        "fontSize": 11, "fontWeight": weight, "color": color or light("ink"), "clip": False,
    }  # fmt: skip


def framed(spec: Spec) -> Spec:
    axis = {
        "title": None,
        "labelColor": light("muted"),
        "labelFontSize": 11,
        "labelAngle": 0,
        "minExtent": AXIS_WIDTH,
        "domainColor": light("muted"),
        "tickColor": light("muted"),
        "gridColor": light("grid"),
    }
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "background": "transparent",
        "padding": {"left": 2, "right": 2, "top": 4, "bottom": 2},
        "config": {
            "aria": False,
            "font": "system-ui, sans-serif",
            "view": {"stroke": None},
            "axis": axis,
            "axisY": {"domain": False, "ticks": False, "minExtent": AXIS_WIDTH, "maxExtent": AXIS_WIDTH},
            "axisX": {"minExtent": 0, "grid": False},
        },
        **spec,
    }
