"""The quick way to the gate of a running server: a pipeline waits for it, so it imports next to nothing.

It understands what it needs and leaves everything else (help, wrong use, `--contract`) to the ordinary command.
"""

from __future__ import annotations

import json
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

SERVER = "http://127.0.0.1:8787"
CODES = {"go": 0, "stop": 1, "hold": 3}
WRONG = 2
EVERY = 5.0
"""Seconds between two looks while waiting."""

TIMEOUT = 30.0
MOST_ANSWER = 4 << 20

TEXTS = {
    "--change": "change",
    "--version": "version",
    "--commit": "commit",
    "--env": "env",
    "--change-id": "change_id",
    "--timeout": "timeout",
    "--server": "server",
    "--token-file": "token_file",
    "--key": "key",
}
SWITCHES = {"--wait": "wait", "--json": "json", "--shadow": "shadow"}
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Wanted:
    """What the gate is asked, and how: every option as text, switches as truth; `timeout` in seconds."""

    __slots__ = (
        "change", "change_id", "commit", "env", "json", "key", "server", "service", "shadow", "timeout",
        "token_file", "version", "wait",
    )  # fmt: skip

    def __init__(self, service: str, options: dict[str, Any]) -> None:
        self.service: str = service
        self.change: str = options.get("change", "feature")
        self.version: str = options.get("version", "")
        self.commit: str = options.get("commit", "")
        self.env: str = options.get("env", "production")
        self.change_id: str = options.get("change_id", "")
        self.key: str = options.get("key", "")
        self.server: str = options.get("server") or os.environ.get("ALLOWANCE_SERVER") or SERVER
        self.token_file: str = options.get("token_file", "")
        self.timeout: int = options.get("timeout", 1800)
        self.wait: bool = options.get("wait", False)
        self.json: bool = options.get("json", False)
        self.shadow: bool = options.get("shadow", False)


class Trouble(Exception):
    """No verdict could be had: code, message, hint."""


def fast(arguments: Sequence[str]) -> int | None:
    """Run `allowance gate` with these arguments (the word `gate` left out), or nothing where the ordinary way must."""
    wanted = parsed(arguments)
    return None if wanted is None else run(wanted)


def parsed(arguments: Sequence[str]) -> Wanted | None:
    """The options, or nothing where there is anything that is not plainly understood."""
    names: list[str] = []
    options: dict[str, Any] = {}
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if word in SWITCHES:
            options[SWITCHES[word]] = True
        elif name in TEXTS:
            if not equals:
                if not rest or rest[0].startswith("-"):
                    return None
                value = rest.pop(0)
            options[TEXTS[name]] = value
        elif word.startswith("-"):
            return None
        else:
            names.append(word)
    if len(names) != 1 or not names[0]:
        return None
    if "timeout" in options:
        seconds = _seconds(options["timeout"])
        if seconds is None:
            return None
        options["timeout"] = seconds
    return Wanted(names[0], options)


def run(wanted: Wanted) -> int:
    """Ask, print, and say the exit code: 0 go, 1 stop, 3 hold, 2 where no verdict could be had."""
    try:
        found = _waited(wanted) if wanted.wait else asked(wanted, record=True)
    except Trouble as trouble:
        code, message, hint = trouble.args
        sys.stderr.write(f"error: {message} [{code}]\n" + (f"  hint: {hint}\n" if hint else ""))
        return WRONG
    except KeyboardInterrupt:
        sys.stderr.write("stopped\n")
        return 130
    say(found, as_json=wanted.json, server=wanted.server)
    return CODES[found["verdict"]]


def say(found: dict[str, Any], *, as_json: bool, server: str = "") -> None:
    """Print a verdict, with links to the pages of a server."""
    if as_json:
        text = json.dumps(found, ensure_ascii=False, indent=2) + "\n"
    else:
        from allowance.reports.verdict_text import verdict_text

        text = verdict_text(found, server)
    encoding = sys.stdout.encoding or "utf-8"
    sys.stdout.write(text.encode(encoding, "replace").decode(encoding))
    sys.stdout.flush()


def _waited(wanted: Wanted) -> dict[str, Any]:
    """Look until the answer is go or the time is over; only the last verdict is recorded."""
    end, told = time.monotonic() + wanted.timeout, ""
    while True:
        found = asked(wanted, record=False)
        left = end - time.monotonic()
        if found["verdict"] == "go" or left <= 0:
            final = asked(wanted, record=True)
            if final["verdict"] == "go" or left <= 0 or wanted.key:
                return final
            found = final
        if found["sentence"] != told:
            told = found["sentence"]
            sys.stderr.write(f"waiting, at most {max(0, round(left))} s more: {told}\n")
            sys.stderr.flush()
        time.sleep(max(0.05, min(EVERY, left)))


