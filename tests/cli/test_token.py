"""`allowance token`: made once, listed without secrets, revoked at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from allowance.cli.main import run
from allowance.edges import clock
from allowance.edges.store.database import connect
from allowance.edges.store.sessions import Guest, Session, StoredSessions
from allowance.edges.token_file import digest, read_tokens

TOKENS = Path("allowance-tokens.json")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_token_is_made_with_its_scope_and_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--name", "ci", "--role", "deployer", "--services", "checkout, payments", "--expires", "90d"]
    before = clock.now()
    assert run(["token", "create", *words]) == 0
    text = capsys.readouterr().out.strip()
    (token,) = read_tokens(TOKENS)
    assert (token.name, token.role, token.services) == ("ci", "deployer", ("checkout", "payments"))
    assert token.sha256 == digest(text)
    assert token.expires is not None
    assert 0 <= token.expires - before - 90 * 86_400 < 60
    assert text not in TOKENS.read_text()
    assert run(["token", "create", *words]) == 2, "nobody's token is replaced by accident"


@pytest.mark.parametrize(
    "words",
    [
        ["--name", "ci", "--role", "king"],
        ["--name", "allowance", "--role", "viewer"],
        ["--name", " ci", "--role", "viewer"],
        ["--name", "c\ni", "--role", "viewer"],
        ["--name", "", "--role", "viewer"],
        ["--name", "ci", "--role", "viewer", "--services", ","],
        ["--name", "ci", "--role", "viewer", "--services", "Not A Name"],
        ["--name", "ci", "--role", "viewer", "--expires", "soon"],
        ["--name", "ci"],
    ],
)
def test_what_makes_no_token_leaves_no_file(words: list[str]) -> None:
    assert run(["token", "create", *words]) == 2
    assert not TOKENS.exists()


def test_lists_and_revokes(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    def printed() -> str:
        return capsysbinary.readouterr().out.decode()

    for name, role in (("ci", "deployer"), ("ada", "engineer")):
        assert run(["token", "create", "--name", name, "--role", role]) == 0
    secrets = printed().split()
    engine = connect("allowance.db")
    sessions = StoredSessions(engine)
    now = clock.now()
    guest = Guest(name="ada", role="engineer", services=("checkout",))
    sessions.begin("d" * 64, Session(guest=guest, began=now, ends=now + 600, via="link"))
    assert (
        run(["token", "link", "--name", "ada", "--role", "engineer", "--address", "https://a.example/"]) == 0
    )
    link = printed().strip()
    assert link.startswith("https://a.example/sign-in?token=")
    assert run(["token", "list"]) == 0
    table = printed()
    assert "session by link" in table
    assert not any(secret in table for secret in secrets)
    assert run(["token", "list", "--json"]) == 0
    found = json.loads(printed())
    assert [one["name"] for one in found["tokens"]] == ["ci", "ada"]
    assert found["sessions"][0]["services"] == ["checkout"]
    assert run(["token", "revoke", "ada"]) == 0
    assert printed() == "revoked: the token and 2 sessions and links of ada\n"
    assert sessions.find("d" * 64, now=now) is None
    assert sessions.take_link(digest(link.rpartition("=")[2]), now=now) is None
    assert [token.name for token in read_tokens(TOKENS)] == ["ci"]
    assert run(["token", "revoke", "ada"]) == 1
    engine.dispose()


def test_a_link_needs_a_store_and_none_is_made_by_looking() -> None:
    assert run(["token", "link", "--name", "ada", "--role", "engineer"]) == 2
    assert run(["token", "revoke", "ada"]) == 1
    assert run(["token", "list"]) == 2
    assert list(Path().iterdir()) == []
