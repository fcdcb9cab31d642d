"""Real programs that tests talk to: each is started on a free port of the loopback and stopped afterwards."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import httpx
import pytest


def need(program: str, package: str) -> str:
    """The path of a program, or a skip that names its Debian package (a failure where peers are required)."""
    found = shutil.which(program)
    if found is None and os.path.exists(program):
        found = program
    if found is None:
        _missing(f"{program} is not installed: apt-get install {package}")
    return found


def _missing(reason: str) -> NoReturn:
    (pytest.fail if os.environ.get("ALLOWANCE_PEERS") == "required" else pytest.skip)(reason)


NODE = Path(__file__).parent / "node_sdk"
"""A service of Node.js with the unmodified SDK."""

_FIRST, _LAST = 10_000, 32_000  # below the range that the system hands to outgoing connections
_given = itertools.count(os.getpid() * 97, 3)  # an OTLP receiver takes the port below its own as well


def free_port() -> int:
    """A port of the loopback that nobody listens on, and that no outgoing connection can be given.

    A program that is killed and started again needs its port a second time: one of the system's own range could
    by then belong to somebody's outgoing connection.
    """
    for number in _given:
        port = _FIRST + number % (_LAST - _FIRST)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError("unreachable: the count has no end")


def wait_until(ready: Callable[[], bool], what: str, seconds: float = 30, *, pause: float = 0.05) -> None:
    """Ask every `pause` seconds until `ready()`; fail with `what` after so many seconds."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(httpx.HTTPError, OSError):
            if ready():
                return
        time.sleep(pause)
    pytest.fail(f"{what} did not come up within {seconds} s")


def node_sdk() -> str:
    """The path of Node.js, with the SDK installed in `NODE` as the lock file says."""
    node, npm = need("node", "nodejs"), need("npm", "npm")
    with (NODE / "package-lock.json").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # another worker may be installing it
        if not (NODE / "node_modules" / "@opentelemetry").is_dir():
            command = [npm, "ci", "--no-audit", "--no-fund"]
            done = subprocess.run(command, cwd=NODE, check=False, capture_output=True, text=True, timeout=240)
            if done.returncode:
                _missing(f"npm ci in {NODE} failed: {done.stderr.strip().splitlines()[-1:]}")
    return node


@contextlib.contextmanager
def running(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A program that is stopped when the block ends; its output goes to `log`."""
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT) as process:
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()


def _answers(url: str) -> bool:
    return httpx.get(url).status_code == 200


@contextlib.contextmanager
def prometheus_in(
    folder: Path,
    *options: str,
    ready: Callable[[str], bool] = _answers,
    scheme: str = "http",
    scrapes: str = "",
) -> Iterator[str]:
    """The address of a Prometheus that serves `folder/data`, takes remote writes, and scrapes what `scrapes` says."""
    program = need("prometheus", "prometheus")
    config = folder / "prometheus.yml"
    config.write_text(f"global: {{scrape_interval: 15s}}\n{scrapes}")
    port = free_port()
    command = [
        program,
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--storage.tsdb.retention.time=10y",
        "--web.enable-remote-write-receiver",
        "--web.enable-lifecycle",
        *options,
    ]
    url = f"{scheme}://127.0.0.1:{port}"
    with running(command, folder / "log"):
        wait_until(lambda: ready(f"{url}/-/ready"), "Prometheus")
        yield url


def write_blocks(openmetrics: str, folder: Path) -> None:
    """Samples with timestamps, as OpenMetrics text, to `folder/data`, before a Prometheus serves it."""
    program = need("promtool", "prometheus")
    text = folder / "samples.om"
    text.write_text(openmetrics)
    # One large block instead of hundreds of two hours: the whole text is read again for each.
    command = [program, "tsdb", "create-blocks-from", "--max-block-duration=768h", "openmetrics"]
    subprocess.run([*command, str(text), str(folder / "data")], check=True, capture_output=True)


@contextlib.contextmanager
def victoria_in(
    folder: Path, *options: str, ready: Callable[[str], bool] = _answers, scheme: str = "http"
) -> Iterator[str]:
    """The address of a VictoriaMetrics that stores in `folder`."""
    program = need("victoria-metrics", "victoria-metrics")
    port = free_port()
    command = [
        program,
        f"-storageDataPath={folder / 'data'}",
        f"-httpListenAddr=127.0.0.1:{port}",
        "-retentionPeriod=20y",
        "-search.latencyOffset=0s",
        *options,
    ]
    url = f"{scheme}://127.0.0.1:{port}"
    with running(command, folder / "log"):
        wait_until(lambda: ready(f"{url}/health"), "VictoriaMetrics")
        yield url


@pytest.fixture(scope="session")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an empty Prometheus that takes remote writes (server only, nothing is scraped)."""
    with prometheus_in(tmp_path_factory.mktemp("prometheus")) as url:
        yield url


@pytest.fixture(scope="session")
def victoria_metrics(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of an empty VictoriaMetrics; data go in by `/api/v1/import/prometheus`."""
    with victoria_in(tmp_path_factory.mktemp("victoria")) as url:
        yield url


@contextlib.contextmanager
def alertmanager_in(folder: Path, config: str) -> Iterator[str]:
    """The address of an Alertmanager with a configuration (YAML); it belongs to no cluster."""
    program = need("prometheus-alertmanager", "prometheus-alertmanager")
    path = folder / "alertmanager.yml"
    path.write_text(config)
    port = free_port()
    command = [
        program,
        f"--config.file={path}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    url = f"http://127.0.0.1:{port}"
    with running(command, folder / "log"):
        wait_until(lambda: _answers(f"{url}/-/ready"), "Alertmanager")
        yield url


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The URL of a fresh PostgreSQL database that trusts the loopback."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    binary = Path(need(str(found[-1]) if found else "initdb", "postgresql")).parent
    # Not below pytest's own folder: every other run of pytest closes that one to the server's user.
    with tempfile.TemporaryDirectory(prefix="allowance-postgres-", ignore_cleanup_errors=True) as name:
        yield from _postgres_in(Path(name), binary)


def _postgres_in(folder: Path, binary: Path) -> Iterator[str]:
    data = folder / "data"
    port = free_port()
    runner: list[str] = []
    if os.geteuid() == 0:
        runner = ["runuser", "-u", "postgres", "--"]
        shutil.chown(folder, "postgres", "postgres")
    create = [*runner, str(binary / "initdb"), "-D", str(data), "-A", "trust", "-U", "postgres", "--no-sync"]
    subprocess.run(create, check=True, capture_output=True, cwd="/")
    serve = [
        *runner, str(binary / "postgres"), "-D", str(data), "-p", str(port),
        "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={folder}", "-c", "fsync=off",
    ]  # fmt: skip
    with running(serve, folder / "log"):
        ready = [str(binary / "pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
        wait_until(lambda: subprocess.run(ready, check=False).returncode == 0, "PostgreSQL")
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
