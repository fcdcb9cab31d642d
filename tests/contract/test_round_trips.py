"""What is written and read again is the same contract, in our documents and, where it can carry it, in OpenSLO."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given, settings

from allowance.contract.model import Contract
from allowance.contract.openslo_write import write_openslo
from allowance.contract.read import read
from allowance.contract.write import write
from allowance.contract.yaml_text import yaml_text
from tests.contract.promises import Plain, everything, some_services


def contract_from(text: str) -> Contract:
    result = read([("round.yaml", text.encode())])
    assert result.ok, [str(problem) for problem in result.problems]
    return result.contract


@settings(max_examples=60)
@given(everything)
def test_our_documents(documents: list[Plain]) -> None:
    text = yaml_text(documents)
    if not documents:
        return
    contract = contract_from(text)
    again = write(contract)
    assert contract_from(again) == contract
    assert write(contract_from(again)) == again


@settings(max_examples=60)
@given(some_services)
def test_openslo(documents: list[Plain]) -> None:
    if not documents:
        return
    contract = contract_from(yaml_text(documents))
    exported = write_openslo(contract)
    assert exported.losses == ()
    assert contract_from(exported.text) == contract


@settings(max_examples=30)
@given(everything)
def test_openslo_names_what_it_loses(documents: list[Plain]) -> None:
    contract = contract_from(yaml_text(documents)) if documents else Contract()
    exported = write_openslo(contract)
    kinds = [document["kind"] for document in documents]
    assert len(exported.losses) == kinds.count("ErrorBudgetPolicy") + kinds.count("AlertPolicy")
    if contract.services:
        kept = replace(contract, alert_policies=(), budget_policies=())
        assert replace(contract_from(exported.text), budget_policies=()) == kept
