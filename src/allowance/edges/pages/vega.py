"""Vega-Lite, from one library: charts drawn here as SVG, and the program that draws them in a browser."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from allowance.reports.chart_frame import VEGA_LITE

_ROLES = re.compile(r' (?:role|aria-[a-z]+)="[^"]*"')
_NAMED = re.compile(r'(\bid="|url\(#)')


def svg_of(spec: dict[str, Any], name: str) -> str:
    """A chart as SVG text without scripts and addresses; `name` makes its inner ids unique on a page.

    It is hidden from assistive technology: the figure around it says what it shows, and has its numbers.
    """
    import vl_convert

    drawn: str = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE, allowed_base_urls=[])
    plain = _ROLES.sub("", drawn).replace("<svg ", '<svg aria-hidden="true" ', 1)
    return _NAMED.sub(rf"\g<1>{name}-", plain)


@cache
def bundle() -> str:
    """The program that draws charts in a browser, about 900 kB: Vega, Vega-Lite and Vega-Embed, no network."""
    import vl_convert

    text: str = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=VEGA_LITE)
    return text.replace("</script", "<\\/script")
