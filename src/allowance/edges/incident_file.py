"""A CSV file as rows of text by column name, for small files written by people."""

from __future__ import annotations

import csv
from pathlib import Path

from allowance.core.problem import Where, refuse

LARGEST = 16 * 1024 * 1024


def read_rows(path: str) -> list[dict[str, str]]:
    """The rows of a CSV with a header line. Errors: `Problem` `read` or `csv`."""
    file = Path(path)
    try:
        if file.stat().st_size > LARGEST:
            raise refuse("csv", f"{path} is larger than 16 MiB", hint="keep the columns and rows that matter")
        text = file.read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(text.splitlines(), strict=True))
    except OSError as error:
        raise refuse("read", f"{path} cannot be read: {error.strerror}", hint="check the path") from None
    except (csv.Error, UnicodeDecodeError) as error:
        raise refuse(
            "csv", f"not a CSV: {error}", where=Where(file=path), hint="one header line, commas between"
        ) from None
    return [{(k or "").strip().lower(): (v or "").strip() for k, v in row.items() if k} for row in rows]
