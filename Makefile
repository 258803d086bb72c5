# make demo, make test: on a machine with Python 3.11 or later and nothing else. The environment is
# made once, in .venv, and again when pyproject.toml, constraints.txt or a variable below changes.
# What the machine must have besides is found, fetched or named by tests/prepare.py, at once.

PYTHON ?= python3
# Pinned here as well, so that an index with several builds of torch gives the one that was tested.
TORCH ?= torch==2.13.0
# Where torch comes from, when not from the usual index; CONTRIBUTING.md says when that helps.
TORCH_INDEX ?=
EXTRAS ?= all,dev
# A browser for the tests of pages, where it is neither in PATH nor to be fetched.
CHROME ?=
export CHROME
# Arguments of the demo and of pytest, and how many processes share the tests; 0 is pytest alone.
DEMO ?=
TESTS ?=
WORKERS ?= 2

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# A file's tests share what is made once for them, so a process takes whole files.
PYTEST := $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile
# Half of the families need torchvision, and the build that an index gives may not fit the CPU's torch:
# then nothing else could import transformers. So it is in a folder of its own, for these tests alone.
VISION = $(STAMP)-vision
TORCHVISION := $(VENV)/torchvision
FAMILIES = ALL_FAMILIES=1 PYTHONPATH=tests/startup:$(TORCHVISION) $(PYTEST) tests/agents/families
# The folder belongs to the key: an editable installation points at it.
KEY := $(shell { cat pyproject.toml constraints.txt; \
	echo '$(TORCH) $(TORCH_INDEX) $(EXTRAS) $(CURDIR)'; } | cksum | cut -d ' ' -f 1)
STAMP := $(VENV)/.installed-$(KEY)

# What looks at the machine: the environment's own Python, once there is one.
LOOK := $(if $(wildcard $(STAMP)),$(BIN)/python,$(PYTHON))

.PHONY: help demo rung install test families lint types quick ready browser format constraints wheel clean
.DEFAULT_GOAL := help

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: $(STAMP) ## watch a small model be attacked and hardened
	$(BIN)/sectow demo $(DEMO)

rung: $(STAMP) ## build, train and measure a small real language model, on one GPU
	$(BIN)/sectow rung build --device cuda
	$(BIN)/sectow study rung device=cuda --config configs/smollm2-gpu.yaml \
		--out runs/rung-gpu --per-behavior 4 --attempts 8

install: $(STAMP) ## make .venv with everything in it

test: ready browser $(VISION) lint types ## lint, types and the whole test suite
	$(PYTEST) --ignore tests/agents/families $(TESTS)
	$(FAMILIES)

families: $(VISION) ## the tests of model families alone
	$(FAMILIES)

lint: $(STAMP) ## check style
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(STAMP) ## check types
	$(BIN)/mypy

quick: ready browser ## the tests that take no more than seconds
	$(PYTEST) -m "not slow" $(TESTS)

format: $(STAMP) ## put the code into its format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

constraints: $(STAMP) ## pin what is installed now
	{ sed -n '/^#/p' constraints.txt; \
	  grep '^torchvision==' constraints.txt; \
	  $(PIP) freeze --all --exclude-editable --exclude pip --exclude sectow | sed 's/+.*//' | LC_ALL=C sort -f; \
	} > constraints.new
	mv constraints.new constraints.txt

wheel: $(STAMP) ## build dist/
	$(BIN)/python -m build

clean: ## remove .venv, dist and caches
	rm -rf $(VENV) dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

# Before the installation, so that nobody waits for it in vain; then with playwright in place.
ready:
	@$(call needs_python,$(LOOK))
	@$(LOOK) tests/prepare.py browser

browser: $(STAMP)
	@$(BIN)/python tests/prepare.py browser

define needs_python
$(1) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2> /dev/null || { \
  echo "$(1) is missing or older than Python 3.11" >&2; \
  for better in python3.14 python3.13 python3.12 python3.11; do \
    ! command -v $$better > /dev/null || \
      { echo "  there is another: make PYTHON=$$better" >&2; exit 1; }; \
  done; \
  echo "  install one (python.org, apt-get, brew, uv python install), and name it:" \
    "make PYTHON=/path/to/python3.12" >&2; \
  exit 1; }
endef

$(VISION): $(STAMP)
	$(PIP) install --quiet --upgrade --no-deps -c constraints.txt --target $(TORCHVISION) torchvision
	@touch $@

$(STAMP): pyproject.toml constraints.txt
	@$(call needs_python,$(PYTHON))
	@$(PYTHON) tests/prepare.py machine "$(TORCH_INDEX)"
	@# An environment whose making was cut short has no pip, and is made afresh.
	$(BIN)/python -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	@# Asked once, so that a missing network is known at once and by its name.
	@$(PIP) install --dry-run --ignore-installed --no-deps --retries 1 --timeout 8 typer \
	  > /dev/null || { \
	  echo "no package index can be reached: look at the network, at a proxy (HTTPS_PROXY)" \
	    "or at the index of pip (PIP_INDEX_URL)" >&2; exit 1; }
	$(if $(TORCH_INDEX),$(PIP) install -c constraints.txt --index-url $(TORCH_INDEX) $(TORCH))
	$(PIP) install -c constraints.txt $(TORCH) -e ".[$(EXTRAS)]"
	@rm -f $(VENV)/.installed-*
	@touch $@
