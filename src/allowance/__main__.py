"""`python -m allowance` is the command `allowance`."""

from allowance.cli.main import main

main()
