"""One probe: a request over a connection of its own, every phase of it timed, and the certificate looked at."""

from __future__ import annotations

import errno
import http.client
import io
import socket
import ssl
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import SplitResult, urljoin, urlsplit

from allowance import __version__
from allowance.contract.probe import Probe
from allowance.core.counts import NO_DATA, NoData
from allowance.core.time import Instant
from allowance.edges import clock
from allowance.edges.probe_address import ForbiddenError, resolved
from allowance.signals.probe import Attempt, NotMade, Phase

MOST_BODY = 256 * 1024
"""Bytes of an answer that are read; what is expected of the body must be among them."""

OUR_FAULTS = frozenset(
    {
        *(errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL, errno.EACCES, errno.EPERM),
        *(errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM),
    }
)
"""Errors of this machine or its network: they say nothing about the other side."""

AGENT = f"allowance-probe/{__version__}"


def attempt(probe: Probe) -> Attempt | NotMade:
    """Make a probe. What the other side does wrong is in the answer; nothing is raised for it.

    It is `NotMade` where this machine could not even try, and where nothing answered and the witness is silent, too.
    """
    at = clock.now()
    try:
        headers = _headers(probe)
        context = _context(probe)
    except (OSError, ValueError, ssl.SSLError) as error:
        return NotMade(at=at, why=str(error))
    run = _Run(probe, at=at, headers=headers, context=context)
    found = run.made()
    if isinstance(found, Attempt) and isinstance(found.status, NoData) and _is_offline(probe):
        return NotMade(at=at, why=f"{found.fault}; the witness {probe.witness} cannot be reached either")
    return found


def _headers(probe: Probe) -> dict[str, str]:
    """Those of the document and those of files; a file is read anew for each probe, so that secrets may rotate."""
    secrets = {name: Path(file).read_text(encoding="utf-8").strip() for name, file in probe.secret_headers}
    found = {"User-Agent": AGENT, "Accept": "*/*", **dict(probe.headers), **secrets}
    for name in secrets:
        if not secrets[name].isprintable():
            raise ValueError(f"the file of the header {name} holds more than one line of text")
    return found


def _context(probe: Probe) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=probe.ca_file)
    context.set_alpn_protocols(["http/1.1"])
    return context


def _is_offline(probe: Probe) -> bool:
    if probe.witness is None:
        return False
    host, _, port = probe.witness.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=min(probe.timeout, 5)).close()
    except OSError:
        return True
    return False


