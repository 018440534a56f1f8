# Review Queue: `make help` tells what there is. Everything runs in .venv, which make sets up itself.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
PORT ?= 8000
DATA_DIR ?= ./.data

.DEFAULT_GOAL := help
.PHONY: help demo test check format bench faults browser screenshots lock clean

help:  ## Show what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*##/\t/' | expand -t 14

$(VENV)/bin/python:
	@echo "Making the environment in $(VENV) ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.local: requirements/local.txt | $(VENV)/bin/python
	@echo "Installing the locked dependencies ..."
	@$(BIN)/pip install --quiet --require-hashes -r requirements/local.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt | $(VENV)/bin/python
	@echo "Installing the locked dependencies, those for tests too ..."
	@$(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	@touch $@ $(VENV)/.local

demo: $(VENV)/.local  ## Run everything with the demonstration workspace (PORT, DATA_DIR, DEMO_RATE, DEMO_PASSWORD)
	@PORT=$(PORT) DATA_DIR=$(DATA_DIR) exec $(BIN)/python manage.py demo

browser: $(VENV)/.dev  ## Find or install a browser for the tests
	@scripts/browser.sh

test: $(VENV)/.dev browser  ## Run every ordinary test on two cores (ARGS="tests/walk -x -n 0" for some, on one)
	@$(BIN)/python -m pytest -q -n 2 --dist loadfile $(ARGS)

check: $(VENV)/.dev  ## What CI runs: format, lint, types, imports, migrations, then the tests
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@git ls-files 'templates/*.html' | xargs $(BIN)/djade --target-version 5.2 --check
	@$(BIN)/mypy --no-error-summary reviewqueue workers
	@$(BIN)/mypy --no-error-summary --config-file sdk/python/pyproject.toml sdk/python/src tests/sdk/typed_use.py
	@$(BIN)/lint-imports --no-cache | tail -4
	@$(MAKE) --no-print-directory test

format: $(VENV)/.dev  ## Put everything in form
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .
	@git ls-files 'templates/*.html' | xargs $(BIN)/djade --target-version 5.2 || true

bench: $(VENV)/.dev  ## Measure, one JSON object a line (ONLY=claim, SCALE=0.1)
	@$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY))

faults: $(VENV)/.dev browser  ## The long fault-injection runs
	@FAULTS=1 $(BIN)/python -m pytest -q tests/races tests/faults tests/sdk tests/delivery tests/api tests/walk tests/benchmarks -m "races or faults or long" $(ARGS)

screenshots: $(VENV)/.dev browser  ## Make the README's pictures from a running demo (URL, DEMO_PASSWORD)
	@$(BIN)/python scripts/screenshots.py

lock: $(VENV)/.dev  ## Lock the dependencies anew after a change of pyproject.toml
	@PATH="$(CURDIR)/$(BIN):$$PATH" requirements/lock.sh

clean:  ## Remove the environment (never the data)
	@rm -rf $(VENV)
