# Everything a person types in a clone. `make` alone lists it.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON := .venv/bin/python
TEST := $(PYTHON) -m pytest

.PHONY: help
help: ## List what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 22

.PHONY: setup
setup: ## Make .venv from the pinned requirements (all the others do it by themselves)
	@.ci/setup

.PHONY: demo
demo: setup ## See a good release, a bad one taken back, and a rollback, on a real cluster under load
	@$(PYTHON) -m lab.demo

.PHONY: test
test: ## What continuous integration runs: units, laws, linters, artifact, lab, red paths
	@.ci/run

.PHONY: test-fast
test-fast: setup ## What a developer runs after each change: units and laws, under a minute
	@$(TEST) tests/unit tests/laws -m "not extended and not commands"

.PHONY: test-all
test-all: setup ## Everything, the slow red paths too
	@$(TEST)

.PHONY: lint
lint: setup ## Only the linters and the type checker
	@$(TEST) tests/tools/test_lint.py

.PHONY: lab-up
lab-up: setup ## Bring up the lab: a real one-node Kubernetes in a network namespace (20 minutes the first time, then seconds)
	@$(PYTHON) -m lab up

.PHONY: lab-down
lab-down: setup ## Take the lab down; nothing of it stays
	@$(PYTHON) -m lab down

.PHONY: lab-status
lab-status: setup ## What of the lab runs
	@$(PYTHON) -m lab status

.PHONY: lab-logs
lab-logs: setup ## The last lines that the parts of the lab wrote
	@$(PYTHON) -m lab logs

.PHONY: bench
bench: setup ## Measure against helm, shell and Argo Rollouts; a table of ratios at the end
	@$(PYTHON) -m tests.bench

.PHONY: build
build: setup ## Build the artifact that Galaxy and AWX take into build/
	@.venv/bin/ansible-galaxy collection build --force --output-path build

.PHONY: docs
docs: setup ## Show the documentation of every door, filter and role
	@$(PYTHON) -m tests.tools.documentation

.PHONY: constraints
constraints: ## Take the newest versions that requirements allow and pin them
	@rm -rf .venv && python3 -m venv .venv && $(PYTHON) -m pip install --quiet -r requirements-dev.txt
	@{ sed -n '/^#/p' constraints.txt; $(PYTHON) -m pip freeze; } > constraints.new && mv constraints.new constraints.txt
