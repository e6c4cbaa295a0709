# Needs make and a Python of 3.11 or newer; everything else is installed into .venv.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
TESTS ?= tests
# Tests wait for processes, timers and disks as often as they compute.
WORKERS ?= $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1))))

.PHONY: help demo test bad-input mutation-check fault-matrix deploy-test lint format docs soak bench clean

help:  ## Say what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' Makefile

demo: .venv/ready  ## Show the whole round in a minute, with a fake ClickFunnels
	@$(BIN)/cfsync demo

test: .venv/ready  ## Run all tests, with a real PostgreSQL that they start themselves
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(TESTS)

bad-input: .venv/ready  ## Write every bad value into every column (a test has a few of each)
	@EVERY_BAD_VALUE=1 $(BIN)/python -m pytest --timeout=1800 tests/scenarios/test_bad_input_by_sql.py

fault-matrix: .venv/ready  ## Strike every call of every pass with every fault; kill each pass at every point
	@$(BIN)/python -m tests.scenarios.fault_matrix
	@$(BIN)/python -m tests.scenarios.crash_points sqlite
	@$(BIN)/python -m tests.scenarios.crash_points postgresql "" durable

mutation-check: .venv/ready  ## Break the code on purpose in each place of a list, and see who notices
	@$(BIN)/python -m tests.mutations

deploy-test: .venv/ready  ## Put the files of deploy/ to use: images, compose, a booted systemd (Debian, root)
	@$(BIN)/python -m tests.deploy.real

lint: .venv/ready  ## Check style, types and imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: .venv/ready  ## Put the style right
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: .venv/ready  ## Rewrite the generated parts of the documents and of config.example.toml
	@$(BIN)/python -m tests.meta.generate

soak: .venv/ready  ## Edit, fail and kill at random for MINUTES=10; SEED=, ROUND= and SHRINK=1 repeat
	@$(BIN)/python -m tests.scenarios --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED)) \
		$(if $(ROUND),--round $(ROUND)) $(if $(SHRINK),--shrink)

bench: .venv/ready  ## Measure
	@$(BIN)/python -m tests.bench

clean:  ## Remove what was installed and built
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache

# The versions that the image ships are the ones that are tested.
.venv/ready: pyproject.toml deploy/requirements.txt
	@test -n "$(PYTHON)" || { echo "cfsync needs Python 3.11 or newer: install it, or say make PYTHON=/path/to/python"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) can't make a venv: install it (Debian, Ubuntu: apt install python3-venv)"; exit 1; }
	@echo "installing into .venv ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint deploy/requirements.txt \
		--editable '.[postgres]' --group dev
	@touch $@
