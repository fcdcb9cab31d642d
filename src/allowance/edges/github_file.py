"""The file that says how GitHub is spoken with: whose webhooks are believed, and who answers them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from allowance.contract.budget_policy import CHANGE_CLASSES, ChangeClass
from allowance.contract.fields import Fields
from allowance.contract.nodes import MapNode, ScalarNode, load_documents
from allowance.contract.notes import Notes
from allowance.core.problem import ProblemError, Where, errors, refuse
from allowance.edges.channels.given import Given
from allowance.edges.channels.secret import Secret

API = "https://api.github.com"
STOPS: tuple[Literal["hold", "reject"], ...] = ("hold", "reject")


@dataclass(frozen=True, slots=True, kw_only=True)
class GithubSettings:
    """`services` maps repositories (`owner/name`) to services. `secret` signs webhooks.

    Answers are sent as a GitHub App (`app` is its id, `key` its private key as PEM), or with a `token`. `stop` says
    whether a deployment that the gate stops waits until it may go (`hold`), or fails at once (`reject`).
    """

    services: Mapping[str, str]
    secret: Secret
    api: str = API
    app: str = ""
    key: str = field(default="", repr=False)
    token: Secret | None = None
    change: ChangeClass = "feature"
    stop: Literal["hold", "reject"] = "hold"


def read_github(path: Path, environment: Mapping[str, str] | None = None) -> GithubSettings:
    """Read the file; secrets come from the environment variables and the key file that it names.

    Errors: `ProblemError` with every error of the file, none with a secret in it.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise refuse(
            "file", f"{path} cannot be read: {error.strerror}", hint="give the path of your github.yaml"
        ) from None
    documents = load_documents(data, file=str(path))
    if len(documents) != 1 or not isinstance(documents[0], MapNode):
        raise refuse(
            "shape",
            "this file must be one map",
            hint="its parts are repositories, secret, app, key, token, api, change, stop",
            where=documents[0].where if documents else Where(file=str(path)),
        )
    notes = Notes()
    fields = Fields(documents[0], "", notes, strict=True)
    found = _settings(fields, path, os.environ if environment is None else environment)
    fields.finish()
    if failed := errors(notes.problems):
        raise ProblemError(*failed)
    assert found is not None
    return found


def _settings(fields: Fields, path: Path, environment: Mapping[str, str]) -> GithubSettings | None:
    given = Given(fields=fields, environment=environment)
    secret = given.secret("secret")
    token = given.secret("token", required=False)
    app, key = fields.raw("app") or "", _key(fields, path)
    if token is None and not app and not fields.has("token"):
        fields.missing("app", hint="the id of your GitHub App with its key, or a token")
    if bool(app) != fields.has("key"):
        fields.missing("key" if app else "app", hint="an app answers with its id and its private key")
    services = _services(fields)
    api = given.url("api", default=API)
    change: ChangeClass | None = fields.word("change", CHANGE_CLASSES)
    stop = fields.word("stop", STOPS)
    if secret is None or api is None:
        return None
    return GithubSettings(
        services=services,
        secret=secret,
        api=api.rstrip("/"),
        app=app,
        key=key,
        token=token,
        change=change or "feature",
        stop=stop or "hold",
    )


def _services(fields: Fields) -> dict[str, str]:
    if not fields.need("repositories", hint="such as {octo/shop: checkout}"):
        return {}
    inside = fields.fields("repositories")
    if inside is None:
        return {}
    found = {}
    for name, node in inside.node.items.items():
        inside.has(name)
        if isinstance(node, ScalarNode) and node.text and name.count("/") == 1:
            found[name] = node.text
        else:
            inside.wrong(name, f"{name} does not lead to a service", hint="write owner/name: service")
    return found


def _key(fields: Fields, path: Path) -> str:
    """The text of the key file; its name is taken from where this file lies."""
    name = fields.text("key")
    if name is None:
        return ""
    try:
        return (path.parent / name).read_text()
    except (OSError, ValueError) as error:
        fields.wrong("key", f"the key file cannot be read: {type(error).__name__}", hint="a PEM file")
        return ""
