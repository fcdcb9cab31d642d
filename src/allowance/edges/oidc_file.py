"""The file of the sign-in by OpenID Connect: the provider, and which of its groups has which role."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from allowance.contract.fields import Fields
from allowance.contract.nodes import MapNode, load_documents
from allowance.contract.notes import Notes
from allowance.core.problem import ProblemError, Where, errors, refuse
from allowance.edges.channels.given import Given
from allowance.edges.channels.secret import Secret
from allowance.governance.roles import ROLE_NAMES, Role


@dataclass(frozen=True, slots=True, kw_only=True)
class OidcSettings:
    """What the file says.

    `name_claim` says who somebody is, `role_claim` holds their groups; of `roles` (group -> role) the first that they
    have counts, else `default_role`, and who has neither is not let in.
    """

    issuer: str
    client_id: str
    client_secret: Secret | None = None
    name_claim: str = "email"
    role_claim: str = "groups"
    roles: Mapping[str, Role] = field(default_factory=dict)
    default_role: Role | None = None
    scopes: tuple[str, ...] = ("openid", "profile", "email")


def read_oidc(path: Path, environment: Mapping[str, str] | None = None) -> OidcSettings:
    """Read the file; the client's secret comes from an environment variable or a file that it names.

    Errors: `ProblemError` with every error of the file and its place, none with a secret in it.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise refuse(
            "file", f"{path} cannot be read: {error.strerror}", where=Where(file=str(path))
        ) from None
    documents = load_documents(data, file=str(path))
    if len(documents) != 1 or not isinstance(documents[0], MapNode):
        raise refuse(
            "shape",
            "this file must be one map",
            hint="it holds issuer, client_id, roles",
            where=Where(file=str(path)),
        )
    notes = Notes()
    fields = Fields(documents[0], "", notes, strict=True)
    found = _settings(fields, path.parent, os.environ if environment is None else environment)
    fields.finish()
    wrong = errors(notes.problems)
    if wrong or found is None:
        raise ProblemError(*wrong)
    return found


def _settings(fields: Fields, folder: Path, environment: Mapping[str, str]) -> OidcSettings | None:
    given = Given(fields=fields, environment=environment)
    issuer, client = given.url("issuer"), given.text("client_id")
    if issuer is not None and not issuer.startswith("https://") and not _is_local(issuer):
        fields.wrong(
            "issuer", "the issuer is not https", hint="whoever stands between could sign in as anybody"
        )
    default = fields.word("default_role", ROLE_NAMES)
    roles = _roles(fields)
    if not roles and default is None:
        fields.missing("roles", hint="roles: {name of a group: role}, or default_role; else nobody is let in")
    secret = _secret(given, folder)
    if issuer is None or client is None:
        return None
    return OidcSettings(
        issuer=issuer,
        client_id=client,
        client_secret=secret,
        name_claim=fields.text("name_claim") or "email",
        role_claim=fields.text("role_claim") or "groups",
        roles=roles,
        default_role=default,
        scopes=tuple(dict.fromkeys(("openid", *(fields.texts("scopes") or ("profile", "email"))))),
    )


def _roles(fields: Fields) -> dict[str, Role]:
    inside = fields.fields("roles")
    if inside is None:
        return {}
    found = {}
    for group in inside.node.items:
        role = inside.word(group, ROLE_NAMES)
        if role is not None:
            found[group] = role
    return found


def _secret(given: Given, folder: Path) -> Secret | None:
    if given.fields.has("client_secret_env"):
        return given.secret("client_secret_env")
    name = given.fields.text("client_secret_file")
    if name is None:
        return None
    try:
        value = (folder / name).read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:
        given.fields.wrong("client_secret_file", f"the file cannot be read: {type(error).__name__}")
        return None
    return Secret(env="client_secret_file", _value=value)


def _is_local(url: str) -> bool:
    return url.startswith(("http://127.0.0.1", "http://localhost", "http://[::1]"))
