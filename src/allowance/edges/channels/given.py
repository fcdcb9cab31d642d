"""What the settings say about one channel, with secrets taken from the environment and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from allowance.contract.fields import Fields
from allowance.edges.channels.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """The fields of a channel and the environment. What is wrong is reported in the fields, and absent here."""

    fields: Fields
    environment: Mapping[str, str]

    def text(self, key: str) -> str | None:
        """A text that must be there."""
        return self.fields.text(key) if self.fields.need(key) else None

    def secret(self, key: str, *, required: bool = True) -> Secret | None:
        """The value of the environment variable that a field names."""
        if required and not self.fields.need(key, hint="name the environment variable that holds it"):
            return None
        env = self.fields.text(key)
        if env is None:
            return None
        value = self.environment.get(env, "").strip()
        if not value:
            shown = env if env.replace("_", "").isalnum() and env.upper() == env else "named here"
            self.fields.wrong(
                key,
                f"the environment variable {shown} is not set",
                hint="set it, or correct the name; the secret itself must not stand in this file",
                code="secret",
            )
            return None
        return Secret(env=env, _value=value)

    def url(self, key: str, *, default: str | None = None) -> str | None:
        """An http or https address without a password in it."""
        if default is None and not self.fields.need(key):
            return None
        text = self.fields.text(key)
        if text is None:
            return default
        try:
            url = httpx.URL(text)
        except httpx.InvalidURL:
            url = httpx.URL("")
        if url.scheme not in ("http", "https") or not url.host:
            self.fields.wrong(
                key, f"{key} is not an http address", hint="such as https://alertmanager.example.com"
            )
            return None
        if url.userinfo:
            self.fields.wrong(
                key,
                f"the address of {url.host} holds a password",
                hint="take it out; secrets come from the environment",
                code="secret",
            )
            return None
        return text
