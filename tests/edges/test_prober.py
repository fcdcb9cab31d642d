"""One probe against real sockets: phases, redirects, certificates, slow and broken answers, forbidden addresses."""

from __future__ import annotations

import http.server
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from allowance.contract.probe import Expect, Probe
from allowance.core.counts import NO_DATA, NoData
from allowance.edges.probe_address import ForbiddenError, is_metadata, resolved
from allowance.edges.prober import attempt
from allowance.signals.probe import Attempt, NotMade, days_left, judge
from tests.peers import free_port


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by the path; remembers what was sent."""

    seen: list[tuple[str, dict[str, str], bytes]] = []  # noqa: RUF012 - shared on purpose

    def do_GET(self) -> None:
        size = int(self.headers.get("Content-Length", 0))
        self.seen.append((self.path, dict(self.headers), self.rfile.read(size)))
        if self.path.startswith("/to/"):
            self.send_response(302)
            self.send_header("Location", self.path.removeprefix("/to/"))
            self.end_headers()
            return
        body = b'{"status": "up"}' if self.path == "/health" else b"x" * 300_000
        self.send_response(int(self.path.removeprefix("/status/")) if "/status/" in self.path else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@contextmanager
def serving(context: ssl.SSLContext | None = None) -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if context is not None:
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"{'https' if context else 'http'}://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@pytest.fixture
def site() -> Iterator[str]:
    Handler.seen = []
    with serving() as url:
        yield url


@contextmanager
def saying(*parts: bytes) -> Iterator[str]:
    """A listener that sends some bytes to the first who comes, and then keeps the line open."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        done = threading.Event()

        def answer() -> None:
            peer, _ = listener.accept()
            with peer:
                for part in parts:
                    peer.sendall(part)
                done.wait(60)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            done.set()


def made(probe: Probe) -> Attempt:
    found = attempt(probe)
    assert isinstance(found, Attempt), found
    return found


def test_every_phase_is_timed_and_they_fit_into_the_whole(site: str) -> None:
    found = made(Probe(url=f"{site}/health", expect=Expect(json=(("status", "up"),))))
    assert judge(found, Expect(json=(("status", "up"),))).failures == ()
    assert set(found.phases) == {"dns", "connect", "send", "first_byte", "body"}
    assert sum(found.phases.values()) <= found.total
    assert found.address in ("127.0.0.1", "::1")
    assert isinstance(found.tls_ends, NoData)


def test_a_large_body_is_read_up_to_a_limit(site: str) -> None:
    assert len(made(Probe(url=f"{site}/large")).body) == 256 * 1024


def test_headers_secrets_and_a_body_are_sent(site: str, tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("Bearer first\n")
    probe = Probe(
        url=f"{site}/health",
        method="POST",
        headers=(("X-Env", "test"),),
        secret_headers=(("Authorization", str(secret)),),
        body='{"ping": 1}',
    )
    made(probe)
    secret.write_text("Bearer second\n")
    made(probe)
    (_, one, body), (_, two, _) = Handler.seen
    assert (one["Authorization"], two["Authorization"]) == ("Bearer first", "Bearer second")
    assert (one["X-Env"], body) == ("test", b'{"ping": 1}')
    secret.unlink()
    assert isinstance(attempt(probe), NotMade), "without its secret it says nothing about the other side"


def test_redirects_are_followed_as_often_as_allowed(site: str) -> None:
    probe = Probe(url=f"{site}/to//to//health", redirects=2)
    found = made(probe)
    assert found.status == 200
    assert found.hops == (f"{site}/to//health", f"{site}/health")
    assert made(replace(probe, redirects=1)).status == 302
    assert made(replace(probe, redirects=0)).status == 302


def test_a_redirect_to_another_scheme_or_to_metadata_is_not_followed(site: str) -> None:
    found = made(Probe(url=f"{site}/to/file:///etc/passwd", redirects=5))
    assert judge(found, Expect(status=((100, 599),))).failures == ("a redirect to file is not followed",)
    elsewhere = attempt(Probe(url=f"{site}/to/http://169.254.169.254/latest", redirects=5))
    assert isinstance(elsewhere, NotMade)
    assert "metadata" in elsewhere.why


def test_secrets_do_not_follow_to_another_host(site: str, tmp_path: Path) -> None:
    (tmp_path / "t").write_text("secret")
    with serving() as other:
        target = f"{other}/health".replace("localhost", "127.0.0.1")
        made(
            Probe(url=f"{site}/to/{target}", redirects=1, secret_headers=(("X-Token", str(tmp_path / "t")),))
        )
    assert ["X-Token" in headers for _, headers, _ in Handler.seen] == [True, False]


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ((), "no answer within 1 s"),
        ((b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",), "no answer within 1 s"),
        ((b"SSH-2.0-OpenSSH_9.2\r\n",), "the answer is not HTTP"),
    ],
)
def test_slow_and_foreign_answers(parts: tuple[bytes, ...], words: str) -> None:
    with saying(*parts) as url:
        found = made(Probe(url=url, timeout=1))
    assert found.status == NO_DATA
    assert words in found.fault
    assert found.total < 30_000_000


def test_nobody_there_is_bad_and_a_witness_tells_it_from_being_offline() -> None:
    closed = free_port()
    probe = Probe(url=f"http://127.0.0.1:{closed}/")
    assert made(probe).fault == "the connection is refused"
    offline = attempt(replace(probe, witness=f"127.0.0.1:{closed}"))
    assert isinstance(offline, NotMade)
    assert "witness" in offline.why
    with socket.create_server(("127.0.0.1", 0)) as there:
        port = there.getsockname()[1]
        assert made(replace(probe, witness=f"127.0.0.1:{port}")).fault == "the connection is refused"


@pytest.mark.parametrize(
    ("address", "forbidden"),
    [
        ("169.254.169.254", True),
        ("169.254.0.1", True),
        ("::ffff:169.254.169.254", True),
        ("fe80::1%eth0", True),
        ("fd00:ec2::254", True),
        ("100.100.100.200", True),
        ("127.0.0.1", False),
        ("10.0.0.1", False),
        ("fd00::1", False),
    ],
)
def test_addresses_of_metadata(address: str, forbidden: bool) -> None:
    assert is_metadata(address) is forbidden


def test_a_forbidden_address_is_not_connected_to_unless_it_is_allowed() -> None:
    with pytest.raises(ForbiddenError):
        resolved("169.254.169.254", 80, link_local=False, within=30)
    assert resolved("169.254.169.254", 80, link_local=True, within=30)[0][1] == ("169.254.169.254", 80)


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate for localhost that ends in 20 days, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed: apt-get install openssl")
    folder = tmp_path_factory.mktemp("tls")
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "20",
        "-subj",
        "/CN=localhost",
    ]
    command += ["-addext", "subjectAltName=DNS:localhost", "-keyout", "key.pem", "-out", "cert.pem"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder


def test_tls_its_time_its_end_and_whom_it_trusts(authority: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "cert.pem", authority / "key.pem")
    with serving(context) as url:
        probe = Probe(url=f"{url}/health", ca_file=str(authority / "cert.pem"))
        found = made(probe)
        assert "tls" in found.phases
        assert days_left(found) in (19, 20)
        assert judge(found, Expect(tls_days_left=30)).failures[0].startswith("the certificate ends in")
        stranger = made(replace(probe, ca_file=None))
        assert stranger.fault.startswith("the certificate is not trusted")
        down = made(replace(probe, url=f"{url}/to/http://localhost/", redirects=1))
        assert down.fault == "a redirect from https to http is not followed"
