# Everything a person or CI types. Each target sets up what it needs by itself.

PYTHON ?= python3
VENV   ?= .venv
LOG    ?= sample_logs
OUT    ?= out
EVAL_DATA ?= ../shared/eval

# Windows has Scripts, everything else bin.
BIN := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
PY  := $(BIN)/python

.DEFAULT_GOAL := help
.PHONY: help digest search test check fmt bench eval train locale clean

help:  ## what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

# torch first: on Linux its default build brings gigabytes of CUDA libraries that nothing here uses.
$(VENV)/installed: pyproject.toml
	$(PYTHON) scripts/setup_venv.py $(VENV)
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(PY) -m pip install --quiet --group dev
	@touch $@

$(VENV)/installed-train: $(VENV)/installed-dev
	$(PY) -m pip install --quiet --group train --group bench
	@touch $@

digest: $(VENV)/installed  ## the digest of sample_logs, or of LOG=path; written to OUT=out
	$(PY) -m pipeline --archive $(OUT)/archive run "$(LOG)" --format md,html,txt,json -o "$(OUT)"

search: $(VENV)/installed  ## search the archive that `make digest` filled: make search Q=续费率
	$(PY) -m pipeline --archive $(OUT)/archive search "$(Q)"

test: $(VENV)/installed-dev  ## all set-up, then format, lint, types and tests
	$(PY) scripts/system_packages.py
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/pytest

fmt: $(VENV)/installed-dev  ## format and mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/installed-train  ## speed and memory, with machine and versions
	$(PY) -m bench

eval: $(VENV)/installed-train  ## quality against pinned floors (needs EVAL_DATA)
	EVAL_DATA="$(EVAL_DATA)" $(PY) -m quality

train: $(VENV)/installed-train  ## the learned weights, anew (needs EVAL_DATA)
	EVAL_DATA="$(EVAL_DATA)" $(PY) -m train

locale: $(VENV)/installed-dev  ## compile the translations
	$(PY) scripts/locale_catalogs.py

clean:  ## everything that was made
	rm -rf $(OUT) $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
