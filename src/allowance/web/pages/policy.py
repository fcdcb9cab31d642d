"""What a browser may do with a page: run our script, use our style, and ask nobody else for anything."""

from __future__ import annotations

CONTENT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)

POLICY = {"Content-Security-Policy": CONTENT, "Referrer-Policy": "same-origin"}
"""The headers of every page."""
