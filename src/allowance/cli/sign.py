"""`allowance sign`: one party's yes to one exact version of a policy."""

from __future__ import annotations

from typing import Annotated

from cyclopts import Parameter

from allowance.cli.history_options import Switch
from allowance.cli.main import GO
from allowance.cli.server import HERE_AND_NOW, Remote
from allowance.contract.budget_policy import Role
from allowance.core.problem import refuse


def sign(
    policy: str,
    *paths: str,
    role: Role | None = None,
    by: str | None = None,
    version: Annotated[str | None, Parameter(name="--hash")] = None,
    write: Switch = False,
    json: Annotated[Switch, Parameter(name="--json")] = False,
    remote: Remote = HERE_AND_NOW,
) -> int:
    """Sign a policy. It is in force when Product, Engineering and Business signed this exact version.

    With files the signature goes into the document: it is printed, or put there with --write. Without files a running
    server is asked: the signature goes into its ledger, under the name and the party of the token.

    Example: allowance sign shop-budget policy.yaml --role product --by "Pat Lee"

    Parameters
    ----------
    policy
        The name of the policy.
    paths
        The file that holds it.
    role
        With a file: the party that you speak for.
    by
        With a file: your name.
    version
        The hash of the version that you have read, as `allowance policy show` prints it; another one is refused.
    write
        Put the signature into the file.
    json
        The answer as JSON.
    """
    if paths:
        if role is None or not by or len(paths) != 1:
            raise refuse(
                "usage",
                "signing in a document takes one file, --role and --by",
                hint="see allowance sign --help",
            )
        return _in_document(policy, paths[0], role, by, version, write=write, json=json)
    if role is not None or by is not None or write:
        raise refuse(
            "usage",
            "a server knows by the token who signs, and for which party",
            hint="name the policy's file, or leave out --role, --by and --write",
        )
    return _on_server(policy, version, remote, json=json)


def _on_server(policy: str, version: str | None, remote: Remote, *, json: bool) -> int:
    from allowance.cli.server import get, path_of, post
    from allowance.cli.terminal import print_json

    read = version or get(remote, path_of("v1/policies", policy))["hash"]
    found = post(remote, path_of("v1/policies", policy, "signatures"), {"hash": read})
    if json:
        print_json(found)
        return GO
    print(
        f"{found['by']} signed {policy} for {found['role']}: version {found['hash'][:12]}, entry {found['entry']}."
    )
    if found["in_force"]:
        print("It is in force: all three parties have signed this version.")
    else:
        missing = get(remote, path_of("v1/policies", policy))["missing"]
        print(f"Still missing: {', '.join(missing)}. Until then it advises.")
    return GO


def _in_document(
    name: str, path: str, role: Role, by: str, version: str | None, *, write: bool, json: bool
) -> int:
    from zoneinfo import ZoneInfo

    from allowance.cli.terminal import print_json
    from allowance.contract.budget_policy import Signature
    from allowance.contract.read import read
    from allowance.contract.sign_text import signature_line, signed_text
    from allowance.contract.signing import missing_roles, policy_hash
    from allowance.core.time import in_zone
    from allowance.edges import clock
    from allowance.edges.documents import read_paths, write_new

    files = read_paths([path]).files
    found = read(files).trusted().budget_policy(name)
    if found is None:
        raise refuse("policy", f"{path} holds no policy {name!r}", hint="allowance check shows what it holds")
    digest = policy_hash(found)
    if version is not None and version != digest:
        raise refuse(
            "version",
            f"{name} has the hash {digest[:12]} now, not {version[:12]!r}",
            hint="read it again: who signs agrees to exactly what stands there",
        )
    others = [one for one in found.signatures if one.hash == digest]
    if any(one.role == role for one in others):
        raise refuse("signed", f"{role} has signed this version already", hint="one name per party is enough")
    if any(one.by == by for one in others):
        raise refuse(
            "person", f"{by} signed for another party", hint="three people agree, not one three times"
        )
    today = in_zone(clock.now(), ZoneInfo("UTC")).date()
    signature = Signature(role=role, by=by, on=today, hash=digest)
    missing = [one for one in missing_roles(found) if one != role]
    if write:
        text = signed_text(dict(files)[files[0][0]].decode("utf-8"), found, signature)
        after = read([(path, text.encode())]).trusted().budget_policy(name)
        if after is None or signature not in after.signatures or policy_hash(after) != digest:
            raise refuse(
                "write", f"the signature cannot be put into {path}", hint="add the printed line by hand"
            )
        write_new(path, text, force=True)
    if json:
        print_json({"role": role, "by": by, "on": today.isoformat(), "hash": digest, "missing": missing})
        return GO
    if write:
        print(f"{by} signed {name} for {role} in {path}.")
    else:
        print(f"Put this under spec.signatures of {name} in {path}, or say --write:")
        print(f"  {signature_line(signature)}")
    print(
        f"Still missing: {', '.join(missing)}." if missing else "All three parties have signed this version."
    )
    return GO
