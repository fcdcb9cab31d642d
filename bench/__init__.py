"""Programs that measure one goal each, beside a peer or a floor, in one run.

A program is a module here with `GOAL` (one line: what is measured, and the limit) and `main(arguments)`. It prints
tables through `bench.side_by_side` and ends in under a minute. `python -m bench` runs them all, `python -m bench
p05` one, as `python -m bench.p05_backtest_year` does; what follows the name goes to the program, and `--quick` asks each for less work.
"""
