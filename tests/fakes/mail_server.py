"""A mail server of a few lines: it takes mails, or answers a command with what a test says.

It says goodbye with the wrong number, as some do.
"""

from __future__ import annotations

import contextlib
import socketserver
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path


@dataclass(slots=True)
class MailServer:
    """A running server: `says` overrides the answer to a command such as `RCPT`."""

    says: Mapping[str, str]
    port: int = 0
    got: list[EmailMessage] = field(default_factory=list)
    heard: list[str] = field(default_factory=list)


@contextlib.contextmanager
def mail_server(
    says: Mapping[str, str] | None = None, *, certificate: Path | None = None
) -> Iterator[MailServer]:
    """A server on the loopback that lives as long as the block; with a certificate (and key) it offers STARTTLS."""
    offers = {
        "EHLO": "250-mail\r\n250-STARTTLS\r\n250 AUTH PLAIN",
        "STAR": "220 go on",
        "AUTH": "235 welcome",
    }
    mails = MailServer(says=(offers if certificate else {}) | dict(says or {}))

    class Door(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 mail.example.com\r\n")
            while line := self.rfile.readline():
                mails.heard.append(line.decode().strip())
                word = line[:4].decode().upper().strip()
                if word == "DATA" and "DATA" not in mails.says:
                    self.wfile.write(b"354 go on\r\n")
                    body = b""
                    while (part := self.rfile.readline()) not in (b".\r\n", b""):
                        body += part.removeprefix(b".") if part.startswith(b"..") else part
                    mail = message_from_bytes(body, policy=policy.default)
                    assert isinstance(mail, EmailMessage)
                    mails.got.append(mail)
                self.wfile.write(f"{mails.says.get(word, '250 fine')}\r\n".encode())
                if word == "STAR" and certificate is not None:
                    self.encrypt(certificate)
                if word == "QUIT":
                    return

        def encrypt(self, certificate: Path) -> None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.connection = context.wrap_socket(self.connection, server_side=True)
            self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)

        def finish(self) -> None:
            super().finish()
            self.connection.close()

    class Server(socketserver.ThreadingTCPServer):
        allow_reuse_address = True
        daemon_threads = True

    with Server(("127.0.0.1", 0), Door) as server:
        mails.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield mails
        finally:
            server.shutdown()
