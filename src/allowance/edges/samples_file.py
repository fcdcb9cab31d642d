"""The file that says how samples of errors are kept: what is taken out of them, for how long, and where traces are."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit

from allowance.contract.fields import Fields
from allowance.contract.nodes import MapNode, load_documents
from allowance.contract.notes import Notes
from allowance.core.duration import DAY, parse_duration
from allowance.core.problem import ProblemError, Where, errors, refuse
from allowance.signals.error_samples import Sample
from allowance.signals.redaction import Rules

_GAP = re.compile(r"\{([^{}]*)\}")
_GAPS = ("trace_id", "span_id", "service")
SHORTEST, LONGEST = DAY, 400 * DAY


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleSettings:
    """How samples are kept. `trace_link` is an address with `{trace_id}` in it; `keep` are seconds."""

    rules: Rules = field(default_factory=Rules)
    trace_link: str = ""
    keep: int = 14 * DAY

    def link(self, sample: Sample, service: str) -> str | None:
        """Where a trace can be looked at; nothing where no address was given."""
        if not self.trace_link:
            return None
        said = {"trace_id": sample.trace, "span_id": sample.span, "service": quote(service, safe="")}
        return _GAP.sub(lambda gap: said[gap.group(1)], self.trace_link)


def read_samples(path: Path) -> SampleSettings:
    """Read the file. Errors: `ProblemError` with every error of it."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise refuse(
            "file", f"{path} cannot be read: {error.strerror}", hint="give the path of your samples.yaml"
        ) from None
    documents = load_documents(data, file=str(path))
    if len(documents) != 1 or not isinstance(documents[0], MapNode):
        raise refuse(
            "shape",
            "this file must be one map",
            hint="its parts are trace_link, keep, keys, patterns, addresses",
            where=documents[0].where if documents else Where(file=str(path)),
        )
    notes = Notes()
    fields = Fields(documents[0], "", notes, strict=True)
    found = SampleSettings(
        rules=Rules(
            keys=fields.texts("keys"), patterns=_patterns(fields), addresses=fields.flag("addresses") or False
        ),
        trace_link=fields.parsed("trace_link", checked_link) or "",
        keep=fields.parsed("keep", _keep) or 14 * DAY,
    )
    fields.finish()
    if failed := errors(notes.problems):
        raise ProblemError(*failed)
    return found


def checked_link(text: str) -> str:
    """A template of links that can be used. Errors: `Problem` `trace-link`."""
    gaps = _GAP.findall(text)
    parts = urlsplit(text.replace("{", "").replace("}", ""))
    good = parts.scheme in ("http", "https") and parts.hostname and not parts.username
    if not good or "trace_id" not in gaps or any(gap not in _GAPS for gap in gaps):
        raise refuse(
            "trace-link",
            f"{text[:200]!r} is no template of links to traces",
            hint="write it as https://tempo.example/trace/{trace_id}; {span_id} and {service} are known, too",
        )
    return text


def _keep(text: str) -> int:
    found = parse_duration(text)
    if not SHORTEST <= found <= LONGEST:
        raise refuse("keep", f"samples cannot be kept for {text}", hint="write 1d to 400d")
    return found


def _patterns(fields: Fields) -> tuple[re.Pattern[str], ...]:
    found = []
    for text in fields.texts("patterns"):
        try:
            found.append(re.compile(text))
        except re.error as error:
            fields.wrong("patterns", f"{text!r} is no regular expression: {error}", hint="Python's re")
    return tuple(found)
