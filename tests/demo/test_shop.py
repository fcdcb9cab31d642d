"""The demo's files are the same text on every run."""

from __future__ import annotations

import gzip
import hashlib
import re
from datetime import date
from pathlib import Path

import pytest

from allowance.contract.lint import lint
from allowance.contract.read import read
from allowance.contract.signing import in_force
from allowance.demo.access_log import draw
from allowance.demo.shop import write_shop
from allowance.demo.story import PROMISES
from tests.demo.month import folder

pytestmark = pytest.mark.xdist_group("month")

NAMES = {
    "access.log.gz",
    "payments.jsonl.gz",
    "search.csv",
    "backoffice.csv",
    "deployments.csv",
    "maintenance.csv",
    "shop.yaml",
}


def text_digest(path: Path) -> str:
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return hashlib.sha256(content).hexdigest()[:16]


def test_the_month_is_the_same_on_every_machine() -> None:
    # Integers drawn by the NumPy of the lock file; another NumPy may draw others, then these change.
    digests = {name: text_digest(folder() / name) for name in sorted(NAMES - {"shop.yaml"})}
    assert digests == {
        "access.log.gz": "815bbbb27dd9cdcc",
        "backoffice.csv": "350bf5e8d9ce0a84",
        "deployments.csv": "22e9808831507bab",
        "maintenance.csv": "cf9509f3ded0e9db",
        "payments.jsonl.gz": "2fc629d24a22691b",
        "search.csv": "e400a2efa1863233",
    }


def test_two_runs_write_the_same_bytes(tmp_path: Path) -> None:
    one = write_shop(tmp_path / "one", divide=20)
    two = write_shop(tmp_path / "two", divide=20)
    assert {path.name for path in one} == NAMES
    for first, second in zip(one, two, strict=True):
        # The contract names the folder that it lies in.
        assert first.read_bytes().replace(b"/one/", b"/two/") == second.read_bytes()


def test_the_contract_is_signed_and_nothing_can_be_said_against_it() -> None:
    result = read([("shop.yaml", (folder() / "shop.yaml").read_bytes())])
    assert result.problems == ()
    assert lint(result.contract, today=date(2026, 11, 1)) == []
    policy = result.contract.budget_policy("shop-budget")
    assert policy is not None
    assert in_force(policy)
    promised = {(slo.service, slo.target) for slo in result.contract.slos if slo.name != "fast-pages"}
    assert promised == {(promise.service, promise.target) for promise in PROMISES}


def test_the_access_log_has_the_size_of_a_real_one() -> None:
    assert 300_000 < len(draw()) < 600_000


def test_the_log_holds_no_address_of_a_real_machine() -> None:
    with gzip.open(folder() / "access.log.gz", "rt") as lines:
        clients = {line.split(" ", 1)[0] for line in lines}
    documentation = re.compile(r"(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+")
    assert all(documentation.fullmatch(client) for client in clients)


def test_progress_tells_each_file_to_its_end(tmp_path: Path) -> None:
    seen: dict[str, tuple[int, int]] = {}
    write_shop(tmp_path, divide=50, progress=lambda name, done, of: seen.update({name: (done, of)}))
    assert seen.keys() == NAMES
    assert all(done == of for done, of in seen.values())
