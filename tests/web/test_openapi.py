"""Machines read the OpenAPI document, send what it allows and what it forbids, and find nothing."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
import uvicorn

from tests.peers import free_port, wait_until
from tests.web.conftest import TEXTS, House


@pytest.mark.timeout(120)
def test_schemathesis_finds_nothing(house: House, tmp_path: Path) -> None:
    house.run_to(120)
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(house.app(open_reading=True), port=port, log_level="critical"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started, "the server")
    program = Path(sys.executable).with_name("schemathesis")
    command = [str(program), "run", f"http://127.0.0.1:{port}/v1/openapi.json", "--no-color"]
    command += ["--checks", "all", "--max-examples", "8", "--seed", "1"]
    command += ["--suppress-health-check", "filter_too_much"]
    command += ["--header", f"Authorization: Bearer {TEXTS['admin']}"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    server.should_exit = True
    thread.join(10)
    assert done.returncode == 0, done.stdout
