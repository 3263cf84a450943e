# Everything that one does with this repository. `make` alone lists it.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
# Test processes; each has a control plane and a stand-in of its own.
PROCESSES ?= 2

.DEFAULT_GOAL := help
.PHONY: help demo test check format generate bench image sandbox clean

help: ## List the targets
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY) ## Watch a bucket and its distribution come, drift and go, on a control plane and an AWS stand-in here; CLUSTER=kind: on kind
	@$(BIN)/python -m sandbox.demo

test: check ## Everything: lint, types, import contracts, generated files, unit tests, laws, end to end
	$(BIN)/python -m pytest -n $(PROCESSES) --dist loadfile

check: $(READY) ## The quick part of `make test`: lint, types, import contracts, generated files
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --verbose | tail -n 12
	$(BIN)/python -m tools.generate --check

format: $(READY) ## Format the code and mend what can be mended by itself
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

generate: $(READY) ## Write the generated files: CRDs, parts of the charts, manifests, reference pages, IAM policies
	$(BIN)/python -m tools.generate

bench: $(READY) ## Measure: 100 buckets, one bucket, memory
	$(BIN)/python -m benchmarks

image: $(READY) ## Build the operator's image with Docker or buildah, and run it once (BASE_IMAGE=… to choose its base)
	@$(BIN)/python -m tools.image

sandbox: $(READY) ## Keep a control plane and an AWS stand-in up, to play with (Ctrl-C ends them)
	@$(BIN)/python -m sandbox

clean: ## Remove what the targets above made in this folder (the cache of built programs stays)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .kind

# One environment for all targets; made anew when the pins change.
$(READY): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Headrace needs Python 3.11 or newer as $(PYTHON); set PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "installing what is pinned in requirements/dev.txt into $(VENV) (once, about a minute)" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@
