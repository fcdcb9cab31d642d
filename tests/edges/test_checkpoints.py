"""Checkpoints: signed, kept elsewhere, and worth nothing when anything about them was changed."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from allowance.core.problem import ProblemError
from allowance.edges.checkpoints import (
    append_checkpoint,
    line_of,
    pem_of,
    public_key,
    read_checkpoints,
    signer,
)
from allowance.governance.verify import Verified

HEAD = Verified(after=0, head=7, hash="ab" * 32)


def test_a_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "key"
    first, new = signer(path)
    again, made = signer(path)
    assert (new, made) == (True, False)
    assert first.public == again.public
    assert first.public.startswith("ed25519:")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_checkpoint_is_read_back_with_its_key_and_no_other(tmp_path: Path) -> None:
    mine, _ = signer(tmp_path / "mine")
    other, _ = signer(tmp_path / "other")
    one = mine.swear(HEAD, now=1_790_000_000)
    path = tmp_path / "checkpoints.jsonl"
    append_checkpoint(path, one)
    append_checkpoint(path, mine.swear(HEAD, now=1_790_000_060))
    path.write_text(path.read_text() + "\n")
    found = read_checkpoints(path, key=mine.public)
    assert found[0] == one
    assert [checkpoint.seq for checkpoint in found] == [7, 7]
    with pytest.raises(ProblemError, match="signed with another key") as caught:
        read_checkpoints(path, key=other.public)
    assert [problem.where.line for problem in caught.value.problems] == [1, 2]


@pytest.mark.parametrize(
    ("field", "value"), [("seq", 8), ("hash", "cd" * 32), ("at", 5), ("signature", "AAAA"), ("key", "other")]
)
def test_a_changed_checkpoint_is_refused(tmp_path: Path, field: str, value: object) -> None:
    mine, _ = signer(tmp_path / "key")
    body = json.loads(line_of(mine.swear(HEAD, now=1)))
    path = tmp_path / "checkpoints.jsonl"
    path.write_text(json.dumps({**body, field: value}) + "\n")
    with pytest.raises(ProblemError) as caught:
        read_checkpoints(path, key=mine.public)
    assert caught.value.problems[0].code == "checkpoint"


@pytest.mark.parametrize(
    "line",
    ["{", "7", "{}", "null", '{"seq": "7", "hash": 1, "at": 1, "key": "k", "signature": ""}', "\udcff"],
)
def test_what_is_no_checkpoint_is_a_problem_with_its_line(tmp_path: Path, line: str) -> None:
    mine, _ = signer(tmp_path / "key")
    path = tmp_path / "checkpoints.jsonl"
    path.write_bytes(line.encode("utf-8", "surrogateescape"))
    with pytest.raises(ProblemError) as caught:
        read_checkpoints(path, key=mine.public)
    assert caught.value.problems[0].code == "checkpoint"
    with pytest.raises(ProblemError, match="cannot be read"):
        read_checkpoints(tmp_path / "absent", key=mine.public)


def test_a_public_key_is_taken_as_text_as_a_file_and_as_pem(tmp_path: Path) -> None:
    mine, _ = signer(tmp_path / "key")
    for name, body in (("text", mine.public + "\n"), ("pem", pem_of(mine.public))):
        (tmp_path / name).write_text(body)
        assert public_key(str(tmp_path / name)) == mine.public
    assert public_key(mine.public) == mine.public
    for wrong in ("ed25519:abc", "ed25519:", "absent", str(tmp_path / "key")):
        with pytest.raises(ProblemError) as caught:
            public_key(wrong)
        assert caught.value.problems[0].code == "key"


def test_a_private_key_of_another_kind_or_open_to_others_is_refused(tmp_path: Path) -> None:
    curve = generate_private_key(SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    locked = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.BestAvailableEncryption(b"secret"),
    )
    for number, data in enumerate((b"", b"words", curve, locked)):
        path = tmp_path / str(number)
        path.write_bytes(data)
        path.chmod(0o600)
        with pytest.raises(ProblemError, match="no private Ed25519 key"):
            signer(path)
    with pytest.raises(ProblemError, match="cannot be"):
        signer(tmp_path)
    with pytest.raises(ProblemError, match="cannot be written"):
        signer(tmp_path / "no" / "key")
    with pytest.raises(ProblemError, match="cannot be written"):
        append_checkpoint(tmp_path, signer(tmp_path / "key")[0].swear(HEAD, now=1))


@pytest.mark.skipif(os.name != "posix", reason="rights of files are those of POSIX")
def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    signer(tmp_path / "key")
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(ProblemError, match="others may read"):
        signer(tmp_path / "key")
