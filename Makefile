# Lightsout: `make run` starts the service with three demo nodes; `make help` lists the rest.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
PYTEST := .venv/bin/pytest -n 3 --dist worksteal
PYTHON_PATHS := bmc robots tests benchmarks scripts/tables

.PHONY: help run setup setup-test check lint format test test-all bench pictures docs lock clean

help: ## what there is to make
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' Makefile

run: setup ## install what is missing, build, start the service (Ctrl-C stops it; the nodes run on)
	@exec .venv/bin/bmc serve --demo

setup: ## only install and build what `make run` needs
	@scripts/packages run
	@scripts/namespaces
	@scripts/venv build
	@scripts/page
	@scripts/kernel
	@.venv/bin/bmc image build

setup-test: ## install and build what the tests need
	@scripts/packages test
	@scripts/namespaces
	@scripts/venv dev
	@scripts/browser
	@scripts/page
	@scripts/kernel
	@.venv/bin/bmc image build

check: lint test ## formatting, linting, types, then the tests

lint: setup-test
	.venv/bin/ruff format --check $(PYTHON_PATHS)
	.venv/bin/ruff check $(PYTHON_PATHS)
	.venv/bin/mypy
	scripts/node npm --prefix web run check

format: ## write the code as `make check` wants it
	.venv/bin/ruff check --fix $(PYTHON_PATHS)
	.venv/bin/ruff format $(PYTHON_PATHS)

test: setup-test ## the whole suite but the long matrices, with branch coverage
	$(PYTEST) -m "not slow" --cov --cov-branch --cov-report=term

test-all: setup-test ## the long matrices too
	$(PYTEST) --cov --cov-branch --cov-report=term --timeout 1800

bench: setup-test ## measure against the alternatives, side by side, on this machine
	@scripts/venv bench
	@for file in benchmarks/bench_*.py; do .venv/bin/python -m "benchmarks.$$(basename "$$file" .py)"; done

pictures: setup-test ## take pictures of every page into build/pictures, and those of the documents
	@.venv/bin/python scripts/pictures

docs: ## print the tables of the code into the documents
	@.venv/bin/python scripts/tables

lock: ## pin the dependencies of pyproject.toml anew
	@scripts/packages test
	@scripts/venv dev
	@scripts/lock --upgrade # then commit what changed

clean: ## remove what was built here, but no node and no state
	rm -rf build web/dist web/node_modules .venv .mypy_cache .pytest_cache .ruff_cache .hypothesis .coverage*
