# Every target sets itself up. `make demo` and `make test` are the two to know.
PYTHON ?= python3
BIN    := .venv/bin
SETUP  := .venv/.ready

.PHONY: demo up down test lint bench setup lock clean

demo: $(SETUP)  ## start the embedded stack, run the whole job on a real CSV, keep serving
	$(BIN)/regatta demo

up: $(SETUP)  ## the same stack without the run
	$(BIN)/regatta up

down:  ## stop a running stack; its data stays under .regatta/
	@if [ -x $(BIN)/regatta ]; then $(BIN)/regatta down; else echo "Nothing to stop: Regatta is not set up here."; fi

test: $(SETUP)  ## every test
	$(BIN)/pytest --numprocesses logical --dist loadfile --no-loadscope-reorder

lint: $(SETUP)  ## format, lint, types, import contracts
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(SETUP)  ## every side-by-side ratio but bench/quality.py, which installs its opponents; fails when one falls short
	@status=0; for script in bench/[a-z]*.py; do \
	  case $$script in bench/textbook.py|bench/quality.py) continue;; esac; \
	  $(BIN)/python $$script || status=1; \
	done; exit $$status

setup: $(SETUP)

# pip checks every hash; the project itself goes in without a build environment, so nothing unlocked is fetched.
$(SETUP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Regatta needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make PYTHON=python3.11 ..."; exit 1; }
	@echo "Setting up .venv (about a minute, once) ..."
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# For whoever changes a range in pyproject.toml: `pip install uv`, then `make lock`. What is deployed is what is tested:
# the functions' lists take their versions from the development one.
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock" pyproject.toml
lock:
	$(COMPILE) --extra dev --output-file requirements/dev.txt
	$(COMPILE) --extra export --constraints requirements/dev.txt --output-file requirements/light.txt
	$(COMPILE) --extra learning --constraints requirements/dev.txt --output-file requirements/heavy.txt

# What `sam build` runs for each zip function. SAM names the folder and, for arm64, the platform.
LAMBDA_PYTHON   := 3.13
LAMBDA_PLATFORM ?= x86_64
build-%Function:
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary=:all: --no-compile \
	  --implementation cp --python-version $(LAMBDA_PYTHON) \
	  --platform manylinux_2_28_$(LAMBDA_PLATFORM) --platform manylinux2014_$(LAMBDA_PLATFORM) \
	  --requirement requirements/light.txt --target "$(ARTIFACTS_DIR)"
	cp -r core functions "$(ARTIFACTS_DIR)/"

clean: down  ## undo the set-up and every stored dataset and model
	rm -rf .venv .regatta out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
