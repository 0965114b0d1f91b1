# Everything one does with Capstan from a shell. `make help` lists it.
#
# Wanted on the machine: Rust (rust-toolchain.toml says which; rustup fetches it), Python 3.11, Node 20, make.
# What else is needed comes from the registries into .venv, .venv-peers and node_modules, pinned by requirements.txt,
# tests/peers/requirements.txt and package-lock.json; and a Chromium, which `make tools` installs on Debian.

SHELL := /usr/bin/env bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
# One target folder for all that is built here, so that nothing is built twice.
CARGO_TARGET_DIR ?= target
# Absolute, since some of it is run in other folders.
override CARGO_TARGET_DIR := $(if $(filter /%,$(CARGO_TARGET_DIR)),$(CARGO_TARGET_DIR),$(CURDIR)/$(CARGO_TARGET_DIR))
export CARGO_TARGET_DIR
# Checks say what is wrong, they change nothing; and nobody is told that they ran.
export INSTA_UPDATE ?= no
export SAM_CLI_TELEMETRY := 0
# What the suites of the ports leave as evidence, for docs/fidelity.md.
export CONFORMANCE_OUT := $(CARGO_TARGET_DIR)/conformance

STAGE := $(PYTHON) tools/stage.py
# Everything but the AWS SDK, which takes minutes to compile: the functions are then their handlers alone.
LIGHT := --workspace --exclude aws --exclude lambda --no-default-features
CLIPPY := cargo clippy --all-targets
# The checks read the template for one region; it is not bound to it.
REGION := us-east-1
# What is built with the AWS SDK in the tests, always with the same features, so that it is compiled once.
ADAPTERS := --package aws --package lambda --package conformance --all-features
# Runs a command beside the emulated clouds that others wrote.
PEERS := $(PYTHON) tools/peers.py run --
# Drives a browser.
BROWSER := .venv-peers/bin/python
# Looks at what we depend on. Not in the registries of Python or Node in this version, so it is built, once.
CARGO_DENY := 0.20.2
DENY := $(CARGO_TARGET_DIR)/tools/cargo-deny-$(CARGO_DENY)/bin/cargo-deny
# So long for each target in `make test`, more in `make fuzz`; the end is by time alone, not by count.
FUZZ_SECONDS := 5
FUZZED := --manifest-path tests/fuzz/Cargo.toml
FUZZ = BOLERO_RANDOM_ITERATIONS=1000000000 BOLERO_RANDOM_TEST_TIME_MS=$(FUZZ_SECONDS)000

.PHONY: help run build check simulate test test-rust test-simulation test-aws lint lint-rust lint-template tools machine fmt bench \
        bench-build deny test-outside fuzz clean bootstraps fidelity e2e invoke-all bench-lambda env-json \
        test-states bench-states quick-bootstraps test-browser bench-console screenshots

help: ## this list
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z0-9-]+):.*## (.*)/\1\t\2/' | awk -F'\t' '{ printf "  make %-16s %s\n", $$1, $$2 }'

run: ## the whole system on this machine, at http://127.0.0.1:3000 (options: make run ARGS="--port 4000")
	@cargo run --release --package local --locked -- up $(ARGS)

build: ## the binary target/release/capstan
	@cargo build --release --package local --locked

simulate: ## plays drawn histories with drawn mishaps (options: make simulate ARGS="--runs 50000 --seed 7")
	@cargo run --release --package local --locked -- simulate $(ARGS)

check: ## quick inner loop: formatting, clippy, unit tests (no template, no simulation)
	@$(STAGE) 60 'formatting' cargo fmt --all --check
	@$(STAGE) 600 'clippy' $(CLIPPY) $(LIGHT) -- --deny warnings
	@$(STAGE) 600 'unit tests' cargo test $(LIGHT) --exclude capstan-tests --lib --bins --quiet

test: machine ## everything that must hold; from a clean checkout too
	@$(STAGE) 900 'tools' $(MAKE) tools
	@$(MAKE) lint-template
	@$(MAKE) lint-rust
	@$(MAKE) test-rust
	@$(MAKE) test-states
	@$(MAKE) test-simulation
	@$(MAKE) test-outside
	@$(MAKE) test-browser
	@$(MAKE) test-aws
	@$(MAKE) e2e
	@$(MAKE) invoke-all
	@echo '── all stages passed'

test-rust: ## tests of all crates, with their documentation's examples
	@$(STAGE) 1200 'tests of the crates' cargo test $(LIGHT) --exclude capstan-tests --locked --no-fail-fast

test-states: tools ## the interpreter on its conformance table, and interpreters that others wrote on the same
	@$(STAGE) 900 'conformance table' cargo test --package states --test conformance --locked
	@$(STAGE) 240 'interpreters of others' .venv-peers/bin/python tools/states/compare.py

