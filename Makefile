# Two commands: `make demo` and `make test`. Each sets up all it needs; a second run is quick.

PYTHON ?= python3
UV := .tools/bin/uv
READY := .venv/.ready

.PHONY: demo test lint check clean help
.DEFAULT_GOAL := help

help: ## show this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

demo: $(READY) ## set up, run the demonstration city, serve it until Ctrl-C
	@.venv/bin/civiclake demo

test: lint ## set up, lint, run the tests, types among them (not the nightly ones)
	@echo "== tests"
	@# A file's tests share what they set up, so they stay in one process.
	@.venv/bin/pytest -n 3 --dist loadfile --no-loadscope-reorder

lint: $(READY)
	@echo "== lint, import directions"
	@.venv/bin/ruff check .
	@.venv/bin/ruff format --check .
	@.venv/bin/lint-imports

check: lint ## lint, import directions, types
	@echo "== types"
	@.venv/bin/mypy

clean: ## remove the environment and every city's state
	rm -rf .tools .venv .civiclake

$(UV):
	@echo "== set-up 1/2: the package manager uv"
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
		|| { echo "CivicLake needs Python 3.11 to 3.13; name one with: make PYTHON=/path/to/python3.11 demo"; exit 5; }
	@$(PYTHON) -m venv .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'

$(READY): pyproject.toml uv.lock | $(UV)
	@echo "== set-up 2/2: the environment (about 1 GB, a minute the first time)"
	@rm -f .tools/failed
	@# Downloads and totals are shown, the list of two hundred packages is not.
	@{ $(UV) sync --frozen --compile-bytecode --python $(PYTHON) 2>&1 || touch .tools/failed; } | sed '/^ [+~-] /d'
	@test ! -e .tools/failed
	@# Compiled once here: every process imports some thousand modules, and where Python may not write
	@# bytecode (PYTHONDONTWRITEBYTECODE, usual in containers) each would compile them again, for six seconds.
	@.venv/bin/python -m compileall -q catalog expectations gateway orchestration examples
	@touch $(READY)
