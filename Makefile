SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
PYTHON ?= python3
export PYTHON
RUN := .venv/bin/python

# Pass more to a tool with ARGS: make test ARGS='-k signature -x'
ARGS ?=

.PHONY: help
help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: ## Install what the project needs into .venv and node_modules (the other targets do it too)
	@tools/setup.sh

.PHONY: demo
demo: setup ## Run the whole product with 20 invented patients; ONCE=1 stops when every note is ready
	@$(RUN) manage.py demo $(if $(ONCE),--once) $(ARGS)

.PHONY: test
test: setup ## Run the tests, browser included; pass options with ARGS='-k signature -x'
	@tools/setup.sh chromium
	@$(RUN) -m pytest $(ARGS)

.PHONY: test-vllm
test-vllm: setup ## Run the engine contract against a real vLLM server (own environment, 4 GB)
	@tools/test_vllm.sh $(ARGS)

CHECKS := check-lint check-format check-types check-imports check-templates check-django check-migrations check-docs check-tree

.PHONY: check $(CHECKS)
check: setup ## Lint, types, import rules, templates, migrations, generated docs; shows every failure
	@$(MAKE) --keep-going $(CHECKS)
	@echo "check: clean"

check-lint:
	$(RUN) -m ruff check .
check-format:
	$(RUN) -m ruff format --check .
check-types:
	$(RUN) -m mypy
check-imports:
	.venv/bin/lint-imports --no-logo
check-templates:
	$(RUN) -m djlint --lint --quiet templates
check-django:
	$(RUN) manage.py check --fail-level WARNING
check-migrations:
	$(RUN) manage.py makemigrations --check --dry-run
check-docs:
	$(if $(wildcard clinical/management/commands/write_docs.py),$(RUN) manage.py write_docs --check)
check-tree:
	$(RUN) tools/check_tree.py

.PHONY: fix
fix: setup ## Repair what can be repaired by itself: lint and format
	@$(RUN) -m ruff check --fix --quiet . || true
	@$(RUN) -m ruff format .

.PHONY: bench
bench: setup ## Measure: upload to ready, notes per second, server time of the main pages
	@$(if $(wildcard bench/__main__.py),$(RUN) -m bench $(ARGS),for script in bench/[a-z]*.py; do $(RUN) "$$script" $(ARGS); done)

.PHONY: bundle
bundle: setup ## Build dist/epitome-bundle-VERSION: all a site without internet installs from
	@tools/bundle.sh

.PHONY: lock
lock: setup ## Renew requirements/*.txt from requirements/*.in
	@tools/lock.sh $(ARGS)
