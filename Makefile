# Thin on purpose: every step is a command that can be run by hand (python -m cardbook --help).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PACKAGES := node_modules/.package-lock.json
BUNDLE := docs/assets/built/book.js

# Plain Python started from here finds the models in the store.
export HF_HUB_CACHE := $(CURDIR)/.cardbook/hub
export NO_MKDOCS_2_WARNING := 1

.DEFAULT_GOAL := help
.PHONY: help site test serve models run assets pages check status lint format lock clean

help:  ## list what one can do
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 12

$(READY): requirements.txt constraints.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned packages; the first time this takes minutes."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt --constraint constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(PACKAGES): package.json package-lock.json .npmrc
	@command -v node npm > /dev/null || { echo "Node.js 20 or newer with npm is needed to bundle web/: install it (Debian: apt install nodejs npm)." >&2; exit 1; }
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || { echo "Node.js 20 or newer is needed; node --version says $$(node --version)." >&2; exit 1; }
	npm ci
	@touch $@

$(BUNDLE): $(PACKAGES) $(wildcard web/*.ts web/*.css web/*.mjs)
	node web/build.mjs

assets: $(BUNDLE)  ## bundle web/ into docs/assets/built/

models: $(READY)  ## fill the model store, verified by hash
	$(BIN)/python -m cardbook models

run: models  ## execute the examples that are not fresh
	$(BIN)/python -m cardbook run

pages: run assets  ## write the chapters, notebooks and figures into docs/
	$(BIN)/python -m cardbook pages

site: $(READY) assets  ## everything: environment, models, examples, pages, site/
	@$(BIN)/python -m cardbook site

serve: models assets  ## preview the site while writing
	$(BIN)/python -m cardbook serve

check: $(READY)  ## fail unless every record is fresh
	$(BIN)/python -m cardbook check

status: $(READY)  ## tell which examples are fresh, and why the others are not
	$(BIN)/python -m cardbook status

lint: $(READY) $(PACKAGES)  ## format, lint and types, as CI checks them
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	node_modules/.bin/tsc

format: $(READY)  ## format and mend what ruff can mend
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: lint pages  ## everything CI checks, its own set-up included
	$(BIN)/pytest

lock: $(READY)  ## write the versions of everything installed into constraints.txt
	$(BIN)/pip freeze --exclude-editable | sed -E 's/\+cpu$$//' > constraints.txt

clean:  ## remove what was built, keep models and records
	rm -rf site .cardbook/site* .cardbook/rendered .cardbook/parsed docs/assets/built docs/study docs/chapters docs/notebooks docs/downloads docs/figures docs/deck
