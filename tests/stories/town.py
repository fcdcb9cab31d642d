"""The town that the stories happen in: a running `allowance serve` over a generated month, and people with tokens.

Every story has services of its own, so that none disturbs another. All of them follow one agreement, which three people
have signed at the server before anything happens.
"""

from __future__ import annotations

import contextlib
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from allowance.cli.main import run
from allowance.core.duration import DAY, HOUR, MINUTE
from allowance.core.time import Instant, iso
from allowance.edges.token_file import mint
from allowance.governance.roles import Role
from tests.fakes.nursery import is_there, served
from tests.peers import free_port, wait_until

AGREEMENT = """\
apiVersion: allowance/v1
kind: ErrorBudgetPolicy
metadata: {name: agreement, displayName: What we agreed before the crisis}
spec:
  clauses:
    - {when: yellow, hold: [feature, experiment], because: half of the budget is gone}
    - {when: red, deny: [feature, config, experiment], because: the budget is spent}
  escalation: head-of-engineering
  revisit: 2099-01-01
"""

PEOPLE: Mapping[str, Role] = {
    "Tess Product": "tpm",
    "Emre Engineer": "engineer",
    "Bo Business": "executive",
    "pipeline": "deployer",
    "Ada Admin": "admin",
}

EVERY = 5 * MINUTE
"""On a quiet day one row of counts stands for so many seconds; during a spell, and lately, every minute has its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spell:
    """From `ago` seconds before now, for `lasts` seconds, `bad` events of `of` failed."""

    ago: int
    lasts: int
    bad: int
    of: int = 100


def month(
    now: Instant, *spells: Spell, a_minute: int = 100, usual: int = 20_000, who: Sequence[str] = ()
) -> str:
    """Thirty days of counts up to now: one event in `usual` fails, and in spells more (`who`: one row per tenant)."""
    names = who or ("",)
    rows = ["time,good,total" + (",tenant" if who else "")]
    seen = failed = 0
    at = now - 30 * DAY
    while at < now:
        spell = next((one for one in spells if now - one.ago <= at < now - one.ago + one.lasts), None)
        near = at >= now - HOUR or any(
            now - one.ago - EVERY <= at < now - one.ago + one.lasts + EVERY for one in spells
        )
        length = MINUTE if near else EVERY
        total = a_minute * length // MINUTE
        for name in names:
            seen += total
            bad = total * spell.bad // spell.of if spell else seen // usual - failed
            failed += 0 if spell else bad
            rows.append(f"{iso(at)},{total - bad},{total}" + (f",{name}" if name else ""))
        at += length
    return "\n".join([*rows, ""])


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What a command left with and printed."""

    code: int
    out: str
    err: str


class Town:
    """The folder of the contract, the address of the server, and everybody's token."""

    def __init__(self, folder: Path, now: Instant) -> None:
        self.folder, self.now = folder, now
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.tokens = {
            name: mint(folder / "allowance-tokens.json", name=name, role=role)
            for name, role in PEOPLE.items()
        }

    def write(self, name: str, text: str) -> None:
        """A file beside the others."""
        (self.folder / name).write_text(text)

    def gate(self, *words: str, who: str = "pipeline") -> Said:
        """`allowance gate ...` as a pipeline runs it, in a process of its own."""
        done = subprocess.run(
            [sys.executable, "-m", "allowance", "gate", *words],
            env=self._environment(who),
            capture_output=True,
            text=True,
            check=False,
        )
        return Said(code=done.returncode, out=done.stdout, err=done.stderr)

    def says(self, who: str, *words: str) -> Said:
        """Any other command, typed by somebody in the town's folder; it asks the same server."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        kept = dict(os.environ)
        os.environ.update(self._environment(who))
        try:
            with (
                contextlib.chdir(self.folder),
                contextlib.redirect_stdout(out),
                contextlib.redirect_stderr(err),
            ):
                code = run(words)
        finally:
            os.environ.clear()
            os.environ.update(kept)
        return Said(code=code, out=_printed(out), err=_printed(err))

    def get(self, path: str) -> Any:
        """What the API answers to somebody who only reads."""
        answer = httpx.get(self.url + path, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def page(self, path: str) -> str:
        """A page of the server, as the text of its Markdown twin; every space is a plain one."""
        answer = httpx.get(self.url + path, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.text.replace("\N{NO-BREAK SPACE}", " ").replace("\N{NARROW NO-BREAK SPACE}", " ")

    def post(self, who: str, path: str, body: Any, **headers: str) -> httpx.Response:
        """Something sent by somebody's program."""
        token = {"Authorization": f"Bearer {self.tokens[who]}"}
        return httpx.post(self.url + path, json=body, headers=token | headers, timeout=60)

    def deployed(self, service: str, version: str, *, at: Instant, event: str = "service.deployed") -> None:
        """A CDEvent of the pipeline: this version of a service is in production since then."""
        data = {
            "context": {"specversion": "0.5.1", "id": f"{service}-{version}-{event}", "timestamp": iso(at)},
            "subject": {
                "id": service,
                "content": {
                    "environment": {"id": "production"},
                    "artifactId": f"pkg:oci/{service}@{version}",
                },
            },
        }
        told = {
            "specversion": "1.0",
            "type": f"dev.cdevents.{event}.0.3.0",
            "source": "/ci/town",
            "id": f"{service}-{version}-{event}",
            "time": iso(at),
            "data": data,
        }
        kind = {"Content-Type": "application/cloudevents+json"}
        answer = self.post("pipeline", "/v1/events", told, **kind)
        assert answer.json()["accepted"] == 1, answer.text

    def _environment(self, who: str) -> dict[str, str]:
        return {**os.environ, "ALLOWANCE_SERVER": self.url, "ALLOWANCE_TOKEN": self.tokens[who]}


@contextlib.contextmanager
def living(folder: Path, stories: Sequence[Any]) -> Iterator[Town]:
    """A town in which every story has written its contract and its month, with the agreement signed."""
    town = Town(folder, int(time.time()) // 60 * 60)
    town.write("agreement.yaml", AGREEMENT)
    for party, who in (
        ("product", "Tess Product"),
        ("engineering", "Emre Engineer"),
        ("business", "Bo Business"),
    ):
        signed = town.says(
            who, "sign", "agreement", "agreement.yaml", "--role", party, "--by", who, "--write"
        )
        assert signed.code == 0, signed.err
    for story in stories:
        story.furnish(town)
    files = sorted(one.name for one in folder.glob("*.yaml"))
    words = [*files, "--delay", "1s", "--listen", f"127.0.0.1:{town.port}"]
    with served(words, folder, lambda: _judged(town)) as process:
        yield town
        os.kill(process, signal.SIGTERM)
        wait_until(lambda: not is_there(process), "the end of the town")
    assert "Traceback" not in (folder / "serve.log").read_text()


def _printed(stream: io.TextIOWrapper) -> str:
    stream.flush()
    stream.seek(0)
    return stream.read()


def _judged(town: Town) -> bool:
    """The first tick was taken, and what follows from it stands in the ledger."""
    answer = httpx.get(f"{town.url}/v1/slos")
    return (
        answer.status_code == 200
        and all("at" in slo for slo in answer.json()["slos"])
        and town.get("/v1/freezes")["freezes"] != []
    )