class _Timed(io.RawIOBase):
    """What a socket gives, up to an instant: a byte now and then does not put it off."""

    def __init__(self, plain: socket.socket, end: float) -> None:
        self._plain, self._end = plain, end

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: object) -> int:
        """Some bytes; none at the end. Errors: `TimeoutError`."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._plain.settimeout(left)
        return self._plain.recv_into(buffer)  # type: ignore[arg-type]


class _Wire:
    """The socket as `http.client` uses it."""

    def __init__(self, plain: socket.socket, end: float) -> None:
        self._plain, self._end = plain, end

    def sendall(self, data: bytes) -> None:
        """Send within the time that is left."""
        self._plain.settimeout(max(0.001, self._end - time.monotonic()))
        self._plain.sendall(data)

    def makefile(self, *_: object) -> io.BufferedReader:
        """For reading."""
        return io.BufferedReader(_Timed(self._plain, self._end))

    def close(self) -> None:
        """Not yet: an answer that ends the connection is still to be read. The run closes the socket itself."""


class _Run:
    """One probe while it runs: phases add up over redirects."""

    def __init__(
        self, probe: Probe, *, at: Instant, headers: dict[str, str], context: ssl.SSLContext
    ) -> None:
        self._probe, self._headers, self._context = probe, headers, context
        self._began = time.monotonic()
        self._end = self._began + probe.timeout
        self._phases: dict[Phase, int] = {}
        self._so_far = Attempt(at=at, total=0, phases=self._phases)

    def made(self) -> Attempt | NotMade:
        """The whole of it."""
        url, hops = self._probe.url, list[str]()
        while True:
            found = self._one(url)
            target = found.address if isinstance(found, _Elsewhere) else ""
            if isinstance(found, NotMade):
                return found
            if isinstance(found, Attempt):
                return replace(found, total=self._spent(), hops=tuple(hops))
            refusal = _may_follow(url, target)
            if refusal or len(hops) >= self._probe.redirects:
                return replace(found.attempt, total=self._spent(), hops=tuple(hops), fault=refusal)
            if urlsplit(target).netloc != urlsplit(url).netloc:
                secret = {name for name, _ in self._probe.secret_headers}
                self._headers = {name: text for name, text in self._headers.items() if name not in secret}
            hops.append(target)
            url = target

    def _spent(self) -> int:
        return round((time.monotonic() - self._began) * 1_000_000)

    def _one(self, url: str) -> Attempt | NotMade | _Elsewhere:
        parts = urlsplit(url)
        wire: socket.socket | None = None
        try:
            wire = self._connected(parts)
            return self._exchange(wire, parts, url)
        except TimeoutError:
            return replace(self._so_far, fault=f"no answer within {self._probe.timeout} s")
        except ssl.SSLCertVerificationError as error:
            return replace(self._so_far, fault=f"the certificate is not trusted: {error.verify_message}")
        except OSError as error:
            if _is_ours(error):
                return NotMade(at=self._so_far.at, why=_words(error))
            return replace(self._so_far, fault=_words(error))
        except (http.client.HTTPException, ValueError) as error:
            return replace(self._so_far, fault=f"the answer is not HTTP: {type(error).__name__}")
        finally:
            if wire is not None:
                wire.close()

    def _lap(self, phase: Phase, since: float) -> float:
        now = time.monotonic()
        self._phases[phase] = self._phases.get(phase, 0) + round((now - since) * 1_000_000)
        return now

    def _left(self) -> float:
        left = self._end - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def _connected(self, parts: SplitResult) -> socket.socket:
        host, began = parts.hostname or "", time.monotonic()
        port = parts.port or (443 if parts.scheme == "https" else 80)
        addresses = resolved(host, port, link_local=self._probe.link_local, within=self._left())
        at = self._lap("dns", began)
        plain = self._dialled(addresses)
        self._so_far = replace(self._so_far, address=str(plain.getpeername()[0]))
        at = self._lap("connect", at)
        if parts.scheme != "https":
            return plain
        plain.settimeout(self._left())
        try:
            secure = self._context.wrap_socket(plain, server_hostname=host)
        except OSError:
            plain.close()
            raise
        self._lap("tls", at)
        self._so_far = replace(self._so_far, tls_ends=_expiry(secure))
        return secure

    def _dialled(self, addresses: list[tuple[socket.AddressFamily, tuple[str, int]]]) -> socket.socket:
        """The first address that takes us, each with its part of the time."""
        last: OSError = TimeoutError()
        for number, (family, address) in enumerate(addresses):
            plain = socket.socket(family, socket.SOCK_STREAM)
            try:
                plain.settimeout(self._left() / (len(addresses) - number))
                plain.connect(address)
            except OSError as error:
                plain.close()
                last = error
            else:
                return plain
        raise last

    def _exchange(self, wire: socket.socket, parts: SplitResult, url: str) -> Attempt | _Elsewhere:
        probe = self._probe
        connection = http.client.HTTPConnection(parts.netloc.rpartition("@")[2])
        connection.sock = _Wire(wire, self._end)
        began = time.monotonic()
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        body = None if probe.body is None else probe.body.encode()
        connection.request(probe.method, path, body, self._headers)
        at = self._lap("send", began)
        answer = connection.getresponse()
        at = self._lap("first_byte", at)
        found = replace(self._so_far, status=answer.status)
        location = answer.getheader("Location")
        if 300 <= answer.status < 400 and location and probe.redirects:
            return _Elsewhere(found, urljoin(url, location))
        content = answer.read(MOST_BODY)
        self._lap("body", at)
        return replace(found, body=content)


class _Elsewhere:
    """An answer that leads to another address."""

    def __init__(self, attempt: Attempt, address: str) -> None:
        self.attempt, self.address = attempt, address


def _may_follow(url: str, target: str) -> str:
    """Why a redirect is not followed; empty where it is."""
    scheme = urlsplit(target).scheme
    if scheme not in ("http", "https"):
        return f"a redirect to {scheme[:20]} is not followed"
    if scheme == "http" and urlsplit(url).scheme == "https":
        return "a redirect from https to http is not followed"
    return ""


def _expiry(secure: ssl.SSLSocket) -> Instant | NoData:
    ends = (secure.getpeercert() or {}).get("notAfter")
    return int(ssl.cert_time_to_seconds(ends)) if isinstance(ends, str) else NO_DATA


def _is_ours(error: OSError) -> bool:
    if isinstance(error, ForbiddenError):
        return True
    if isinstance(error, socket.gaierror):
        # The resolver did not answer; a name that does not exist is the other side's.
        return error.errno == socket.EAI_AGAIN
    return error.errno in OUR_FAULTS


def _words(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return f"the name cannot be resolved: {error.strerror}"
    if isinstance(error, ConnectionRefusedError):
        return "the connection is refused"
    return str(error.strerror or error)
