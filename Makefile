# What a newcomer needs: `make run` and `make test`. Everything lives in .venv, node_modules and .simplane (git-ignored).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
NODE_STAMP := node_modules/.installed

.PHONY: setup run test check format demo-order chaos bench clean

setup: $(STAMP) $(NODE_STAMP)

$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Simplane needs Python 3.11 or newer") if sys.version_info < (3, 11) else None'
	@echo "-- virtual environment and locked dependencies (a minute or two at first)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

$(NODE_STAMP): package.json package-lock.json simplane/ops/frontend.py $(STAMP)
	@echo "-- front-end files"
	@$(BIN)/simplane frontend
	@touch $@

run: setup
	@exec $(BIN)/simplane run

test: setup
	@echo "-- tests (a real PostgreSQL, stand-ins as processes, in parallel)"
	@$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

check: setup
	@echo "-- format" && $(BIN)/ruff format --check .
	@echo "-- lint" && $(BIN)/ruff check .
	@echo "-- types" && $(BIN)/mypy simplane sandbox tests
	@echo "-- imports point down" && $(BIN)/lint-imports --no-cache
	@echo "-- migrations" && $(BIN)/simplane makemigrations --check --dry-run
	@echo "-- templates" && $(BIN)/djlint --quiet --lint simplane sandbox

format: setup
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .

demo-order: setup
	@$(BIN)/simplane demo-order

chaos: setup
	@$(BIN)/simplane chaos --orders 500

bench: setup
	@for one in intake fulfilment catalog orders; do $(BIN)/simplane bench $$one || exit 1; done

clean:
	rm -rf $(VENV) node_modules .simplane
