# The two commands of the README are `make sandbox` and `make test`; each target makes the virtual
# environment on first use.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
PYTEST_ARGS ?=
BUILD_TESTS ?= tests/unit tests/sandbox tests/simulated
CHECK_PYTHON = $(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("wpdeploy needs Python 3.11 or newer: make PYTHON=python3.11 ...")'

.PHONY: sandbox preview test test-build test-node lint pictures format bench bench-verdict image lock control-plane

sandbox: $(VENV)/.made
	$(RUN) -m sandbox $(SANDBOX_ARGS)

test: $(VENV)/.made
	$(RUN) -m pytest $(PYTEST_ARGS)

# What CodeBuild runs of the tests, which need nothing but Python; the reports are for it.
test-build: $(VENV)/.made
	$(RUN) -m pytest $(BUILD_TESTS) --junitxml=reports/tests.xml \
	  --cov --cov-report=term --cov-report=xml:reports/coverage.xml

# A real node, and the real site on it: see CONTRIBUTING.md for what it takes.
test-node: $(VENV)/.made
	$(RUN) -m pytest tests/node $(PYTEST_ARGS)

lint: $(VENV)/.made
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/hadolint build/Dockerfile preview/Dockerfile
	$(VENV)/bin/shellcheck .ci/run hooks/* $$(git ls-files '*.sh')

format: $(VENV)/.made
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .

bench: $(VENV)/.made
	$(RUN) -m benchmarks.hooks

# For example VERDICT_ARGS="--pods 3 30 300".
bench-verdict: $(VENV)/.made
	$(RUN) -m benchmarks.verdict $(VERDICT_ARGS)

# The site with its database and cache, for who works on sources/; needs no virtual environment.
preview:
	@$(CHECK_PYTHON)
	@$(PYTHON) -m preview $(PREVIEW_ARGS)

# The WordPress image's size, its build times, and what memcached brings.
image: $(VENV)/.made
	$(RUN) -m benchmarks.image

# Of the documents; needs Debian's graphviz.
pictures:
	dot -Tsvg docs/architecture.dot -o docs/architecture.svg

# The programs of a real control plane for tests/cluster and the sandbox; once, a few minutes.
control-plane: $(VENV)/.made
	$(RUN) -m tests.cluster.control_plane build

# Resolves anew, for every platform, with hashes: requirements.lock to work with, runtime.lock for
# bundles, which has a part of the same versions, and for benchmarks the predecessor's AWS CLI and
# Ansible. uv has an environment of its own: it is needed for nothing else.
RESOLVE := $(VENV)-lock/bin/uv pip compile --universal --python-version 3.11 --generate-hashes \
  --no-header --no-emit-index-url --quiet
lock:
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/pip install --quiet uv
	$(RESOLVE) pyproject.toml --group dev --output-file requirements.lock
	$(RESOLVE) pyproject.toml --constraint requirements.lock --output-file runtime.lock
	echo awscli | $(RESOLVE) - --output-file benchmarks/awscli.lock
	printf '%s\n' ansible kubernetes | $(RESOLVE) - --output-file benchmarks/ansible.lock
	printf '%s\n' cfn-lint checkov | $(RESOLVE) - --output-file cloudformation/lint.lock

$(VENV)/.made: requirements.lock
	@$(CHECK_PYTHON)
	$(PYTHON) -m venv $(VENV)
	@# The lock has all there is: pip need not look for what a package depends on, and must not, as it
	@# would take the newest coverage for pytest-cov's coverage[toml] and then miss its hash.
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	@touch $@
