"""What can be wrong with a service of the shop, told to it while it runs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace

from allowance.core.problem import refuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """`errors` is the share of requests that fail, `delay_ms` what is added to each; both only for `tenant` and in
    `region`, if given.

    `dead`: nothing is answered. `silent`: it works, and says nothing to the collector. `retries`: how often a failed
    call to another service is tried again, at once. `version`: what it calls itself.
    """

    errors: float = 0.0
    delay_ms: int = 0
    tenant: str = ""
    region: str = ""
    dead: bool = False
    silent: bool = False
    retries: int = 0
    version: str = "1.0.0"

    def concerns(self, tenant: str, region: str) -> bool:
        """Whether errors and delay are for the requests of a tenant in a region."""
        return self.tenant in ("", tenant) and self.region in ("", region)


_TYPES: dict[str, type | tuple[type, ...]] = {
    "errors": (int, float),
    "delay_ms": int,
    "tenant": str,
    "region": str,
    "dead": bool,
    "silent": bool,
    "retries": int,
    "version": str,
}


def changed(faults: Faults, body: bytes) -> Faults:
    """The faults after a JSON object of changes. Errors: `Problem` `fault`."""
    try:
        given = json.loads(body)
    except ValueError:
        given = None
    if not isinstance(given, Mapping):
        raise refuse("fault", "the body is not a JSON object", hint='write {"errors": 0.3}')
    known = {one.name for one in fields(Faults)}
    for name, value in given.items():
        if name not in known:
            raise refuse("fault", f"there is no fault {name!r}", hint=f"faults: {', '.join(sorted(known))}")
        if not isinstance(value, _TYPES[name]) or (isinstance(value, bool) and _TYPES[name] is not bool):
            raise refuse("fault", f"{name} cannot be {value!r}", hint=f"such as {asdict(Faults())[name]!r}")
    return replace(faults, **given)
