"""Addresses that come from outside and may only lead back to this server."""

from __future__ import annotations


def own_path(text: str) -> str:
    """A path on this server, or `/`: nobody is led elsewhere by a link or a form."""
    safe = text.startswith("/") and not text.startswith("//") and "\\" not in text and text.isprintable()
    return text if safe else "/"
