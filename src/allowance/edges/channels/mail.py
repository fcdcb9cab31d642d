"""E-mail, by SMTP."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import format_datetime
from hashlib import sha256
from typing import Literal

from allowance.alerting.alert import Notice
from allowance.alerting.delivery import Later, Outcome, Refused, Sent, incident
from allowance.core.problem import refuse
from allowance.core.time import in_zone, parse_zone
from allowance.edges.channels.given import Given
from allowance.edges.channels.secret import Secret
from allowance.edges.channels.words import plain_text

Security = Literal["starttls", "tls", "none"]
SECURITY: tuple[Security, ...] = ("starttls", "tls", "none")
PORTS: dict[Security, int] = {"starttls": 587, "tls": 465, "none": 25}
PATIENCE = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """A mail server and who is written to. All mails of one alert are one thread.

    The `Message-ID` is made from the notice's key: a mail that is sent again is the same mail.
    """

    name: str
    host: str
    port: int
    sender: str
    to: tuple[str, ...]
    security: Security = "starttls"
    user: str | None = None
    password: Secret | None = None

    def send(self, notice: Notice) -> Outcome:
        """Send one plain-text mail; it is sent where the server takes it for at least one of the addresses."""
        try:
            self._hand_over(self.mail(notice))
        except smtplib.SMTPRecipientsRefused as error:
            codes = sorted({code for code, _ in error.recipients.values()})
            said = f"the mail server refused every address with {', '.join(map(str, codes))}"
            return Later(reason=said) if any(code < 500 for code in codes) else Refused(reason=said)
        except smtplib.SMTPAuthenticationError as error:
            return Later(reason=f"the mail server refused the login with {error.smtp_code}", after=300)
        except smtplib.SMTPResponseException as error:
            said = f"the mail server answered {error.smtp_code}"
            return Refused(reason=said) if 550 <= error.smtp_code < 560 else Later(reason=said)
        except (smtplib.SMTPException, OSError) as error:
            return Later(reason=f"the mail server {self.host} cannot be used: {type(error).__name__}")
        return Sent()

    def mail(self, notice: Notice) -> EmailMessage:
        """The mail itself."""
        thread = f"<{_digest(incident(notice))}@allowance.invalid>"
        mail = EmailMessage()
        mail["Subject"] = " ".join(f"[{notice.severity}] {notice.message.title}".split())
        mail["From"] = self.sender
        mail["To"] = ", ".join(self.to)
        mail["Date"] = format_datetime(in_zone(notice.at, parse_zone("UTC")))
        mail["Message-ID"] = f"<{_digest(notice.key)}@allowance.invalid>"
        mail["In-Reply-To"] = thread
        mail["References"] = thread
        mail["Auto-Submitted"] = "auto-generated"
        mail.set_content(plain_text(notice))
        return mail

    def _hand_over(self, mail: EmailMessage) -> None:
        """Once the server has taken the mail, a clumsy farewell is no reason to send it again."""
        server = self._connected()
        try:
            server.send_message(mail)
            with contextlib.suppress(smtplib.SMTPException, OSError):
                server.quit()
        finally:
            server.close()

    def _connected(self) -> smtplib.SMTP:
        """Encrypted and signed in; without encryption no password is sent."""
        context = ssl.create_default_context()
        if self.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=PATIENCE, context=context)
        else:
            server = smtplib.SMTP(self.host, self.port, timeout=PATIENCE)
        try:
            if self.security == "starttls":
                server.starttls(context=context)
            if self.password is not None:
                server.login(self.user or self.sender, self.password.reveal())
        except BaseException:
            server.close()
            raise
        return server


def build(name: str, given: Given) -> Mail | None:
    """`host`, `from`, `to`, `port`, `security` (starttls, tls, none), `user` and `passwordEnv`."""
    fields = given.fields
    host, sender = given.text("host"), fields.parsed("from", _address) if fields.need("from") else None
    to = fields.texts("to") if fields.need("to") else ()
    for address in to:
        if "@" not in address or any(sign in address for sign in "\r\n,"):
            fields.wrong("to", f"{address[:60]!r} is not a mail address", hint="such as oncall@example.com")
            return None
    security = fields.word("security", SECURITY) or "starttls"
    port = fields.number("port")
    user, password = fields.text("user"), given.secret("passwordEnv", required=False)
    if password is not None and security == "none":
        fields.wrong("security", "a password would be sent in clear", hint="use starttls or tls")
        return None
    if not (host and sender and to):
        return None
    number = int(port) if port is not None and port > 0 else PORTS[security]
    return Mail(
        name=name,
        host=host,
        port=number,
        sender=sender,
        to=to,
        security=security,
        user=user,
        password=password,
    )


def _address(text: str) -> str:
    if "@" in text and not any(sign in text for sign in "\r\n,"):
        return text
    raise refuse("value", f"{text[:60]!r} is not a mail address", hint="such as slo@example.com")


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:32]
