# Everything a person or CI runs. `make help` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TORCH ?= default
ifeq ($(TORCH),cpu)
LOCK := requirements.cpu.lock
else
LOCK := requirements.lock
endif
# Workers that share the tests, each with a Neo4j of its own; the order is tests/conftest.py's, long files first. One more
# than there are cores, for now and then each waits for a server to start or to stop.
WORKERS ?= $(shell expr $$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 1) + 1)
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder
STAMP := $(VENV)/.installed-$(TORCH)

.PHONY: help setup demo app screenshots test test-newest bench bench-quick bench-peers check lock clean
.DEFAULT_GOAL := help

help:  ## what there is
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 12

setup: $(STAMP)  ## make .venv from the lock (TORCH=cpu: PyTorch's small CPU build); quick when nothing changed

# uv replaces itself with the locked version in the same run, so pip has to fetch it only into an empty environment.
$(STAMP): $(LOCK) pyproject.toml
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@echo "installing what $(LOCK) names into $(VENV) (the first time downloads several GB; TORCH=cpu far less)"
ifeq ($(TORCH),cpu)
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --torch-backend=cpu $(LOCK)
else
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python --require-hashes $(LOCK)
endif
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --config-setting editable_mode=compat -e .
	@rm -f $(VENV)/.installed-*
	@touch $@

demo: setup  ## the whole path on the embedded database: make demo, or make demo DATA=file.json.gz
	@$(BIN)/alsobought demo $(DATA)

app: setup  ## the app on the example shop with three models; the first time makes them: make app PORT=8600
	@$(BIN)/alsobought app --example-shop $(if $(PORT),--port $(PORT))

screenshots: setup  ## pictures of every page of the app on the example shop: make screenshots DIR=folder
	@$(BIN)/python -m tests.app.screenshots $(DIR)

test: setup  ## the whole test suite, fast tests first (WORKERS=1: one after the other)
	@$(PYTEST) $(ARGS)

test-newest: setup  ## the tests of graph/ on the newest Neo4j (make test runs them on 5.26 LTS)
	@ALSOBOUGHT_TEST_NEO4J=2026.08 $(PYTEST) tests/graph $(ARGS)

# A peer that cannot be had is said, and left out of the tables; the next run tries again.
PEERS := $(VENV)/.installed-peers
$(PEERS): $(STAMP) benchmarks/peers.py
	@$(BIN)/python -m benchmarks.peers && touch $@ || true

bench-peers: setup $(PEERS)  ## what the benchmarks compare with: PecanPy, and torch_cluster compiled here

bench: bench-peers  ## every benchmark of the hot path, at most 30 minutes: make bench FILE=meta_Beauty.json.gz KEEP=1
	@$(BIN)/python -m benchmarks.bench $(if $(FILE),--file $(FILE)) $(if $(KEEP),--keep)

bench-quick: bench-peers  ## the same with fewer runs and sizes, at most 3 minutes
	@$(BIN)/python -m benchmarks.bench --quick $(if $(FILE),--file $(FILE))

check: setup  ## lint, format, types, import rules, links
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m tests.links

lock: setup  ## make both locks anew from pyproject.toml
	@$(BIN)/uv pip compile --quiet --universal --no-emit-index-url --generate-hashes --no-header --no-annotate \
	  --python-version 3.11 --group dev pyproject.toml -o requirements.lock
	@$(BIN)/python -m tests.cpu_lock requirements.lock requirements.cpu.lock

clean:  ## take away what the project made in its folder (the embedded databases stay: alsobought db wipe)
	@rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
