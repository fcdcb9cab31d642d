"""`allowance completion`: a completion script for your shell."""

from __future__ import annotations

from typing import Literal

from allowance.cli.main import GO

Shell = Literal["bash", "zsh", "fish"]


def completion(shell: Shell = "bash") -> int:
    """Print a completion script for a shell.

    Example: allowance completion bash > ~/.local/share/bash-completion/completions/allowance

    Parameters
    ----------
    shell
        bash, zsh or fish.
    """
    from allowance.cli.main import application

    print(application().generate_completion(prog_name="allowance", shell=shell))
    return GO
