# Targets: serve, test, check, bench, torture, fuzz, lock, docs, clean. See CONTRIBUTING.md.

SHELL := /bin/sh
.DEFAULT_GOAL := help

PORT ?= 8000
# Interpreter to make .venv with; empty: the newest python3 on the path that is new enough.
PYTHON ?=
# What pytest is told besides, for example: make test ARGS="tests/unit -k streak"
ARGS ?=
WORKERS ?= 2
# How long `make torture` lasts, and what it is repeated with.
DURATION ?= 300
SEED ?= 1

VENV := .venv
# Programs that nobody here wrote, for the tests: a browser's library and a server, from npm.
NODE := tests/interop/node
NPM_CI := npm ci --omit=dev --ignore-scripts --no-audit --no-fund --loglevel=error
# Other people's servers, which `make bench` measures beside ours.
BENCH := .bench
# The fuzzer that `make fuzz` lets loose on the readers.
FUZZ := .fuzz
RUN := $(VENV)/bin/python
PIP := $(RUN) -m pip --disable-pip-version-check --no-input --quiet
INSTALL_SELF := $(PIP) install --no-deps --no-build-isolation --no-index -e .

.PHONY: help serve test check bench torture fuzz machine lock docs clean

help:
	@echo "make serve   start Evergrant on http://localhost:$(PORT)   (PORT, EVERGRANT_DATA_DIR)"
	@echo "make test    check everything, then run every test       (ARGS, WORKERS)"
	@echo "make check   format, lint, types, direction of imports"
	@echo "make bench   measure Evergrant beside others on this machine (ARGS=\"--rounds 1 --seconds 3 --only evergrant-sqlite\")"
	@echo "make torture many clients under seeded faults, judged from their ledger (DURATION=600 SEED=7 ARGS=\"--on sqlite\")"
	@echo "make fuzz    look for input that a reader cannot bear            (ARGS=\"--seconds 600 --only token\")"
	@echo "make lock    pin the dependencies of pyproject.toml again (LOCK_ARGS=--upgrade: newer ones)"
	@echo "make docs    write docs/reference and examples from the code"
	@echo "make clean   remove what these commands made, but for evergrant-data"

serve: $(VENV)/.serve
	@exec $(VENV)/bin/evergrant serve --port $(PORT)

test: machine check $(NODE)/node_modules/.installed
	$(RUN) -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

check: $(VENV)/.test
	$(RUN) -m ruff format --check .
	$(RUN) -m ruff check .
	$(RUN) -m mypy
	$(VENV)/bin/lint-imports

# Seconds of campaigns, and the seed of every choice in them. The evidence is kept when something was broken.
torture: machine $(VENV)/.test
	$(RUN) -m tests.torture --seconds $(DURATION) --seed $(SEED) $(ARGS)

# On every reader of strangers' text for a minute, or ARGS="--seconds 600 --only token".
fuzz: $(FUZZ)/.fuzz
	$(FUZZ)/bin/python -m tests.torture.hostile.fuzzing $(ARGS)

bench: machine $(VENV)/.test $(BENCH)/.bench
	$(RUN) -m bench.run $(ARGS)

# PostgreSQL, Chromium, wrk, libfaketime and node, which no Python package brings.
machine:
	@tools/machine.sh

# The reference of the libraries is read from every adapter, so every framework has to be there.
docs: $(VENV)/.test
	$(RUN) tools/reference.py

lock: $(VENV)/.lock
	VENV=$(VENV) tools/lock.sh $(LOCK_ARGS)

clean:
	rm -rf $(VENV) $(BENCH) $(FUZZ) $(NODE)/node_modules $(NODE)/runtime/node_modules build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests tools bench -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the environment: each stamp says that the file it depends on is installed --------------------

$(RUN):
	@tools/venv.sh $(VENV) $(PYTHON)

$(VENV)/.serve: requirements/serve.txt pyproject.toml | $(RUN)
	@echo "Installing what Evergrant needs (once) ..."
	@$(PIP) install --require-hashes -r requirements/serve.txt
	@$(INSTALL_SELF)
	@touch $@

$(VENV)/.test: requirements/test.txt pyproject.toml | $(RUN)
	@echo "Installing what the tests need (once) ..."
	@$(PIP) install --require-hashes -r requirements/test.txt
	@$(INSTALL_SELF)
	@touch $@ $(VENV)/.serve

$(NODE)/node_modules/.installed: $(NODE)/package-lock.json $(NODE)/.npmrc | machine
	@echo "Installing what the tests need from npm (once) ..."
	@$(NPM_CI) --prefix $(NODE)
	@# oidc-provider says no version, but cannot start without URL.parse: Debian 12's node 18 does not have it.
	@node -e 'process.exit(typeof URL.parse === "function" ? 0 : 1)' || $(NPM_CI) --prefix $(NODE)/runtime
	@touch $@

$(BENCH)/.bench: requirements/bench.txt
	@test -x $(BENCH)/bin/python || tools/venv.sh $(BENCH) $(PYTHON)
	@echo "Installing what Evergrant is measured beside (once) ..."
	@$(BENCH)/bin/python -m pip --disable-pip-version-check --no-input --quiet install --require-hashes -r requirements/bench.txt
	@touch $@

$(FUZZ)/.fuzz: requirements/fuzz.txt pyproject.toml
	@test -x $(FUZZ)/bin/python || tools/venv.sh $(FUZZ) $(PYTHON)
	@echo "Installing the fuzzer (once) ..."
	@$(FUZZ)/bin/python -m pip --disable-pip-version-check --no-input --quiet install --require-hashes -r requirements/fuzz.txt
	@$(FUZZ)/bin/python -m pip --disable-pip-version-check --no-input --quiet install --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(VENV)/.lock: requirements/lock.txt | $(RUN)
	@$(PIP) install --require-hashes -r requirements/lock.txt
	@touch $@
