"""Where each value of an SLO comes from, and that every default is documented once."""

from __future__ import annotations

from allowance.contract.defaults import DEFAULTS, short_window
from allowance.contract.explain import explain_defaults
from tests.contract.reading import contract_of, openslo


def test_each_row_says_where_its_value_comes_from() -> None:
    contract = contract_of(
        """\
        apiVersion: allowance/v1
        kind: Service
        metadata: {name: shop}
        spec:
          owner: payments
          slos:
            - {name: one, good: status < 500, target: 99.9%}
        """
    )
    rows = {row.field: row for row in explain_defaults(contract.slos[0], contract.services[0])}
    assert (rows["target"].value, rows["target"].comes_from) == ("99.9%", "written")
    assert (rows["target"].where.line, rows["target"].where.path) == (7, "spec.slos[0].target")
    assert (rows["owner"].value, rows["owner"].comes_from) == ("payments", "service")
    assert (rows["window"].value, rows["window"].comes_from) == ("28d", "default")
    assert rows["indicator"].value == "status < 500"
    assert all(row.why for row in rows.values() if row.comes_from == "default")


def test_values_of_other_formats_are_explained_too() -> None:
    contract = contract_of(openslo())
    rows = {row.field: row for row in explain_defaults(contract.slos[0])}
    assert rows["target"].comes_from == "written"
    assert rows["window"].comes_from == "written"
    assert rows["indicator"].value == "sum(ok_total) of sum(all_total)"
    assert rows["rules"].comes_from == "default"


def test_defaults_are_documented_once() -> None:
    keys = [default.key for default in DEFAULTS]
    assert len(set(keys)) == len(keys)
    assert all(default.value and default.why for default in DEFAULTS)


def test_the_short_window_is_a_twelfth_in_whole_minutes() -> None:
    assert [short_window(seconds) for seconds in (30, 60, 600, 3600, 21600, 86400, 259200)] == [
        30,
        60,
        60,
        300,
        1800,
        7200,
        21600,
    ]
