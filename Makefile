# Every target sets up what it needs. `make demo` and `make test` are the two to know.
PYTHON ?= python3
BIN    := .venv/bin
PIP    := .venv/.pip
SETUP  := .venv/.ready
# The command line of AWS SAM and LocalStack pin their own packages, so each has an environment of its own.
SAM    := .venv-sam/bin
SAM_SETUP := .venv-sam/.ready
LOCALSTACK_SETUP := .venv-localstack/.ready
SECURITY := .venv-security/bin
SECURITY_SETUP := .venv-security/.ready
# Go, Node.js and schemathesis.
CLIENTS_SETUP := .venv-clients/.ready
NODE_MODULES  := clients/typescript/node_modules/.package-lock.json
NPM           := PATH="$(CURDIR)/.venv-clients/bin:$$PATH" npm --loglevel=error

# Some shells and images set it. Then each of the hundreds of processes that the tests start compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo up down test test-busy coverage test-localstack test-browser pictures test-clients test-contract lint style types contracts template \
  security secrets advisories fuzz build openapi client bench setup environments bytecode lock clean

demo: $(SETUP)  ## start the embedded stack, run the whole job on a real CSV, keep serving; ARGS=--open shows the console
	$(BIN)/regatta demo $(ARGS)

up: $(SETUP)  ## the same stack without the run
	$(BIN)/regatta up

down:  ## stop a running stack; its data stays under .regatta/
	@if [ -x $(BIN)/regatta ]; then $(BIN)/regatta down; else echo "Nothing to stop: Regatta is not set up here."; fi

# The tests of a module run in one process.
PARALLEL := --numprocesses auto --dist loadfile --no-loadscope-reorder

# By default a thread of OpenMP keeps a core busy while it waits for another one, which a busy machine lets wait as well.
test test-busy coverage: export OMP_WAIT_POLICY := passive

test: environments  ## every test
	$(BIN)/pytest $(PARALLEL)

coverage: environments  ## every test, and which lines and branches of core and functions they reach; fails below 95 %
	$(BIN)/python -m slipcover --json --out .coverage.json -m pytest $(PARALLEL)
	$(BIN)/python -m slipcover --branch --skip-covered --fail-under 95 --out .coverage.json --merge .coverage.json

test-busy: environments  ## every test, or those of ARGS, three times on one core beside a busy loop: none depends on speed
	$(BIN)/python -m tests.support.busy_core $(BIN)/pytest $(PARALLEL) $(ARGS)

test-browser: export CONSOLE_PICTURES := 1
test-browser: $(SETUP)  ## the console in Chromium, as people use it; leaves a picture of each view in out/console
	$(BIN)/pytest tests/browser

pictures: test-browser  ## make the pictures in docs/console.md anew
	cp $(PICTURES:%=out/console/%.png) docs/console/
PICTURES := data-overview-en-light prepare-effect-en-light race-over-en-light model-quality-zh-dark predict-row-en-light \
  predict-row-zh-light-phone series-decision-en-light operate-en-light data-loading

test-localstack: $(SETUP) $(LOCALSTACK_SETUP)  ## the template in a real LocalStack, and localstack.yml
	$(BIN)/pytest tests/localstack

test-clients: $(SETUP) $(CLIENTS_SETUP)  ## the clients in Go and TypeScript, and other programs that read the OpenAPI document
	$(BIN)/pytest tests/clients

test-contract: $(SETUP) $(CLIENTS_SETUP)  ## over 5,000 requests as each role, made from the OpenAPI document
	CONTRACT_EXAMPLES=13 $(BIN)/pytest tests/clients/contract

# Each check is a target of its own: with `make -j` one goes on while another waits.
lint: style types contracts template security  ## format, lint, types, import contracts, templates, security

