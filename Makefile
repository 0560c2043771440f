# Everything one does with this checkout. Needs make and a Python >= 3.11; each target makes the environment it wants.

.DEFAULT_GOAL := help
SHELL := /bin/sh

# The first of these that is new enough makes the environments; `make PYTHON=/path/to/python …` overrules.
PYTHONS := python3.13 python3.12 python3.11 python3
PYTHON ?= $(shell for python in $(PYTHONS); do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$python"; break; }; \
	done)

VENV := .venv
VENV_DEMO := .venv-demo
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
READY_DEMO := $(VENV_DEMO)/.ready

# Test files are spread over the machine's cores; each file stays in one process.
TOGETHER := -n auto --dist loadfile

# Extra words for the program a target runs: `make test ARGS="-k diff"`.
ARGS ?=

.PHONY: help
help: ## show this list
	@echo "Usage: make TARGET [ARGS='…'] [PYTHON=python3.12]"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: $(READY_DEMO) ## see it work: start a catalog, change things, watch the events
	@$(VENV_DEMO)/bin/tidings demo $(ARGS)

.PHONY: test
test: $(READY) ## run every test
	@$(PY) -m pytest $(TOGETHER) $(ARGS)

.PHONY: lint
lint: $(READY) ## format, lint, types, import contracts
	@echo "— format" && $(PY) -m ruff format --check .
	@echo "— lint" && $(PY) -m ruff check .
	@echo "— types" && $(PY) -m mypy
	@echo "— imports" && $(VENV)/bin/lint-imports --no-logo

.PHONY: check
check: lint ## all of lint, and every test with the coverage gate
	@echo "— tests, with coverage" && $(PY) -m pytest $(TOGETHER) --cov --cov-report=term $(ARGS)

.PHONY: ci
ci: ## what continuous integration runs: test with the coverage gate, then lint; a skipped test fails
	+@.ci/run

.PHONY: bench
bench: $(READY) ## measure the speed of the whole way against the raw limits of this machine
	@$(PY) -m benchmarks $(ARGS)

.PHONY: bench-quick
bench-quick: $(READY) ## the most telling rows with few samples, in less than two minutes
	@$(PY) -m benchmarks --quick $(ARGS)

.PHONY: bench-history
bench-history: $(READY) ## the ratios of the last run that was kept beside those of earlier ones
	@$(PY) -m benchmarks.history $(ARGS)

.PHONY: faults
faults: $(READY) ## kill the program, or its PostgreSQL, again and again while it works; nothing acknowledged may be lost
	@$(PY) -m benchmarks.faults $(ARGS)

.PHONY: format
format: $(READY) ## format the code and mend what can be mended by machine
	@$(PY) -m ruff format .
	@$(PY) -m ruff check --fix .

.PHONY: clean
clean: ## remove environments, caches and reports
	@rm -rf $(VENV) $(VENV_DEMO) build dist htmlcov .coverage .coverage.* .hypothesis .schemathesis
	@rm -rf .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- environments ----------------------------------------------------------------------------------------------------
# Made once, brought up to date when the dependencies change. The stamp is written last, so an interrupted
# installation is taken up again. Installed in place: a change in src/ is seen at once.

$(READY): EXTRA := dev
$(READY_DEMO): EXTRA := all

$(READY) $(READY_DEMO): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { \
		echo "Tidings needs Python 3.11 or newer; none of these is: $(PYTHONS)." >&2; \
		echo "Install one, or name it: make PYTHON=/path/to/python3 …" >&2; exit 1; }
	@$(@D)/bin/python -m pip --version >/dev/null 2>&1 || { \
		echo "creating the environment $(@D) ($$($(PYTHON) --version)) …"; \
		"$(PYTHON)" -m venv --clear $(@D) || { rm -rf $(@D); exit 1; }; }
	@echo "installing tidings[$(EXTRA)] into $(@D) (once; a minute or so) …"
	@# Older pips hold the build to PIP_CONSTRAINT, newer ones to PIP_BUILD_CONSTRAINT.
	@PIP_CONSTRAINT=constraints.txt PIP_BUILD_CONSTRAINT=constraints.txt $(@D)/bin/python -m pip install \
		--quiet --disable-pip-version-check -c constraints.txt -e '.[$(EXTRA)]'
	@touch $@
