"""The URL of an SQL engine, taken apart, with its secrets kept out of everything that is shown."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, quote, unquote, urlsplit

from allowance.contract.source import Sql
from allowance.core.problem import refuse

_SECRET_WORDS = ("pass", "secret", "token")


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where an engine is. `shown` is safe to print; `path` is what follows the host, with its first slash."""

    scheme: str
    host: str
    port: int | None
    path: str
    user: str
    shown: str
    options: Mapping[str, str]
    password: str = field(repr=False)
    written_password: bool = False
    """Whether the password stands in the URL itself."""

    @property
    def database(self) -> str:
        """The path without its slash."""
        return self.path.removeprefix("/")

    def allow(self, names: Collection[str]) -> None:
        """Refuse options that the engine's file does not know. Errors: `Problem` `url`."""
        for name in self.options:
            if name not in names:
                known = f"options: {', '.join(sorted(names))}" if names else "it takes no options"
                raise refuse("url", f"{self.shown} has the unknown option {name!r}", hint=known)

    def scrub(self, text: str) -> str:
        """A text without the password, however it is written in it."""
        for secret in (self.password, quote(self.password, safe="")) if self.password else ():
            text = text.replace(secret, "***")
        return text


def parse_address(source: Sql) -> Address:
    """The address of a source, with the password from the environment. Errors: `Problem` `url`, `secret`."""
    try:
        parts = urlsplit(source.url.strip())
        port = parts.port
        options = dict(parse_qsl(parts.query, keep_blank_values=True))
    except ValueError:
        # The text of such an error may hold the password.
        raise refuse("url", "the URL of an SQL source cannot be read", hint=_SHAPE) from None
    if not parts.scheme:
        raise refuse("url", "the URL of an SQL source names no engine", hint=_SHAPE)
    if ";" in parts.path:
        raise refuse("url", "the path of an SQL source's URL holds a ;", hint="write options as ?name=value")
    for name in options:
        if any(word in name.lower() for word in _SECRET_WORDS):
            raise refuse("secret", f"the option {name!r} would hold a secret", hint="use password_env")
    written = unquote(parts.password or "")
    return Address(
        scheme=parts.scheme.lower(),
        host=parts.hostname or "",
        port=port,
        path=unquote(parts.path),
        user=unquote(parts.username or ""),
        shown=_shown(parts.scheme.lower(), parts.hostname or "", port, unquote(parts.path)),
        options=options,
        password=_from_environment(source.password_env) if source.password_env else written,
        written_password=bool(written),
    )


_SHAPE = "write it as postgresql://user@host:5432/database, and the password into password_env"


def _shown(scheme: str, host: str, port: int | None, path: str) -> str:
    return f"{scheme}://{host}{f':{port}' if port else ''}{path}"


def _from_environment(name: str) -> str:
    value = os.environ.get(name)
    if not value:
        raise refuse(
            "secret",
            f"the environment variable {name} is not set",
            hint="set it to the password, or correct password_env",
        )
    return value
