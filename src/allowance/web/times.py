"""Instants in requests: RFC 3339, with the fraction of a second cut off."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import BeforeValidator

from allowance.core.time import EPOCH, Instant

_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)


def read_moment(text: object) -> datetime:
    """A timestamp of RFC 3339. Errors: `ValueError`; a number is none, because it may mean seconds or milliseconds."""
    if isinstance(text, str) and _MOMENT.fullmatch(text):
        return datetime.fromisoformat(text.upper())
    raise ValueError("write it as 2026-11-21T14:00:00Z")


def floored(moment: datetime) -> Instant:
    """A moment as an instant; without a zone it is UTC."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return (aware - EPOCH) // timedelta(seconds=1)


Moment = Annotated[datetime, BeforeValidator(read_moment)]
