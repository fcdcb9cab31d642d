"""The commands that ask a running server: over real HTTP, with real tokens, against a house in an outage."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from allowance.cli.main import run
from allowance.core.time import iso
from tests.peers import free_port, wait_until
from tests.web.conftest import START, TEXTS, House, house

__all__ = ["house"]
NOW = START + 120 * 60 + 7


@pytest.fixture
def served(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    house.run_to(120)
    port = free_port()
    config = uvicorn.Config(house.app(open_reading=True), host="127.0.0.1", port=port, log_level="error")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started, "the server", 60)
    monkeypatch.setenv("ALLOWANCE_SERVER", f"http://127.0.0.1:{port}")
    monkeypatch.setenv("ALLOWANCE_TOKEN", TEXTS["engineer"])
    yield house
    server.should_exit = True
    thread.join(60)


Captured = pytest.CaptureFixture[str]
PAGE = "checkout/availability/page"


def _json(capfdbinary: pytest.CaptureFixture[bytes]) -> dict[str, object]:
    found: dict[str, object] = json.loads(capfdbinary.readouterr().out)
    return found


def test_what_fires_is_listed_and_taken(served: House, capsys: Captured) -> None:
    assert run(["alerts"]) == 1
    shown = capsys.readouterr().out
    assert "things need you" in shown
    assert PAGE in shown
    assert "■ page" in shown
    assert "firing ↑" in shown
    assert run(["alerts", "ack", PAGE, "--note", "on it", "--by", "ada"]) == 0
    assert capsys.readouterr().out == f"ada has taken {PAGE}\n"
    run(["alerts"])
    assert "taken by ada: on it" in capsys.readouterr().out
    assert run(["alerts", "ack", PAGE, "--disposition", "test"]) == 0
    assert capsys.readouterr().out == f"recorded: {PAGE} was test, says the-engineer\n"


def test_the_exit_code_says_whether_somebody_is_needed(served: House, capsys: Captured) -> None:
    for signature in (PAGE, "payments/charges/page"):
        assert run(["alerts"]) == 1
        run(["alerts", "ack", signature])
    capsys.readouterr()
    assert run(["alerts"]) == 0
    assert capsys.readouterr().out.startswith("Nothing needs you")


def test_a_token_is_needed_to_take_and_may_come_from_a_file(
    served: House, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ALLOWANCE_TOKEN")
    assert run(["alerts", "ack", PAGE]) == 2
    assert "error: this needs a token [token]" in capsys.readouterr().err
    (tmp_path / "token").write_text(TEXTS["viewer"] + "\n")
    assert run(["alerts", "ack", PAGE, "--token-file", str(tmp_path / "token")]) == 2
    assert "the role of the-viewer does not allow to acknowledge" in capsys.readouterr().err
    assert run(["alerts", "ack", PAGE, "--token-file", str(tmp_path / "none")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_a_silence_is_shown_before_it_is_saved(served: House, capsys: Captured) -> None:
    until = ["--until", iso(NOW + 3600), "--reason", "database move"]
    assert run(["silence", "create", "service=checkout", *until]) == 1
    said = capsys.readouterr()
    assert "it mutes 4 open now: checkout/availability/page" in said.err
    assert "say --yes" in said.err
    assert said.out == ""
    run(["silence"])
    assert capsys.readouterr().out == "Nothing is muted.\n"
    assert run(["silence", "create", "service=checkout", *until, "--yes"]) == 0
    assert f"(service=checkout) until {iso(NOW + 3600)}" in capsys.readouterr().out
    (mute,) = served.state.mutes(now=NOW)
    run(["silence", "list"])
    assert mute.id in capsys.readouterr().out
    assert run(["silence", "end", mute.id]) == 0
    assert capsys.readouterr().out == f"ended: {mute.id} (service=checkout)\n"
    assert served.state.mutes(now=NOW) == ()


def test_maintenance_that_comes_again(served: House, capsys: Captured) -> None:
    words = ["--until", iso(NOW + 90 * 86400), "--reason", "upgrades", "--maintenance", "--yes"]
    rule = ["--rrule", "FREQ=WEEKLY;BYDAY=SU;BYHOUR=2", "--duration", "2h", "--zone", "Europe/Berlin"]
    assert run(["silence", "create", "service=checkout", *words, *rule]) == 0
    assert "FREQ=WEEKLY;BYDAY=SU;BYHOUR=2 (Europe/Berlin), next 20" in capsys.readouterr().out
    assert run(["silence", "create", "service=checkout", *words, "--rrule", "x", "--duration", "2h"]) == 2
    assert "is not a recurrence rule" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [
        ["silence", "create"],
        ["silence", "create", "service"],
        ["silence", "create", "a=b", "--for", "2h"],
        ["silence", "create", "a=b", "--reason", "x"],
        ["silence", "create", "a=b", "--reason", "x", "--for", "2h", "--until", "2030-01-01"],
        ["silence", "create", "a=b", "--reason", "x", "--for", "2h", "--duration", "1h"],
        ["silence", "end"],
        ["alerts", "ack"],
        ["alerts", "list", PAGE],
        ["alerts", "--server", "ftp://example.com"],
        ["alerts", "--server", "http://127.0.0.1:1"],
        ["status", "--live", "shop.yaml"],
    ],
)
def test_wrong_use_is_said_without_asking_anybody(words: list[str], capsys: Captured) -> None:
    assert run(words) == 2
    assert "hint:" in capsys.readouterr().err


def test_live_status_has_the_numbers_of_the_api(
    served: House, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run(["status", "--live", "--json"]) == 0
    rows = _json(capfdbinary)["slos"]
    assert isinstance(rows, list)
    tick = served.loop.now
    assert tick is not None
    for row in rows:
        whole = tick.whole(row["id"])
        assert whole is not None
        assert (row["good"], row["total"]) == (whole.budget.counts.good, whole.budget.counts.total)
    assert run(["status", "--live", "--check"]) == 1
    text = capfdbinary.readouterr().out.decode()
    assert "0 of 3 promises kept" in text
    assert "fresh, " in text


def test_watching_goes_on_until_it_is_stopped(
    served: House, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits, sleep = list[float](), time.sleep

    def slept(seconds: float) -> None:
        if threading.current_thread() is not threading.main_thread():
            sleep(seconds)  # of somebody else
            return
        waits.append(seconds)
        if len(waits) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr("allowance.cli.watching.time.sleep", slept)
    assert run(["alerts", "--watch"]) == 1
    assert capsys.readouterr().out.count("things need you") == 3