style: $(SETUP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(SETUP)
	$(BIN)/mypy

contracts: $(SETUP)
	$(BIN)/lint-imports

security: secrets advisories  ## a scan for secrets, known vulnerabilities of what is installed

# Each of its detectors needs one of these parts. To read the files without any as well takes it seven times as long.
SECRET_PARTS := [0-9a-z/+]{40}|(a3t[a-z0-9]|abia|acca|akia|asia)[0-9a-z]{16}|://[^[:space:]]+:[^[:space:]]+@|gh[opsur]_|eyj|_authtoken|private key|putty-user-key|pypi-age|xox[aboprs]-|hooks\.slack\.com|[rs]k_live_
secrets: $(SECURITY_SETUP)
	git grep -lzaiE '$(SECRET_PARTS)' -- . $(NO_SECRETS:%=':!%') | xargs -0 $(SECURITY)/detect-secrets-hook --baseline .secrets.baseline

advisories: $(SECURITY_SETUP)
	$(SECURITY)/python infra/advisories.py requirements/heavy.txt requirements/scoring.txt requirements/light.txt

# Lists of digests, data, pictures and what is generated: nobody writes in them by hand.
NO_SECRETS := requirements docs/openapi.json docs/console clients/typescript/package-lock.json clients/typescript/src/schema.ts \
  examples bench/portfolio_results.csv tests/browser/axe tests/data .secrets.baseline

FUZZ_SECONDS ?= 200
fuzz: $(SETUP) .venv-fuzz/.ready  ## search for inputs that break a reader, $(FUZZ_SECONDS) s each; finds are kept as tests
	@for target in csv json envelope; do \
	  PYTHONPATH=.:$$(echo .venv/lib/python3.*/site-packages) nice .venv-fuzz/bin/python -m tests.fuzz.search $$target \
	    --seconds $(FUZZ_SECONDS) || exit 1; \
	done

# `sam validate --lint` runs the same cfn-lint on the first of these templates, and nothing else.
template: $(SAM_SETUP)  ## check template.yaml and infra/aws with the checker of AWS
	$(SAM)/cfn-lint

build: $(SAM_SETUP)  ## build every zip function as `sam deploy` uploads it, in .aws-sam/build; images need Docker
	SAM_CLI_TELEMETRY=0 AWS_DEFAULT_REGION=us-east-1 $(SAM)/sam build \
	  $$(awk '/^  [A-Za-z]+Function:/ {name = $$1} /PackageType: Image/ {print "--exclude", name}' template.yaml | tr -d :)

openapi: $(SETUP) $(NODE_MODULES)  ## write docs/openapi.json anew from the code, and from it the types of the client in TypeScript
	@$(BIN)/python -m infra.openapi > docs/openapi.json
	@cd clients/typescript && $(NPM) run --silent generate

client: $(SETUP)  ## write the sync half of the Python client anew from the async one
	@$(BIN)/python clients/python/generate_sync.py

bench: $(SETUP)  ## every measured ratio but bench/quality.py, which installs what it compares with; fails below a limit
	@status=0; for script in bench/[a-z]*.py; do \
	  case $$script in bench/textbook.py|bench/quality.py) continue;; esac; \
	  $(BIN)/python $$script || status=1; \
	done; exit $$status

setup: $(SETUP)

environments: $(SETUP) $(SAM_SETUP) $(LOCALSTACK_SETUP) $(CLIENTS_SETUP)  ## all that `make test` needs, side by side with `make -j`

# It says nothing of what it cannot import: the tests do.
bytecode: $(SETUP)  ## compile what the tests import once, and not in each of their processes
	@$(BIN)/pytest --collect-only --quiet > /dev/null || true

# pip checks every hash; the lists are complete, so it looks for no dependencies.
INSTALL := install --quiet --disable-pip-version-check --no-deps
LOCKED  := $(INSTALL) --require-hashes --requirement

# The tools of .venv fill all environments: uv takes less than half as long as pip, which does it where uv cannot, as
# where pip alone was told of an index. Neither compiles: Python compiles what is imported.
FILL = $(BIN)/uv pip install --quiet --no-deps --require-hashes --system-certs --python $(1)/bin/python --requirement $(2) || \
  $(BIN)/python -m pip --python $(1)/bin/python $(LOCKED) $(2) --no-compile
export UV_HTTP_TIMEOUT ?= 180