bench-states: tools ## transitions a second of the interpreter and of ministack, in pairs (ARGS: --rounds N, --check)
	@$(STAGE) 900 'states, optimised' cargo build --package states --example rate --release --locked
	@$(STAGE) 300 'transitions a second' .venv-peers/bin/python tools/states/bench.py $(ARGS)

test-aws: tools ## the adapters: clippy; every port's suite on the simulation and on emulated clouds; faults on the wire
	@$(STAGE) 1500 'clippy, with the AWS SDK' $(CLIPPY) --workspace --features conformance/aws --locked -- --deny warnings
	@rm -rf '$(CONFORMANCE_OUT)'
	@$(STAGE) 1500 'adapters and conformance' $(PEERS) cargo test $(ADAPTERS) --locked -- --test-threads=8
	@$(STAGE) 60 'the examiner of requests' .venv-peers/bin/python tools/fidelity/wire.py --self-test
	@$(STAGE) 120 'requests by the service models' .venv-peers/bin/python tools/fidelity/wire.py
	@$(STAGE) 30 'known failures' .venv-peers/bin/python tools/fidelity/failures.py --check
	@$(STAGE) 300 'docs/fidelity.md' .venv-peers/bin/python tools/fidelity/page.py --check

fidelity: ## writes docs/fidelity.md and the known failures anew, from what the last `make test-aws` saw
	@.venv-peers/bin/python tools/fidelity/failures.py
	@.venv-peers/bin/python tools/fidelity/page.py

test-simulation: ## tests across crates: contract, drills, simulation (optimised: they run thousands of transitions)
	@$(STAGE) 1200 'tests across crates' cargo test --package capstan-tests --profile test-release --locked

test-outside: tools $(DENY) ## what others' tools find: the API's document and schemathesis, spoiled input, kill -9, dependencies
	@$(STAGE) 60 'answers by docs/openapi.yaml' .venv-peers/bin/python tests/outside/answers.py
	@$(STAGE) 900 'the system, optimised' cargo build --package local --profile test-release --locked
	@$(STAGE) 180 'schemathesis' .venv-peers/bin/python tests/outside/api.py
	@$(STAGE) 120 'the lines of the IOps runbook' .venv-peers/bin/python tests/outside/runbook_iops.py
	@$(STAGE) 450 'the IOps lines of README.md' .venv-peers/bin/python tests/outside/newcomer.py
	@$(STAGE) 900 'kill -9, two hundred times' cargo test --package local --test kill --profile test-release --locked -- --test-threads=1
	@$(STAGE) 60 'formatting of the fuzz targets' cargo fmt $(FUZZED) --check
	@$(STAGE) 900 'fuzz targets are built' cargo test $(FUZZED) --profile test-release --locked --no-run
	@BOLERO_RANDOM_SEED=24 $(FUZZ) $(STAGE) 180 'fuzz targets' cargo test $(FUZZED) --profile test-release --locked
	@$(STAGE) 120 'licences, doubles and sources of dependencies' $(DENY) --locked check licenses bans sources

test-browser: tools ## the console in Chromium: the runbook's steps, trouble, accessibility, both themes, a phone, no JavaScript
	@$(STAGE) 900 'the system, optimised' cargo build --package local --profile test-release --locked
	@$(STAGE) 700 'the console in a browser' $(BROWSER) -m pytest --quiet --color=no -p no:cacheprovider tests/browser

bench-console: tools ## what the console costs: bytes, first paint, ticks, and the API's p99 under 200 open pages
	@$(STAGE) 900 'the system, optimised' cargo build --package local --profile test-release --locked
	@$(STAGE) 180 'speed of the console' $(BROWSER) tests/browser/speed.py $(ARGS)

screenshots: tools ## docs/images/*.png anew: the console as it is now
	@$(STAGE) 900 'the system, optimised' cargo build --package local --profile test-release --locked
	@$(STAGE) 120 'pictures of the console' $(BROWSER) tests/browser/screenshots.py

fuzz: FUZZ_SECONDS := 300
fuzz: ## spoiled input for every parser of what comes from outside (FUZZ_SECONDS=600: so long for each; ARGS: a target's name)
	@$(STAGE) 900 'fuzz targets are built' cargo test $(FUZZED) --profile test-release --locked --no-run
	@$(FUZZ) $(STAGE) 86400 'fuzz targets, $(FUZZ_SECONDS) s each' cargo test $(FUZZED) --profile test-release --locked --test fuzz -- --nocapture $(ARGS)

bootstraps: tools ## all functions as they ship, into target/lambda/<function>/bootstrap (ARCH=arm64 for Graviton)
	@$(STAGE) 3000 'bootstraps' $(PYTHON) tools/bootstraps.py $(if $(filter arm64,$(ARCH)),--arm64)

quick-bootstraps: tools
	@$(STAGE) 3000 'bootstraps, quick' $(PYTHON) tools/bootstraps.py --quick

