"""Every fenced block of the documentation is run, read or refused; nothing stands there unchecked.

| block | what is done with it |
| --- | --- |
| `console` | lines `$ allowance ...` run; output that is shown is compared; exit code 0, or `exit=N`, or `echo $?` |
| `yaml` | a document with `apiVersion` is read as a contract without errors |
| `yaml fragment` | parsed only |
| `yaml notify` | read as a notify.yaml |
| `yaml wrong` | must be refused |
| `json` | parsed |
| `python` | run; the blocks of one document share their names |
| `groovy` | brackets are closed; every `sh` step runs against no server and is not refused as wrong use |
| `sh` | only commands from the list of those that set up a machine; not run |
| `text`, `mermaid` | shown as they are |

`file=NAME` beside any of them writes the block into the folder that the document's later blocks run in. That
folder has the demo's files in build/demo.
"""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.demo import month
from tests.docs import contracts
from tests.docs.blocks import Block, blocks, documents, name_of
from tests.docs.shell import DocumentError, Shell, agrees, is_setup, sh_steps, steps, unclosed

pytestmark = pytest.mark.xdist_group("month")


class Session:
    """One document's folder, names and last exit code."""

    def __init__(self, folder: Path) -> None:
        self.shell = Shell(folder)
        self.names: dict[str, object] = {"__name__": "example"}

    def check(self, block: Block) -> None:
        """Do with one block what its language asks for. Errors: `DocumentError`, with its place."""
        if block.language not in CHECKS:
            raise DocumentError(
                f"{block.place}: a block is one of {', '.join(CHECKS)}, not {block.language!r}"
            )
        if name := block.mark("file"):
            (self.shell.folder / name).write_text(block.text)
        try:
            CHECKS[block.language](self, block)
        except DocumentError as error:
            raise DocumentError(f"{block.place}: {error}") from None

    def console(self, block: Block) -> None:
        """Run its commands one after the other."""
        todo = list(steps(block.text, block.line))
        for place, step in enumerate(todo):
            if is_setup(step.command):
                continue
            printed = self.shell.run(step.command)
            after = todo[place + 1].command if place + 1 < len(todo) else ""
            if step.shown and not agrees(step.shown, printed):
                raise DocumentError(f"line {step.line}: `{step.command}` printed\n{printed}")
            if self.shell.code != int(block.mark("exit") or 0) and "echo $?" not in (after, step.command):
                raise DocumentError(
                    f"line {step.line}: `{step.command}` left with {self.shell.code}; show it by `echo $?`, "
                    f"or mark the block exit={self.shell.code}. It printed\n{printed}"
                )

    def yaml(self, block: Block) -> None:
        """Read it as a contract, or as plain YAML where it says `fragment` or has no `apiVersion`."""
        fragment = "fragment" in block.marks or "apiVersion" not in block.text
        if "notify" in block.marks:
            refused = contracts.notify_refused(block.text)
        else:
            refused = contracts.refused(block.text, fragment=fragment)
        if refused and "wrong" not in block.marks:
            raise DocumentError("\n".join(refused))
        if not refused and "wrong" in block.marks:
            raise DocumentError("it is marked wrong, and nothing refuses it")

    def json(self, block: Block) -> None:
        """Parse it."""
        try:
            json.loads(block.text)
        except ValueError as error:
            raise DocumentError(str(error)) from None

    def python(self, block: Block) -> None:
        """Run it inside the folder."""
        with contextlib.chdir(self.shell.folder), contextlib.redirect_stdout(io.StringIO()):
            try:
                exec(compile(block.text, block.place, "exec"), self.names)
            except Exception as error:
                raise DocumentError(f"{type(error).__name__}: {error}") from error

    def sh(self, block: Block) -> None:
        """Every line is a comment or sets up a machine."""
        for line in block.text.replace("\\\n", " ").splitlines():
            command = line.partition("#")[0].strip()
            if command and not is_setup(command):
                raise DocumentError(f"`{command}` is not run in tests; use console for what can be run")

    def groovy(self, block: Block) -> None:
        """Every bracket is closed, and every `sh` step is a command line that the program understands."""
        if wrong := unclosed(block.text):
            raise DocumentError(f"{wrong} is not closed")
        found = sh_steps(block.text)
        if not found:
            raise DocumentError("a pipeline without an sh step shows nothing of ours")
        for command in found:
            self.shell.understood(command)

    def as_it_is(self, block: Block) -> None:
        """Nothing can be wrong with it."""


