"""A file of deploys as rows of text by column name: CSV, or JSON Lines."""

from __future__ import annotations

import json
from pathlib import Path

from allowance.core.problem import Where, refuse
from allowance.edges.incident_file import LARGEST, read_rows


def read_deploys(path: str) -> list[dict[str, str]]:
    """The rows; files that end in `.jsonl` or `.ndjson` hold an object per line. Errors: `Problem` `read`, `csv`, `json`."""
    if not path.endswith((".jsonl", ".ndjson")):
        return read_rows(path)
    file = Path(path)
    try:
        if file.stat().st_size > LARGEST:
            raise refuse(
                "json", f"{path} is larger than 16 MiB", hint="keep the fields and lines that matter"
            )
        lines = file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise refuse("read", f"{path} cannot be read: {error}", hint="check the path") from None
    return [_row(line, path, number) for number, line in enumerate(lines, 1) if line.strip()]


def _row(line: str, path: str, number: int) -> dict[str, str]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise refuse(
            "json",
            "this line is not a JSON object",
            where=Where(file=path, line=number),
            hint='write {"at": "2026-11-21T14:00:00Z", "version": "4.14.0"}',
        )
    return {str(key).strip().lower(): "" if value is None else str(value) for key, value in found.items()}
