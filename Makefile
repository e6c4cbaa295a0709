# Needs make and a Python of 3.11 or newer; everything else is installed into .venv.
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
TESTS ?= tests
# Two workers per core: tests often wait for processes, timers and disks.
WORKERS ?= $(shell echo $$((2 * $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1))))

.PHONY: help demo look test bad-input mutation-check fault-matrix deploy-test browser-test pictures newest-python lint format docs dist soak long-life bench attack clean

help:  ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' Makefile

demo: .venv/ready  ## Show everything cfsync does in a minute, with a fake ClickFunnels
	@$(BIN)/cfsync demo

look: .venv/ready  ## The same, then leave its console open until Ctrl-C
	@$(BIN)/cfsync demo --console

# The tests start cfsync hundreds of times: whoever asks for no bytecode would have it compiled anew
# in each of those processes, and the tests themselves in each worker.
test: export PYTHONDONTWRITEBYTECODE :=
test: .venv/ready  ## Run all tests; they start a PostgreSQL of their own
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(TESTS)

bad-input: .venv/ready  ## Write every bad value into every column (make test writes a few of each)
	@EVERY_BAD_VALUE=1 $(BIN)/python -m pytest --timeout=1800 tests/scenarios/test_bad_input_by_sql.py

fault-matrix: .venv/ready  ## Try every fault on every call of every pass, and kill each pass at every step
	@$(BIN)/python -m tests.scenarios.fault_matrix sqlite
	@$(BIN)/python -m tests.scenarios.fault_matrix postgresql
	@$(BIN)/python -m tests.scenarios.crash_points sqlite
	@$(BIN)/python -m tests.scenarios.crash_points postgresql

mutation-check: .venv/ready  ## Break the code on purpose, place by place, and check that a test fails
	@$(BIN)/python -m tests.mutations

deploy-test: .venv/ready  ## Try the files in deploy/: images, compose, a booted systemd (Debian, as root)
	@$(BIN)/python -m tests.deploy.real

browser-test: .venv/ready  ## Try the console in Chromium (installs it: Debian, as root)
	@$(BIN)/python -m tests.browser

pictures: .venv/ready  ## Make the pictures of the documents from the demo, in Chromium
	@$(BIN)/python -m tests.browser.pictures

newest-python: .venv/ready  ## Run the unit and command tests on the newest Python found beside the default
	@$(BIN)/python -m tests.newest_python

lint: .venv/ready  ## Check style, types and imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: .venv/ready  ## Fix style and formatting
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: .venv/ready  ## Rewrite the generated parts of the documents and of config.example.toml
	@$(BIN)/python -m tests.meta.generate

dist: .venv/ready  ## Build sdist, wheel, SBOM and checksums in dist/, and try what was built
	@$(BIN)/python -m tests.dist

soak: .venv/ready  ## Random edits, failures and kills for MINUTES=10; SEED=, KIND=, ROUND=, SHRINK=1 repeat a run
	@$(BIN)/python -m tests.scenarios --minutes $(or $(MINUTES),10) $(if $(SEED),--seed $(SEED)) \
		$(if $(KIND),--kind $(KIND)) $(if $(ROUND),--round $(ROUND)) $(if $(SHRINK),--shrink)

long-life: .venv/ready  ## Run a daemon for DAYS=14 short days (DIALECT=sqlite), and measure what grows
	@$(BIN)/python -m tests.long_life --days $(or $(DAYS),14) --dialect $(or $(DIALECT),sqlite)

bench: .venv/ready  ## Measure speed, memory and requests
	@$(BIN)/python -m tests.bench

attack: .venv/ready  ## Hold thousands of silent and slow connections to a daemon, and measure it
	@$(BIN)/python -m tests.attack

clean:  ## Remove .venv, build output and caches
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache

# Tests run with the same versions that the image contains.
.venv/ready: pyproject.toml deploy/requirements.txt
	@test -n "$(PYTHON)" || { echo "cfsync needs Python 3.11 or newer: install it, or run make PYTHON=/path/to/python"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "$(PYTHON) can't create a venv: install it (Debian, Ubuntu: apt install python3-venv)"; exit 1; }
	@echo "installing into .venv ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes \
		--requirement deploy/requirements.txt
	@sed -n 's/ \\$$//; /^[a-z]/p' deploy/requirements.txt > .venv/pins.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint .venv/pins.txt \
		--editable '.[postgres]' --group dev
	@touch $@
