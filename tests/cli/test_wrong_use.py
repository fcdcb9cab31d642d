"""Command lines that do not fit: everything that is missing is named at once, and how the command is written."""

from __future__ import annotations

import pytest

from allowance.cli.main import run


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("bullet spend", "bullet spend needs SERVICE, --change, --reason"),
        ("bullet spend checkout --reason=x", "bullet spend needs --change"),
        ("bullet spend checkout --reason x --change", "--change requires an argument"),
        ("bullet approve", "bullet approve needs ID"),
        ("override ask checkout", "override ask needs --change, --reason"),
        (
            "release ask checkout --chnge x",
            "needs --change, --plan. Did you mean --change instead of --chnge?",
        ),
        ("release show-evidence release-1", "release show-evidence needs CONDITION, --evidence"),
        ("waive grant a/b --hours 3", "waive grant needs --dependency, --reason"),
        ("bankrupt declare", "bankrupt declare needs SERVICE, --reason, --sprint"),
        ("freeze begin", "freeze begin needs SERVICE, --reason"),
        ("sign", "sign needs POLICY"),
        ("obligations now", "obligations does not take now"),
    ],
)
def test_what_is_missing_is_named(line: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(line.split()) == 2
    told = capsys.readouterr().err
    assert says in told
    command = " ".join(word for word in line.split()[:2] if word.isalpha() or "-" in word)
    assert "--help" in told
    if " needs " in says:
        assert f"hint: for example allowance {command} " in told, "an example of the very command"
