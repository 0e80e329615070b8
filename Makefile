# The set-up is infra/setup (standard library only, Python 3.11 or newer); each target first does what of it is missing.
PYTHON ?= python3
UV ?= uv
BIN := .venv/bin
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links

.DEFAULT_GOAL := setup
.PHONY: setup demo test property check bench openapi lock

setup: ## all that working on the archive needs; the command is then .venv/bin/call-archive
	@$(PYTHON) -m infra.setup develop

demo: ## the archive with sample calls on http://localhost:8000, until Ctrl-C
	@$(PYTHON) -m infra.setup demo
	@exec $(BIN)/call-archive demo

test: ## every test, on real parts (the first run on a machine builds MinIO, which takes minutes)
	@$(PYTHON) -m infra.setup test
	@exec $(BIN)/pytest -n 2 --dist loadfile tests

property: ## the nightly size of one property: a million decisions, by the policy and by each database and engine
	@$(PYTHON) -m infra.setup test
	@ARCHIVE_TEST_DECISIONS=1000000 $(BIN)/pytest -q --timeout 3600 tests/property

check: setup ## the fast inner loop: format, lint, types, directions, unit tests
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --cache-dir .import_linter_cache
	@cd frontend && ../$(BIN)/npm run --silent types
	@$(BIN)/pytest -q tests/unit

bench: ## the ratios of docs/benchmarks.md
	@$(PYTHON) -m infra.setup test
	@$(BIN)/python -m tests.bench

openapi: setup ## rewrite the committed OpenAPI document from the routes
	@$(BIN)/python -m archive.http.openapi

lock: ## new versions of everything, with hashes and without addresses (needs uv)
	$(LOCK) --upgrade pyproject.toml --group dev --output-file requirements-dev.lock
	$(LOCK) pyproject.toml --constraint requirements-dev.lock --output-file requirements.lock
	$(LOCK) --group pyproject.toml:frontend --constraint requirements-dev.lock --output-file requirements-frontend.lock
	cd frontend && ../$(BIN)/npm update --ignore-scripts