invoke-all: quick-bootstraps ## every event through the built functions themselves, over the Lambda Runtime API (ARGS: names of functions)
	@$(STAGE) 900 'exporter of worlds' cargo build --package capstan-tests --example worlds --profile test-release --locked
	@$(STAGE) 900 'every event through the runtime' .venv-peers/bin/python tools/runtime/invoke_all.py $(ARGS)

bench-lambda: bootstraps ## size, start and memory of the functions, and one task in Rust, Python and Node (ARGS: --check, --json)
	@$(STAGE) 900 'exporter of worlds' cargo build --package capstan-tests --example worlds --profile test-release --locked
	@.venv-peers/bin/python tools/runtime/bench_lambda.py $(ARGS)

env-json: tools ## events/env.json anew, from template.yaml
	@.venv/bin/python tools/env_json.py

e2e: quick-bootstraps ## deploys the template into emulated clouds, and moves tenants there
	@$(STAGE) 1500 'deployed and operated' .venv-peers/bin/python -m pytest --quiet --color=no -p no:cacheprovider tests/e2e

lint: lint-template lint-rust ## formatting, clippy, template, state machines

lint-rust:
	@$(STAGE) 60 'formatting' cargo fmt --all --check
	@$(STAGE) 900 'clippy' $(CLIPPY) $(LIGHT) --locked -- --deny warnings

lint-template: tools ## template.yaml through sam and cfn-lint, the state machines through asl-validator
	@$(STAGE) 120 'sam validate' .venv/bin/sam validate --lint --region $(REGION) --template-file template.yaml
	@$(STAGE) 120 'cfn-lint' .venv/bin/cfn-lint --regions $(REGION) --include-checks I --template template.yaml
	@$(STAGE) 30 'events/env.json' .venv/bin/python tools/env_json.py --check
	@$(STAGE) 30 'scopes of permissions' .venv/bin/python tools/scopes.py
	@test -n '$(wildcard statemachine/*.json)' || { echo '── asl-validator: FAILED, there is no statemachine/*.json' >&2; exit 1; }
	@$(STAGE) 60 'asl-validator' node_modules/.bin/asl-validator $(foreach file,$(wildcard statemachine/*.json),--json-path $(file))

tools: .venv/installed .venv-peers/installed node_modules/installed ## what is needed from PyPI and npm, where missing or outdated; a browser
	@$(PYTHON) tools/browser.py

# The marks are made last: an installation that was cut off is done again from the start.
.venv/installed: requirements.txt
	@$(PYTHON) -m venv --clear .venv
	@.venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --requirement requirements.txt
	@touch $@

.venv-peers/installed: tests/peers/requirements.txt
	@$(PYTHON) -m venv --clear .venv-peers
	@.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --no-input --requirement tests/peers/requirements.txt
	@touch $@

node_modules/installed: package.json package-lock.json
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

# Says what is missing before minutes have gone by.
machine:
	@need() { command -v "$$1" >/dev/null || { echo "$$1 is not installed: $$2" >&2; exit 1; }; }; \
	need cargo 'get Rust from https://rustup.rs'; need $(PYTHON) 'Python 3.11 or later'; need node 'Node 20 or later'; need npm 'it comes with Node'; \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; say which by make PYTHON=…")'; \
	node -e 'if (parseInt(process.versions.node) < 20) { console.error("Node 20 or later is needed, this is " + process.version); process.exit(1) }'

fmt: ## formats the Rust code
	@cargo fmt --all

bench: ## figures of the running system against their targets, as a table
	@cargo run --release --package local --locked -- bench $(ARGS)

bench-build: ## how long the binary takes to build from nothing (in a folder of its own; crates are fetched before)
	@cargo fetch --locked --quiet
	@rm -rf '$(CARGO_TARGET_DIR)/bench-build'
	@CARGO_TARGET_DIR='$(CARGO_TARGET_DIR)/bench-build' $(STAGE) 1200 'build from nothing (target: 180 s on 2 cores)' cargo build --release --package local --locked --quiet
	@rm -rf '$(CARGO_TARGET_DIR)/bench-build'

deny: $(DENY) ## licences, doubles, sources and known holes of the dependencies (the holes come from a repository of their own)
	@$(STAGE) 300 'cargo deny' $(DENY) --locked check

$(DENY):
	@CARGO_TARGET_DIR='$(CARGO_TARGET_DIR)/tools/build' $(STAGE) 1800 'building cargo-deny' \
		cargo install --locked --quiet --root '$(CARGO_TARGET_DIR)/tools/cargo-deny-$(CARGO_DENY)' cargo-deny --version $(CARGO_DENY)
	@rm -rf '$(CARGO_TARGET_DIR)/tools/build'

clean: ## removes all that was built or installed here; the data of `make run` in .capstan/ stay
	@rm -rf .venv .venv-peers node_modules .aws-sam tests/bench-lambda/node/node_modules tests/bench-lambda/node/build target
	@cargo clean --quiet
