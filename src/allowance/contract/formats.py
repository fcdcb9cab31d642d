"""Which format a document is in, told by its apiVersion, kind or version, and what to say where it is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from allowance.contract import openslo, pyrra, slo_generator, sloth
from allowance.contract.alert_document import read_alert_policy
from allowance.contract.envelope import Envelope, open_envelope
from allowance.contract.fields import Fields, suggestion
from allowance.contract.nodes import ListNode, MapNode, Node, ScalarNode
from allowance.contract.notes import Notes
from allowance.contract.openslo_v1alpha import read_v1alpha
from allowance.contract.policy_document import read_budget_policy
from allowance.contract.policy_test_document import read_policy_test
from allowance.contract.service_document import read_journey, read_service
from allowance.contract.source_document import read_data_source
from allowance.contract.written import Written

API_VERSION = "allowance/v1"
V1ALPHA = "openslo/v1alpha"

OWN: dict[str, Callable[[Envelope, Notes], Written]] = {
    "Service": read_service,
    "Journey": read_journey,
    "AlertPolicy": read_alert_policy,
    "ErrorBudgetPolicy": read_budget_policy,
    "PolicyTest": read_policy_test,
    "DataSource": read_data_source,
}

KINDS: dict[str, tuple[str, ...]] = {
    API_VERSION: tuple(OWN),
    **dict.fromkeys(openslo.DIALECTS, openslo.KINDS),
    V1ALPHA: ("SLO", "Service"),
    sloth.API_VERSION: (sloth.KIND,),
    pyrra.API_VERSION: (pyrra.KIND,),
    slo_generator.API_VERSION: (slo_generator.KIND,),
}
"""The kinds of every apiVersion that is read."""

READERS = {
    sloth.API_VERSION: sloth.read_sloth_resource,
    pyrra.API_VERSION: pyrra.read_pyrra,
    slo_generator.API_VERSION: slo_generator.read_slo_generator,
}
"""Other tools whose documents have an apiVersion and stand alone."""

FORMATS = (
    f"{API_VERSION} documents, OpenSLO (openslo/v1, openslo/v1alpha, openslo.com/v2alpha), "
    f"Sloth ({sloth.VERSION}, {sloth.API_VERSION}), Pyrra ({pyrra.API_VERSION}) and "
    f"slo-generator ({slo_generator.API_VERSION})"
)

Found = Written | openslo.Opened | None


def read_document(node: Node, notes: Notes, *, path: str = "") -> Found:
    """One document of any format; an OpenSLO object comes back open, because it is read with its neighbours."""
    if not isinstance(node, MapNode):
        _unknown(node, notes, path)
        return None
    if "apiVersion" in node.items:
        return _by_api_version(Fields(node, path, notes, strict=False), node, notes, path)
    if "version" in node.items and ("service" in node.items or "slos" in node.items):
        fields = Fields(node, path, notes, strict=False)
        if fields.word("version", (sloth.VERSION,)) is None:
            return None
        return sloth.read_sloth(node, notes, path=path)
    if {"slo_name", "service_name", "backend"} <= node.items.keys():
        notes.error(
            "version",
            "this is the first form of slo-generator's files, which is not read",
            where=replace(node.where, path=path or None),
            hint=f"turn it into {slo_generator.API_VERSION} with slo-generator migrate",
        )
        return None
    if "kind" in node.items and "spec" in node.items:
        Fields(node, path, notes, strict=False).missing("apiVersion", hint=f"one of {', '.join(KINDS)}")
        return None
    _unknown(node, notes, path)
    return None


def _by_api_version(top: Fields, node: MapNode, notes: Notes, path: str) -> Found:
    version = top.text("apiVersion")
    if version is None:
        return None
    if version not in KINDS:
        _unknown_version(top, version)
        return None
    if not top.need("kind", hint=f"one of {', '.join(KINDS[version])}"):
        return None
    kind = top.text("kind")
    if kind is not None and kind not in KINDS[version]:
        top.unknown_word("kind", kind, KINDS[version], code="kind")
        return None
    return None if kind is None else _known(node, version, kind, notes, path)


def _known(node: MapNode, version: str, kind: str, notes: Notes, path: str) -> Found:
    if version == API_VERSION:
        own = open_envelope(node, kind, notes, strict=True, path=path)
        return OWN[kind](own, notes) if own is not None else None
    if version in openslo.DIALECTS:
        return openslo.open_object(node, kind, version, notes, path=path)
    if version == V1ALPHA:
        envelope = open_envelope(node, kind, notes, strict=False, path=path)
        return read_v1alpha(envelope) if envelope is not None else None
    return READERS[version](node, notes, path=path)


def _unknown_version(top: Fields, version: str) -> None:
    group = version.partition("/")[0]
    family = [
        known for known in KINDS if known.partition("/")[0].removesuffix(".com") == group.removesuffix(".com")
    ]
    if family:
        hint = f"versions that are read: {', '.join(family)}"
    else:
        near = suggestion(version, KINDS)
        hint = f"did you mean {near}?" if near else f"what is read: {FORMATS}"
    top.wrong("apiVersion", f"apiVersion {version[:60]!r} is not read", hint=hint, code="version")


def _unknown(node: Node, notes: Notes, path: str) -> None:
    what = "a document" if isinstance(node, MapNode) else "text" if isinstance(node, ScalarNode) else "a list"
    notes.error(
        "format",
        f"this is {what} of no format that Allowance reads",
        where=replace(node.where, path=path or None),
        hint=f"what is read: {FORMATS}",
    )


def single_documents(node: Node, path: str = "") -> Iterator[tuple[Node, str]]:
    """A document, or the documents of a list, or of a `kind: List` of Kubernetes, each with the way to it."""
    if isinstance(node, ListNode):
        for index, item in enumerate(node.items):
            yield from single_documents(item, f"{path}[{index}]")
        return
    items = node.items.get("items") if isinstance(node, MapNode) else None
    kind = node.items.get("kind") if isinstance(node, MapNode) else None
    is_list = isinstance(kind, ScalarNode) and kind.text.endswith("List")
    if is_list and isinstance(items, ListNode):
        for index, item in enumerate(items.items):
            yield from single_documents(item, f"{path}items[{index}]")
        return
    yield node, path
