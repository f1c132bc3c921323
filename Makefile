# Everything runs in a virtual environment of its own; nothing outside this folder is changed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PIP := -m pip --quiet --disable-pip-version-check
# Three processes for two cores; the tests of one file stay together, as they may share a watcher.
PARALLEL := -n auto --dist loadfile
# What is tried on other versions of the dependencies than those in requirements/.
OTHERS := -m "not slow" $(PARALLEL) tests/unit tests/contract tests/cli
COMPILE := --quiet --upgrade --universal --generate-hashes --custom-compile-command 'make pins' pyproject.toml

.PHONY: demo test test-slow test-newest test-lowest lint types layers bench schemas channels index man package pins clean

demo: $(READY)
	$(BIN)/prismfs demo

test: $(READY)
	$(BIN)/python -m pytest -m "not slow" $(PARALLEL)

test-slow: $(READY)
	$(BIN)/python -m pytest -m "slow and not alone" $(PARALLEL)
	$(BIN)/python -m pytest -m "slow and alone"

# The newest versions that there are, as `pip install prismfs` takes them.
test-newest:
	$(PYTHON) -m venv --clear .venv-newest
	.venv-newest/bin/python $(PIP) install -e '.[test]'
	.venv-newest/bin/python -m pytest $(OTHERS)

# The lowest versions that pyproject.toml allows.
test-lowest:
	$(PYTHON) -m venv --clear .venv-lowest
	.venv-lowest/bin/python $(PIP) install --require-hashes -r requirements/lowest.txt
	.venv-lowest/bin/python $(PIP) install --no-deps --no-build-isolation -e .
	.venv-lowest/bin/python -m pytest $(OTHERS)

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

layers: $(READY)
	$(BIN)/lint-imports --no-logo

# All measurements, or one: make bench ONLY=profile
bench: $(READY)
	$(BIN)/python -m benchmarks.bench $(if $(ONLY),--only $(ONLY))

schemas: $(READY)
	$(BIN)/prismfs schema --write schemas

# The table by which rules and settings know the channels; written anew when the CHANNEL of one is made or changed.
channels: $(READY)
	$(BIN)/python -m prismfs.delivery > $(VENV)/channels.py
	mv $(VENV)/channels.py prismfs/kinds/core/channels.py

# Where kinds and rules are declared, by which each is imported when it is met; written anew when a module, a row or a
# step of one is made, moved or renamed.
index: $(READY)
	$(BIN)/python -m release.index

man: $(READY)
	$(BIN)/python -m release.man man

# The sdist and the wheel that is built from it, in dist/.
package: man
	rm -rf build dist
	$(BIN)/python -m build --no-isolation
	$(BIN)/check-wheel-contents dist/*.whl

# Renews what $(VENV) and test-lowest install, with hashes for every platform.
pins:
	$(PYTHON) -m venv --clear .venv-pins
	.venv-pins/bin/python $(PIP) install uv
	.venv-pins/bin/uv pip compile $(COMPILE) --extra dev --output-file requirements/dev.txt
	.venv-pins/bin/uv pip compile $(COMPILE) --extra test --resolution lowest-direct --output-file requirements/lowest.txt

clean:
	rm -rf $(VENV) .venv-* build dist man .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis *.egg-info

$(READY): pyproject.toml requirements/dev.txt
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python $(PIP) install --require-hashes -r requirements/dev.txt
	$(BIN)/python $(PIP) install --no-deps --no-build-isolation -e .
	touch $(READY)