CHECKS: dict[str, Callable[[Session, Block], None]] = {
    "console": Session.console,
    "groovy": Session.groovy,
    "json": Session.json,
    "mermaid": Session.as_it_is,
    "python": Session.python,
    "sh": Session.sh,
    "text": Session.as_it_is,
    "yaml": Session.yaml,
}


@pytest.fixture
def session(tmp_path: Path) -> Session:
    demo = tmp_path / "build" / "demo"
    demo.mkdir(parents=True)
    for path in month.folder().iterdir():
        (demo / path.name).symlink_to(path)
    return Session(tmp_path)


@pytest.mark.parametrize("path", documents(), ids=name_of)
def test_every_block_of_a_document_holds(path: Path, session: Session) -> None:
    failures = []
    for block in blocks(path.read_text(), name_of(path)):
        try:
            session.check(block)
        except DocumentError as error:
            failures.append(str(error))
    assert not failures, "\n\n".join(failures)


def block(language: str, text: str, *marks: str) -> Block:
    return Block(document="x.md", line=1, language=language, marks=marks, text=text)


GOOD = [
    block("console", "$ allowance --version\n0.1...\n"),
    block("console", "$ allowance --nonsense\n$ echo $?\n2\n"),
    block("console", "$ allowance --nonsense\n...nonsense...\n...\n", "exit=2"),
    block("console", "$ make demo\n"),
    block("json", '{"a": 1}'),
    block("groovy", "stage('a') {\n  steps { sh 'allowance gate x --version \"$TAG\" --timeout 30m' }\n}\n"),
    block("python", "import allowance\nassert allowance.__version__"),
    block("sh", "make test  # all of them\n"),
    block("text", "anything"),
    block("yaml", "a: [1, 2]\n"),
    block("yaml", "a: [1, 2\n", "wrong"),
    block("yaml", "apiVersion: allowance/v1\nkind: Service\nmetadata: {name: a}\nspec: {tier: 3}\n"),
    block("yaml", "apiVersion: allowance/v1\nkind: Service\nmetadata: {name: a}\nspec: {teir: 3}\n", "wrong"),
    block("yaml", "spec: {apiVersion: nothing}\n", "fragment"),
    block("yaml", "channels: {a: {kind: stdout}}\nroutes: [{to: a}]\n", "notify"),
]
BAD = [
    block("console", "$ allowance --version\n0.0.0\n"),
    block("console", "$ allowance --nonsense\n"),
    block("console", "$ curl example.org\n"),
    block("json", "{a: 1}"),
    block("groovy", "stage('a') {\n  steps { sh 'allowance gate x --nonsense' }\n}\n"),
    block("groovy", "stage('a') {\n  steps { sh 'allowance gate x' }\n"),
    block("groovy", "stage('a') { echo 'allowance gate x' }\n"),
    block("python", "import no_such_module"),
    block("sh", "curl example.org | sh\n"),
    block("bash", "ls\n"),
    block("", "no language\n"),
    block("yaml", "a: [1, 2\n"),
    block("yaml", "a: [1, 2]\n", "wrong"),
    block("yaml", "channels: {a: {kind: stdout}}\nroutes: [{to: b}]\n", "notify"),
    block("yaml", "apiVersion: allowance/v1\nkind: Service\nmetadata: {name: a}\nspec: {tier: 9}\n"),
]


@pytest.mark.parametrize("good", GOOD, ids=lambda b: f"{b.language} {b.text[:90]!r}")
def test_what_holds_passes(good: Block, session: Session) -> None:
    session.check(good)


@pytest.mark.parametrize("bad", BAD, ids=lambda b: f"{b.language} {b.text[:90]!r}")
def test_what_does_not_hold_fails(bad: Block, session: Session) -> None:
    with pytest.raises(DocumentError, match=r"x\.md:1"):
        session.check(bad)