# The pip that comes with Python 3.11 takes twice as long as this one.
$(PIP): requirements/pip.txt requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "Regatta needs Python 3.11 or newer; this is $$($(PYTHON) --version). Try: make PYTHON=python3.11 ..."; exit 1; }
	@$(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip $(LOCKED) $< --no-compile
	@touch $@

# The project itself is installed without build isolation, so that nothing unpinned is fetched.
$(SETUP): $(PIP)
	@echo "Setting up .venv (about a minute, once) ..."
	@$(call FILL,.venv,requirements/dev.txt)
	@$(BIN)/python -m pip $(INSTALL) --no-build-isolation --editable .
	@touch $@

.venv-%/.ready: requirements/%.txt | $(PIP)
	@echo "Setting up .venv-$* (about a minute, once) ..."
	@$(PYTHON) -m venv --clear --without-pip .venv-$*
	@$(call FILL,.venv-$*,$<)
	@touch $@

$(NODE_MODULES): clients/typescript/package-lock.json | $(CLIENTS_SETUP)
	@cd clients/typescript && $(NPM) ci --ignore-scripts --no-audit --no-fund
	@touch $@

# After a change of a range in pyproject.toml. The functions' lists take their versions from the development list, so
# that the tested versions are deployed.
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --custom-compile-command "make lock"
lock: $(PIP)
	$(COMPILE) pyproject.toml --extra dev --output-file requirements/dev.txt
	$(COMPILE) pyproject.toml --constraints requirements/dev.txt --output-file requirements/light.txt
	$(COMPILE) pyproject.toml --extra export --constraints requirements/dev.txt --output-file requirements/scoring.txt
	$(COMPILE) pyproject.toml --extra learning --constraints requirements/dev.txt --output-file requirements/heavy.txt
	$(COMPILE) --group pip --output-file requirements/pip.txt
	$(COMPILE) --group clients --output-file requirements/clients.txt
	$(COMPILE) --group sam --output-file requirements/sam.txt
	$(COMPILE) --group security --output-file requirements/security.txt
	$(COMPILE) --group fuzz --output-file requirements/fuzz.txt
	$(COMPILE) --group localstack --exclude-newer 2025-12-20 --output-file requirements/localstack.txt

# `sam build` runs this for each zip function: it copies the code, with what symbolic links in it lead to, and the
# requirements, which are installed once for all functions with the same list, and what both lists have once for both; as
# hard links, because copies would take a gigabyte. SAM sets ARTIFACTS_DIR; set LAMBDA_PLATFORM=aarch64 for arm64.
LAMBDA_PYTHON   := 3.13
LAMBDA_PLATFORM ?= x86_64
INSTALLED       := .aws-sam/installed/$(LAMBDA_PYTHON)-$(LAMBDA_PLATFORM)
SCORING         := Predict Inference Export
PIP_FOR_LAMBDA  := $(or $(wildcard $(BIN)/python),$(PYTHON)) -m pip
FOR_LAMBDA      := --only-binary=:all: --no-compile --implementation cp --python-version $(LAMBDA_PYTHON) \
  --platform manylinux_2_28_$(LAMBDA_PLATFORM) --platform manylinux2014_$(LAMBDA_PLATFORM)
$(INSTALLED)/light: requirements/light.txt
	rm -rf $@
	$(PIP_FOR_LAMBDA) $(LOCKED) $< $(FOR_LAMBDA) --target $@
	touch $@
$(INSTALLED)/scoring: $(INSTALLED)/light requirements/scoring.txt
	rm -rf $@
	cp -Rl $< $@ 2>/dev/null || cp -R $< $@
	awk 'NR == FNR {seen[$$0]; next} /^[^ ]/ {more = !($$0 in seen)} more' requirements/light.txt requirements/scoring.txt > $@.txt
	$(PIP_FOR_LAMBDA) $(LOCKED) $@.txt $(FOR_LAMBDA) --upgrade --target $@
	touch $@
.SECONDEXPANSION:
build-%Function: $(INSTALLED)/$$(if $$(filter $$*,$(SCORING)),scoring,light)
	cp -Rl $</. "$(ARTIFACTS_DIR)/" 2>/dev/null || cp -R $</. "$(ARTIFACTS_DIR)/"
	tar -ch --exclude __pycache__ core functions | tar -x -C "$(ARTIFACTS_DIR)"

clean: down  ## remove the set-up and every stored dataset and model
	rm -rf .venv .venv-security .venv-fuzz .venv-clients .venv-localstack .venv-sam .aws-sam .regatta out .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .coverage.json \
	  clients/typescript/node_modules clients/typescript/dist
