"""What is promised lies on the edges of minutes, because counts are kept by the minute."""

from __future__ import annotations

from allowance.core.duration import MINUTE, parse_duration
from allowance.core.problem import refuse
from allowance.core.window import RollingWindow, Window, parse_window


def whole_minutes(text: str) -> int:
    """A duration in seconds. Errors: `Problem` `minute` where a bucket would be cut, `duration`."""
    seconds = parse_duration(text)
    if seconds % MINUTE:
        raise refuse(
            "minute", f"{text} is not whole minutes", hint="counts are kept by the minute, so write 1m or 2m"
        )
    return seconds


def minute_window(text: str) -> Window:
    """A window of an SLO. Errors: `Problem` `minute`, `window`, `duration`, `zone`."""
    window = parse_window(text)
    if isinstance(window, RollingWindow):
        whole_minutes(text.strip())
    return window
