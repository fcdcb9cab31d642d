"""Everything that Apprise reaches: more than a hundred services, each by one address."""

from __future__ import annotations

import logging
import warnings
from dataclasses import dataclass
from functools import cache
from types import ModuleType

from allowance.alerting.alert import Notice
from allowance.alerting.delivery import Later, Outcome, Sent
from allowance.edges.channels.given import Given
from allowance.edges.channels.secret import Secret
from allowance.edges.channels.words import plain_text


@dataclass(frozen=True, slots=True, kw_only=True)
class Apprise:
    """One Apprise address, which holds the credentials and is therefore a secret."""

    name: str
    url: Secret

    def send(self, notice: Notice) -> Outcome:
        """Send it as text. Apprise says only whether it worked, so every failure is tried again."""
        apprise = _library()
        service = apprise.Apprise()
        if not service.add(self.url.reveal()):
            return Later(reason=f"Apprise cannot read the address in {self.url}", after=300)
        kind = {"resolved": apprise.NotifyType.SUCCESS}.get(notice.says) or (
            apprise.NotifyType.FAILURE if notice.severity == "page" else apprise.NotifyType.WARNING
        )
        told = service.notify(
            body=plain_text(notice),
            title=notice.message.title,
            notify_type=kind,
            body_format=apprise.NotifyFormat.TEXT,
        )
        return Sent() if told else Later(reason="Apprise could not deliver it")


def build(name: str, given: Given) -> Apprise | None:
    """`urlEnv`: the Apprise address."""
    apprise = _library()
    url = given.secret("urlEnv")
    if url is None:
        return None
    if not apprise.Apprise().add(url.reveal()):
        given.fields.wrong(
            "urlEnv", f"Apprise cannot read the address in {url}", hint="see the list of services of Apprise"
        )
        return None
    return Apprise(name=name, url=url)


def _library() -> ModuleType:
    """Apprise, quiet: its log lines and those below it hold parts of addresses, whoever set up logging since."""
    library = _imported()
    for name in ("apprise", "urllib3"):
        log = logging.getLogger(name)
        log.handlers = [logging.NullHandler()]
        log.propagate = False
    return library


@cache
def _imported() -> ModuleType:
    """Apprise with its services loaded now, not at the first notice; its import warns of modules of Python."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import apprise

        apprise.Apprise.instantiate("json://localhost")
    return apprise
