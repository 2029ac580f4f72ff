# Everything runs in .venv, which `make setup` prepares. All paths are relative: the folder may have any name.

PYTHON = .venv/bin/python
LOCK = requirements/development.txt

.DEFAULT_GOAL := help
.PHONY: help setup run test check format format-check types contracts messages migration bench faults demo lock wheel

help:  ## list these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

# Nothing to do as long as the lock, the version of the package and the place of the folder are those of the last time.
setup:  ## prepare .venv with the locked dependencies (Python 3.11 or newer)
	@{ pwd; cat $(LOCK) pyproject.toml; } | cmp -s - .venv/made-from && $(PYTHON) -c '' 2>/dev/null || $(MAKE) -s .venv/made-from

.venv/made-from: FORCE
	@if ! $(PYTHON) -c 'import pip' 2>/dev/null; then \
	  for candidate in python3.14 python3.13 python3.12 python3.11 python3; do \
	    $$candidate -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; candidate=; \
	  done; \
	  [ -n "$$candidate" ] || { echo "Python 3.11 or newer is needed, and there is none here. Install it (Debian 12: apt install python3 python3-venv)."; exit 1; }; \
	  echo "Making .venv with $$($$candidate --version)"; \
	  $$candidate -m venv --clear .venv || { echo "Python can't make a virtual environment (Debian: apt install python3-venv)."; rm -rf .venv; exit 1; }; \
	fi
	@cmp -s $(LOCK) .venv/locked || { echo "Installing the locked dependencies (a minute, the first time)"; \
	  $(PYTHON) -m pip --disable-pip-version-check --quiet install --require-hashes -r $(LOCK) && cp $(LOCK) .venv/locked; }
	@$(PYTHON) -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation -e .
	@for link in .venv/lib/python*/site-packages/*incubator.pth; do echo ../../../../src >"$$link"; done  # relative, as Python reads it in any locale
	@{ pwd; cat $(LOCK) pyproject.toml; } >.venv/made-from

FORCE:

run: setup  ## start the site with an embedded database and the demo: http://127.0.0.1:8000
	@exec .venv/bin/incubator run

test: setup  ## run the tests, in as many processes as there are cores
	@$(PYTHON) -m pytest -n auto

check: setup format-check types contracts messages  ## lint, formats, types, import contracts, templates, catalogues
	@$(PYTHON) -m ruff check src tests bench
	@$(PYTHON) -m djlint --quiet --lint templates

format-check: setup
	@$(PYTHON) -m ruff format --check src tests bench

format: setup  ## write Python and templates in the one format
	@$(PYTHON) -m ruff format src tests bench
	@$(PYTHON) -m ruff check --fix --quiet src tests bench || true
	@$(PYTHON) -m djlint --quiet --reformat templates || true

types: setup  ## check the types
	@$(PYTHON) -m mypy

contracts: setup  ## check who may import whom
	@.venv/bin/lint-imports

messages: setup  ## check that every text for people has its Russian
	@$(PYTHON) -m incubator.foundation.catalogue

migration: setup  ## write a migration for what changed in the tables: make migration about="teams get a region"
	@PICCOLO_CONF=incubator.piccolo_conf $(PYTHON) -m piccolo.main migrations new incubator --auto --desc="$(about)"

bench: setup  ## measure speed and memory against the ceilings of the same run
	@$(PYTHON) -m bench && $(PYTHON) -m bench.jury

faults: setup  ## kill the site's processes 270 times under load (a quarter of an hour)
	@$(PYTHON) -m bench.kills

demo: setup  ## load the demo into an empty database, or show its accounts
	@.venv/bin/incubator demo

# Extras stay in the lock: the pip of Debian 12 (23.0) takes no pin of `name` as one of `name[extra]` and would ask for hashes
# of whatever is newest.
PIN = uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
  --no-header --no-emit-index-url --no-emit-find-links --no-strip-extras

lock:  ## pin the newest allowed dependencies, with hashes and without any index address (needs uv)
	@$(PIN) --output-file requirements/production.txt pyproject.toml
	@$(PIN) --extra embedded --group dev --output-file $(LOCK) pyproject.toml

wheel: setup  ## build dist/incubator-….whl, which holds templates, static files, migrations and catalogues
	@$(PYTHON) -m hatchling build -t wheel
