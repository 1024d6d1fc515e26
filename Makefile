PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
SOURCES := pyproject.toml $(shell find reelnet templates -type f -not -name '*.pyc')

LOOKS ?=
GALLERY ?=

.PHONY: demo film gallery looks test fuzz check check-figure lowest docs-reference clean

demo: $(VENV)/installed
	$(BIN)/reelnet demo --force

# A film of the demo's run, a minute in under 10 MB: renders/talk.mp4.
film: $(VENV)/installed
	test -d runs/demo || $(BIN)/reelnet demo
	$(BIN)/reelnet film docs/talk.yaml runs/demo -o renders/talk.mp4 --max-size 10MB

# Every built-in template on runs of every shape, measured, on one page: renders/looks/index.html.
# `make looks LOOKS="--template article --shape pictures large"` makes a part of it.
looks: $(VENV)/installed-dev
	OMP_NUM_THREADS=1 PYTHONPATH=benchmarks $(BIN)/python -m looks $(LOOKS)

# The pictures of README.md and docs/, by the commands and templates that these pages show.
# `make gallery GALLERY="--only flow"` makes those whose name has a word in it.
gallery: $(VENV)/installed-dev
	OMP_NUM_THREADS=1 PYTHONPATH=.:benchmarks $(BIN)/python docs/gallery.py $(GALLERY)

# One process per core, each with one thread: more threads than cores would wait for each other.
test: $(VENV)/installed-dev
	OMP_NUM_THREADS=1 $(BIN)/pytest -n auto --dist worksteal

# Many more random templates, malformed arrays, damaged runs and malicious runs than `make test` tries.
fuzz: $(VENV)/installed-dev
	OMP_NUM_THREADS=1 REELNET_FUZZ_SCALE=10 $(BIN)/pytest -q -s tests/template/test_fuzz.py tests/interop/test_malformed_arrays.py
	OMP_NUM_THREADS=1 REELNET_FUZZ_SCALE=20 $(BIN)/pytest -q --timeout 7200 tests/runs/test_damage_matrix.py \
		tests/runs/test_malicious_runs.py

check: $(VENV)/installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python docs/generate.py --check
	if command -v npm > /dev/null; then $(MAKE) check-figure; else echo "npm is not installed: figure not checked"; fi

# The types and the format of the scripts in interactive figures and the preview, and whether the preview's copy of
# CodeMirror is what tests/figure/package-lock.json makes.
check-figure: tests/figure/node_modules/.package-lock.json
	npm --prefix tests/figure run --silent check

tests/figure/node_modules/.package-lock.json: tests/figure/package-lock.json
	npm --prefix tests/figure ci --silent
	touch $@

# Every format with the lowest versions that pyproject.toml allows, on the Python that PYTHON names.
lowest:
	rm -rf $(VENV)-lowest
	$(PYTHON) -m venv $(VENV)-lowest
	$(VENV)-lowest/bin/python tests/lowest.py list > $(VENV)-lowest/requirements.txt
	$(VENV)-lowest/bin/python -m pip install --only-binary :all: -r $(VENV)-lowest/requirements.txt
	$(VENV)-lowest/bin/python -m pip install --no-deps .
	# -P: the installed package, not the sources.
	$(VENV)-lowest/bin/python -P tests/lowest.py render

docs-reference: $(VENV)/installed-dev
	$(BIN)/python docs/generate.py

clean:
	rm -rf $(VENV) $(VENV)-lowest

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

# An editable install follows the sources by itself; a plain one over it would undo it.
$(VENV)/installed: $(SOURCES) | $(BIN)/python
	test -e $(VENV)/installed-dev || $(BIN)/python -m pip install '.[film]'
	touch $@

$(VENV)/installed-dev: pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -e '.[dev]'
	touch $@ $(VENV)/installed
