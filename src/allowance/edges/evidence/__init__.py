"""Evidence of a period as a folder: the entries, a signed checkpoint, a page, and a program that checks them."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

from allowance import __version__
from allowance.core.problem import Where, refuse
from allowance.core.time import iso
from allowance.edges.checkpoints import line_of, pem_of
from allowance.edges.pages.html import html_of
from allowance.governance.ledger import content
from allowance.governance.verify import signed_bytes
from allowance.reports.evidence_page import MOST_ROWS, Evidence, evidence_page, steps
from allowance.reports.ledger_words import in_short


def write_evidence(folder: Path, evidence: Evidence) -> tuple[str, ...]:
    """Write the files and return their names; a PDF is among them where typst is installed.

    Errors: `Problem` `write`: the folder holds something already, or cannot be written.
    """
    parts = _parts(evidence)
    pdf = _pdf(evidence)
    if pdf is not None:
        parts["evidence.pdf"] = pdf
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise refuse(
                "write",
                f"{folder} is not empty",
                hint="name a new folder; evidence is not overwritten",
                where=Where(file=str(folder)),
            )
        for name, data in parts.items():
            (folder / name).write_bytes(data)
    except OSError as error:
        raise refuse(
            "write", f"{folder} cannot be written: {error.strerror}", where=Where(file=str(folder))
        ) from None
    return tuple(parts)


def _parts(evidence: Evidence) -> dict[str, bytes]:
    checkpoint = evidence.checkpoint
    lines = b"".join(content(entry) + b"\n" for entry in evidence.entries)
    return {
        "index.html": html_of(evidence_page(evidence), interactive=False).encode(),
        "entries.jsonl": lines,
        "checkpoint.json": (line_of(checkpoint) + "\n").encode(),
        "checkpoint.txt": signed_bytes(checkpoint),
        "checkpoint.sig": base64.b64decode(checkpoint.signature),
        "key.pem": pem_of(checkpoint.key).encode(),
        "verify.py": (files(__package__) / "standalone.py").read_bytes(),
    }


def _pdf(evidence: Evidence) -> bytes | None:
    try:
        import typst
    except ImportError:
        return None
    template = (files(__package__) / "evidence.typ").read_bytes()
    found: bytes = typst.compile(template, sys_inputs={"data": json.dumps(_paper(evidence))})
    return found


def _paper(evidence: Evidence) -> Mapping[str, Any]:
    page = evidence_page(evidence)
    left = len(evidence.entries) - MOST_ROWS
    return {
        "title": page.title,
        "headline": page.headline,
        "sentences": page.sentences,
        "version": __version__,
        "made_at": iso(evidence.made_at),
        "steps": [
            {"what": one.what, "command": one.command, "prints": one.prints} for one in steps(evidence)
        ],
        "entries": [
            {
                "seq": str(entry.seq),
                "at": iso(entry.at),
                "kind": entry.kind,
                "subject": entry.subject,
                "actor": entry.actor,
                "what": in_short(entry, 300),
                "hash": entry.hash,
            }
            for entry in evidence.entries[:MOST_ROWS]
        ],
        "rest": f"{left} more entries are in entries.jsonl." if left > 0 else "",
    }
