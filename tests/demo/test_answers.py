"""What the program answers about the shop is what was counted without it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from allowance.cli.main import run
from allowance.core.buckets import Buckets, from_rows
from allowance.core.time import iso, parse_instant
from allowance.demo import __main__ as demo
from allowance.demo.shop import write_shop
from allowance.demo.story import END, NOISY_TENANT, event
from tests.demo.month import counted, folder, within

pytestmark = pytest.mark.xdist_group("month")

PAGES = "path NOT LIKE '/static/%' AND path NOT LIKE '/checkout/%' AND path <> '/healthz'"
ASKED = {
    "storefront": ["access.log.gz", "--valid", PAGES],
    "checkout": ["access.log.gz", "--valid", "path LIKE '/checkout/%'"],
    "payments": ["payments.jsonl.gz"],
    "search": ["search.csv"],
    "backoffice": ["backoffice.csv", "--target", "99"],
}


def minutes(file: str, words: list[str], tmp_path: Path) -> Buckets:
    """The counts per minute that `analyze --counts` writes."""
    counts = tmp_path / "counts.csv"
    assert run(["analyze", str(folder() / file), *words, "--counts", str(counts)]) == 0
    rows = [line.split(",") for line in counts.read_text().splitlines()[1:]]
    return from_rows((parse_instant(at), int(good), int(total)) for at, good, total in rows)


@pytest.mark.parametrize("service", list(ASKED))
def test_every_minute_is_counted_alike(service: str, tmp_path: Path) -> None:
    file, *words = ASKED[service]
    assert minutes(file, words, tmp_path) == counted(service).trimmed()


def test_every_minute_of_a_latency_is_counted_alike(tmp_path: Path) -> None:
    words = ["--valid", PAGES, "--latency", "300ms"]
    assert minutes("access.log.gz", words, tmp_path) == within("storefront", 300).trimmed()


def test_the_noisy_tenant_has_the_emptiest_budget(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    words = ["--by", "tenant", "--at", iso(END), "--json"]
    assert run(["analyze", str(folder() / "payments.jsonl.gz"), *words]) == 0
    groups = json.loads(capsysbinary.readouterr().out)["groups"]
    left = {one["group"]: one["windows"][0]["budget"]["remaining"] for one in groups}
    assert min(left, key=lambda tenant: left[tenant]) == NOISY_TENANT
    assert left[NOISY_TENANT] < 0


def test_an_exclusion_gives_the_maintenance_back(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    works = event("maintenance")
    span = f"{iso(works.begin)}/{iso(works.end)}"
    words = [
        str(folder() / "access.log.gz"),
        "--valid",
        "path LIKE '/checkout/%'",
        "--json",
        "--exclude",
        span,
    ]
    assert run(["analyze", *words]) == 0
    counts = json.loads(capsysbinary.readouterr().out)["counts"]
    closed = counted("checkout").between(works.begin, works.end)
    expected = counted("checkout").all() - closed
    assert (counts["good"], counts["total"]) == (expected.good, expected.total)


def test_the_contract_is_measured_whole(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["status", str(folder() / "shop.yaml"), "--at", iso(END), "--json", "--check"]) == 0
    document = json.loads(capsysbinary.readouterr().out)
    assert {one["service"] for one in document["slos"]} == set(ASKED)
    words = {one["service"]: one["state"] for one in document["slos"]}
    assert (words["payments"], words["backoffice"]) == ("watch", "ok")


def test_the_demo_runs_from_files_to_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "write_shop", lambda place, progress: write_shop(place, divide=20))
    assert demo.main([str(tmp_path)]) == 0
    page = demo.report_path(tmp_path)
    assert "<html" in page.read_text()[:500]
    printed = capfd.readouterr().out
    assert str(page) in printed
    for words in demo.questions(tmp_path):
        assert f"$ allowance {words[0]} {words[1]}" in printed
        assert shlex.split(demo._typed(words)) == words


def test_the_demo_refuses_options_and_folders_that_cannot_be(capfd: pytest.CaptureFixture[str]) -> None:
    assert demo.main(["--fast"]) == 2
    assert "one folder and no options" in capfd.readouterr().err
    assert demo.main(["/dev/null/shop"]) == 2
    assert "cannot be written" in capfd.readouterr().err
