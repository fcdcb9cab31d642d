"""The file of tokens: shown once, kept as digests, closed to others, heeded at once."""

from __future__ import annotations

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from allowance.core.problem import ProblemError
from allowance.edges.token_file import digest, first_token, mint, read_tokens, revoke, tokens_of
from allowance.web.tokens import Tokens


def test_the_first_token_is_shown_once_and_stored_nowhere(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "tokens.json"
    text = first_token(path)
    assert text is not None
    assert text.startswith("alw_")
    assert len(text) > 40
    assert text not in path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert first_token(path) is None
    (token,) = read_tokens(path)
    assert (token.role, token.sha256) == ("admin", digest(text))
    assert os.listdir(path.parent) == ["tokens.json"]


def test_a_new_and_a_revoked_token_count_at_once(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    first_token(path)
    known = Tokens(tokens_of(path))
    text = mint(path, name="ci", role="deployer")
    found = known.find(text)
    assert found is not None
    assert (found.name, found.role) == ("ci", "deployer")
    newer = mint(path, name="ci", role="viewer")
    assert known.find(text) is None
    assert known.find(newer) is not None
    assert revoke(path, "ci")
    assert not revoke(path, "ci")
    assert known.find(newer) is None
    assert known.find("") is None


@pytest.mark.skipif(os.name != "posix", reason="rights of files are those of POSIX")
def test_a_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    first_token(path)
    path.chmod(0o640)
    with pytest.raises(ProblemError, match="others may read"):
        read_tokens(path)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"tokens": [{}]}', '{"tokens": 7}', "\udc80", '{"tokens": [{"name": 1}]}']
)
def test_a_damaged_file_is_said_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "tokens.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    path.chmod(0o600)
    with pytest.raises(ProblemError, match="damaged"):
        read_tokens(path)


def test_an_unknown_role_and_a_missing_file_are_problems(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    with pytest.raises(ProblemError, match="cannot be read"):
        read_tokens(path)
    with pytest.raises(ProblemError, match="cannot be read"):
        tokens_of(path)()
    row = {"name": "x", "role": "king", "sha256": digest("x")}
    path.write_text(json.dumps({"tokens": [row]}))
    path.chmod(0o600)
    with pytest.raises(ProblemError, match="role that does not exist"):
        read_tokens(path)


def test_services_and_an_end_are_kept_and_a_file_of_before_is_read(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    path.write_text(json.dumps({"tokens": [{"name": "old", "role": "viewer", "sha256": digest("x")}]}))
    path.chmod(0o600)
    (old,) = read_tokens(path)
    assert (old.services, old.expires, old.has_expired(now=2**40)) == ((), None, False)
    mint(path, name="ci", role="deployer", services=("checkout",), expires=100)
    old_again, new = read_tokens(path)
    assert old_again == old
    assert (new.services, new.expires) == (("checkout",), 100)
    assert [new.has_expired(now=now) for now in (99, 100)] == [False, True]
    for wrong in (
        {"services": "checkout"},
        {"services": [1]},
        {"expires": "soon"},
        {"expires": 1.5},
        {"x": 1},
    ):
        row = {"name": "a", "role": "viewer", "sha256": digest("x"), **wrong}
        path.write_text(json.dumps({"tokens": [row]}))
        with pytest.raises(ProblemError, match="damaged"):
            read_tokens(path)


def test_two_who_change_the_file_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    first_token(path)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: mint(path, name=f"n{n}", role="viewer"), range(24)))
        list(pool.map(lambda n: revoke(path, f"n{n}"), range(0, 24, 2)))
    kept = {token.name for token in read_tokens(path)}
    assert kept == {"first-admin", *(f"n{n}" for n in range(1, 24, 2))}


def test_a_folder_that_takes_no_file_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ProblemError, match="cannot be written"):
        first_token(tmp_path / "file" / "tokens.json")