def asked(wanted: Wanted, *, record: bool) -> dict[str, Any]:
    """One answer of the server: recorded where there is a token, else (on the server's own machine) only read."""
    token = _token(wanted)
    if record and token:
        body = {
            "service": wanted.service,
            "change": wanted.change,
            "version": wanted.version,
            "commit": wanted.commit,
            "environment": wanted.env,
            "change_id": wanted.change_id,
            "shadow": wanted.shadow,
            "key": wanted.key,
        }
        return _answer(wanted, "POST", "/v1/decisions", token, json.dumps(body).encode())
    given = {
        "change": wanted.change,
        "env": wanted.env,
        "version": wanted.version,
        "commit": wanted.commit,
        "change_id": wanted.change_id,
        "shadow": "true" if wanted.shadow else "",
    }
    query = "&".join(f"{name}={_quoted(value)}" for name, value in given.items() if value)
    found = _answer(wanted, "GET", f"/v1/gates/{_quoted(wanted.service)}?{query}", token, b"")
    if record:
        sys.stderr.write("not recorded: there is no token in ALLOWANCE_TOKEN or --token-file\n")
    return found


def _answer(wanted: Wanted, method: str, path: str, token: str, body: bytes) -> dict[str, Any]:
    try:
        status, content = _request(wanted.server, method, path, token, body)
        found = json.loads(content)
    except (OSError, ValueError) as error:
        raise Trouble(
            "gate",
            f"{wanted.server} gives no verdict: {str(error) or type(error).__name__}",
            "is `allowance serve` running there? name it by --server or ALLOWANCE_SERVER",
        ) from None
    if status in (200, 201) and isinstance(found, dict) and found.get("verdict") in CODES:
        return found
    known = found if isinstance(found, dict) else {}
    raise Trouble(
        known.get("code", "gate"),
        known.get("message", f"{wanted.server} answered {status}, which is no verdict"),
        known.get("hint", "is this the address of Allowance?"),
    )


def _request(server: str, method: str, path: str, token: str, body: bytes) -> tuple[int, bytes]:
    """One request; https takes the library's way, plain http a socket of its own, because that import is half of
    the time that everything takes.

    Errors: `OSError`, `ValueError`.
    """
    scheme, mark, rest = server.partition("://")
    host, _, prefix = rest.partition("/")
    path = f"/{prefix.strip('/')}{path}" if prefix.strip("/") else path
    if not mark or scheme not in ("http", "https") or not host or "@" in host:
        raise ValueError("this is not an address such as http://127.0.0.1:8787")
    headers = {"Content-Type": "application/json", "Accept": "application/json", "Connection": "close"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if scheme == "https":
        return _by_library(host, method, path, headers, body)
    return _by_socket(host, method, path, headers, body)


def _by_library(host: str, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    from http.client import HTTPException, HTTPSConnection

    connection = HTTPSConnection(host, timeout=TIMEOUT)
    try:
        connection.request(method, path, body or None, headers)
        answer = connection.getresponse()
        return answer.status, answer.read(MOST_ANSWER)
    except HTTPException as error:
        raise ValueError(str(error) or type(error).__name__) from None
    finally:
        connection.close()


def _by_socket(host: str, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, bytes]:
    import socket

    name, port = _place(host)
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Content-Length: {len(body)}"]
    lines += [f"{key}: {value}" for key, value in headers.items()]
    if any("\r" in line or "\n" in line for line in lines):
        raise ValueError("a line break in the address or the token")
    with socket.create_connection((name, port), TIMEOUT) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        received = bytearray()
        while part := connection.recv(65536):
            received += part
            if len(received) > MOST_ANSWER:
                raise ValueError("the answer is too long")
    head, gap, content = bytes(received).partition(b"\r\n\r\n")
    words = head.split(b"\r\n")[0].split()
    if not gap or len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():
        raise ValueError("the answer is not HTTP")
    if b"transfer-encoding: chunked" in head.lower():
        content = _unchunked(content)
    return int(words[1]), content


def _unchunked(content: bytes) -> bytes:
    found = b""
    while content:
        size, _, content = content.partition(b"\r\n")
        length = int(size.partition(b";")[0], 16)
        if not length:
            break
        found, content = found + content[:length], content[length + 2 :]
    return found


def _place(host: str) -> tuple[str, int]:
    if host.startswith("["):
        name, _, rest = host[1:].partition("]")
        return name, int(rest.lstrip(":") or 80)
    name, _, port = host.partition(":")
    return name, int(port or 80)


def _token(wanted: Wanted) -> str:
    if wanted.token_file:
        try:
            with open(wanted.token_file, encoding="utf-8") as file:
                return file.read(4096).strip()
        except (OSError, ValueError) as error:
            raise Trouble("token", f"the token cannot be read: {error}", "see --token-file") from None
    return os.environ.get("ALLOWANCE_TOKEN", "").strip()


def _quoted(text: str) -> str:
    """Percent-encoding for a part of an address."""
    plain = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~"
    return "".join(chr(byte) if byte in plain else f"%{byte:02X}" for byte in text.encode())


def _seconds(text: str) -> int | None:
    """`90s`, `30m`, `2h` in seconds; longer forms are for the ordinary way."""
    if text[:-1].isascii() and text[:-1].isdigit() and text[-1:] in UNITS:
        return int(text[:-1]) * UNITS[text[-1]]
    return None
