# The tasks of the project; CI runs the same names. Only make and the environment's Python are needed.
# A make and not a Python task runner, because it is on every developer's machine and costs no dependency.

PYTHON ?= python3
VENV ?= .venv

.PHONY: venv test fuzz lint types format examples check-examples wheel all

all: lint types test

venv:
	$(PYTHON) -m venv $(VENV) && $(VENV)/bin/pip install -q -e '.[dev]'

test:
	$(PYTHON) -m pytest

fuzz:
	$(PYTHON) -m stinkarm.proof.command --words 100000 --engine interpreter
	$(PYTHON) -m stinkarm.proof.command --words 20000 --engine reference
	$(PYTHON) -m stinkarm.proof.command --words 20000 --engine jit

lint:
	$(PYTHON) -m ruff check . && $(PYTHON) -m ruff format --check .

types:
	$(PYTHON) -m mypy

format:
	$(PYTHON) -m ruff check --fix . && $(PYTHON) -m ruff format .

examples:
	$(PYTHON) examples/build.py

check-examples:
	$(PYTHON) examples/build.py --check

wheel:
	$(PYTHON) -m build --wheel
