"""Deploys and waiting deployments on both databases: each once, and what has become of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text

from allowance.app.protection import Pending
from allowance.changes.deploys import Deploy
from allowance.edges.store import github_pending
from allowance.edges.store.database import connect
from allowance.edges.store.deploys import deploys, save_deploys
from allowance.governance.verdict import Ask


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database on each engine."""
    url = str(tmp_path / "allowance.db")
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres")
        raw = create_engine(url.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
        with raw.connect() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
        raw.dispose()
    found = connect(url)
    yield found
    found.dispose()


def _deploy(id_: str = "1", **changes: Any) -> Deploy:
    one = Deploy(
        id=id_,
        service="a",
        version="1",
        commit="c",
        environment="production",
        at=100,
        state="ok",
        source="ci",
    )
    return replace(one, **changes)


def test_a_deploy_is_kept_once_and_a_success_replaces_a_failure(engine: Engine) -> None:
    save_deploys(engine, [])
    save_deploys(engine, [_deploy(), _deploy("2", state="failed", at=110), _deploy(source="other", at=120)])
    save_deploys(engine, [_deploy(at=500, state="failed"), _deploy("2", at=130)])
    found = deploys(engine, begin=0, end=1000)
    assert [(one.source, one.id, one.at, one.state) for one in found] == [
        ("ci", "1", 100, "ok"),
        ("other", "1", 120, "ok"),
        ("ci", "2", 130, "ok"),
    ]
    assert [one.at for one in deploys(engine, begin=100, end=130)] == [100, 120]
    assert [one.at for one in deploys(engine, begin=0, end=1000, most=1)] == [130]
    assert deploys(engine, begin=0, end=1000, service="b") == []


def test_what_waits_is_kept_until_it_is_settled(engine: Engine) -> None:
    ask = Ask(service="checkout", change="feature", version="1", actor="github:mona", change_id="octo/shop#1")
    first = Pending(id="d-1", ask=ask, callback="https://x/1", installation=7, begin=100, due=100)
    github_pending.save(engine, first)
    github_pending.save(engine, replace(first, callback="https://elsewhere"))
    github_pending.save(engine, replace(first, id="d-2", begin=90, due=200))
    assert github_pending.due(engine, now=100) == [first]
    later = replace(first, due=150, said="hold", notes=1, tries=2)
    github_pending.settle(engine, later)
    assert [one.id for one in github_pending.due(engine, now=200)] == ["d-2", "d-1"]
    assert github_pending.due(engine, now=150) == [later]
    github_pending.settle(engine, replace(later, state="approved"))
    assert [one.id for one in github_pending.due(engine, now=200)] == ["d-2"]
