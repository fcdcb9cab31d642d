# Every target does its own set-up: it needs Python >= 3.11 and nothing else. Nothing outside this folder is touched.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo $$p; break; }; done)
UV = .tools/bin/uv
export UV_PROJECT_ENVIRONMENT = .venv
export UV_PYTHON_DOWNLOADS = never
BIN = .venv/bin

# What a first start compiles, the next ones read: without it every process would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo report test check bench docs format clean setup
demo: setup  ## a living shop that breaks on purpose, with a month behind it and a guided tour
	@$(BIN)/allowance demo

report: setup  ## analyse a generated month of a shop's traffic and open the report
	@$(BIN)/python -m allowance.demo report

test: setup  ## the whole test suite, in parallel
	@$(BIN)/python -m pytest -n auto --dist loadgroup

check: setup  ## format, lint, types, contracts
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: setup  ## each goal beside its peer or floor, as a ratio
	@$(BIN)/python -m bench

docs: setup  ## rewrite the generated parts of docs/ and run every example in them
	@$(BIN)/python -m tests.docs.generate
	@$(BIN)/python -m pytest tests/docs

format: setup
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

setup: .venv/.ready

.venv/.ready: $(UV) pyproject.toml uv.lock
	@$(UV) sync --quiet --frozen --inexact --extra demo --python $(PYTHON)
	@touch $@

$(UV):
	@test -n "$(PYTHON)" || { echo "Allowance needs Python 3.11 or newer on PATH, and found none. Install it, or say: make PYTHON=/path/to/python"; exit 2; }
	@echo "Setting up in .tools and .venv (once) ..."
	@$(PYTHON) -m venv .tools || { echo "python venv is missing: on Debian, apt-get install python3-venv"; exit 2; }
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==0.13.8

clean:
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis
