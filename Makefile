# Each target sets up what it needs in .venv; only python3 (3.11 or later) and make are assumed.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check

# One stamp for each set of packages; a change of pyproject.toml installs anew.
BASE := $(VENV)/.installed-base
DEV := $(VENV)/.installed-dev
DOCS := $(VENV)/.installed-docs

# The page, built by Node from what is in web/; no one who installs a wheel needs Node.
BUNDLE := src/tmsim/web/static/index.html

# mkdocs-material prints news about itself otherwise.
export NO_MKDOCS_2_WARNING := 1

.NOTPARALLEL:
.PHONY: help run serve web test test-web bench lint format docs wheel clean

help:
	@echo "make run     simulate the built-in head and write out/first-run/report.html"
	@echo "make serve   open the page: move the coil, watch the field"
	@echo "make web     build the page's bundle in src/tmsim/web/static (needs Node 20)"
	@echo "make test    run all tests that need no browser"
	@echo "make test-web  run the page's tests in a browser, and serve it from a wheel"
	@echo "make bench   measure time, memory and accuracy beside other methods"
	@echo "make lint    check style, types, the order of the rooms and the documentation"
	@echo "make format  put the code in the house style"
	@echo "make docs    build the documentation in site/"
	@echo "make wheel   build the wheel in dist/ and check what is in it"
	@echo "make clean   remove all that the targets made, .venv too"

run: $(BASE)
	@mkdir -p out
	@$(BIN)/tmsim run --out out/first-run
	@echo "Report: out/first-run/report.html"

serve: $(BASE) $(BUNDLE)
	@$(BIN)/tmsim serve

web: $(BUNDLE)

# Two at a time; idle threads of one leave the cores to the other.
test: $(DEV)
	@OMP_WAIT_POLICY=PASSIVE $(BIN)/python -m pytest --numprocesses 2 --dist loadfile

test-web: $(DEV) $(BUNDLE) wheel
	@command -v chromium >/dev/null || { apt-get -qq update && apt-get -qq --yes install chromium; }
	@cd web && npm test --silent
	@$(BIN)/python -m pytest tests/web
	@$(BIN)/python scripts/check_page.py dist/*.whl

bench: $(DEV)
	@$(BIN)/python -m benchmarks.run
	@$(BIN)/python -m benchmarks.live 24
	@$(BIN)/python -m benchmarks.uncertainty
	@$(BIN)/python -m benchmarks.scaling
	@$(BIN)/python -m benchmarks.search
	@$(BIN)/python -m benchmarks.neuron
	@$(BIN)/python -m benchmarks.plasticity
	@$(BIN)/python -m benchmarks.network
	@$(BIN)/python -m benchmarks.course
	@$(BIN)/python -m benchmarks.page

lint: $(DEV) $(DOCS)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/pyright
	@$(BIN)/lint-imports --no-logo --no-cache
	@$(BIN)/mkdocs --quiet build --strict

format: $(DEV)
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

docs: $(DOCS)
	@$(BIN)/mkdocs --quiet build --strict
	@echo "Documentation: site/index.html"

wheel: $(BUNDLE) | $(BIN)/python
	@rm -rf dist
	@$(PIP) wheel --no-deps --wheel-dir dist .
	@$(BIN)/python scripts/check_wheel.py dist/*.whl

clean:
	rm -rf $(VENV) out site dist build .pytest_cache .ruff_cache .hypothesis src/tmsim/web/static web/node_modules
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -m venv $(VENV)

$(BASE): pyproject.toml | $(BIN)/python
	@echo "Installing tmsim into $(VENV)"
	@$(PIP) install --editable .
	@touch $@

$(DEV): pyproject.toml | $(BIN)/python
	@echo "Installing tmsim and its development tools into $(VENV)"
	@$(PIP) install --editable ".[dev]"
	@touch $(BASE) $@

$(DOCS): pyproject.toml | $(BIN)/python
	@echo "Installing tmsim and its documentation tools into $(VENV)"
	@$(PIP) install --editable ".[docs]"
	@touch $(BASE) $@

$(BUNDLE): $(shell find web -name node_modules -prune -o -type f -print)
	@command -v npm >/dev/null || { echo "The page is built with Node 20 or later and npm; install them, or take a wheel." >&2; exit 1; }
	@echo "Building the page"
	@cd web && npm ci --silent --no-audit --no-fund && npm run --silent build >/dev/null
	@touch $@
