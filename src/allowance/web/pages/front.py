"""The server in front of pages: it lets open streams go when it stops, so that nobody waits for them."""

from __future__ import annotations

from types import FrameType

import uvicorn

from allowance.web.pages.stream import Pulse


class Front(uvicorn.Server):
    """A uvicorn server whose signals reach the pulse as well."""

    def __init__(self, config: uvicorn.Config, pulse: Pulse) -> None:
        super().__init__(config)
        self._pulse = pulse

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End the streams, then everything else."""
        self._pulse.close()
        super().handle_exit(sig, frame)
