# One command a task. Everything is installed into .venvs/ on first use; only a Python 3.11 with
# venv is needed beside make.

PYTHON ?= python3
ARCHITECTURE ?= arm64
QUEUE ?= actions
ARGS ?=

with = @$(PYTHON) -m local.bootstrap
dev = .venvs/dev/bin/python
sam = SAM_CLI_TELEMETRY=0 .venvs/sam/bin/sam
deploy_answers = samconfig.local.toml

.DEFAULT_GOAL := help
.PHONY: help run demo test unit integration e2e bench check fmt build deploy redrive lock clean

help:  ## List the commands
	@awk -F ':.*## ' '/^[a-z0-9_-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run:  ## Start everything on this machine, show the main job, stay up
	$(with) dev emulator runtime sam -- local.demo run $(ARGS)

demo:  ## Show the main job on this machine, and exit
	$(with) dev emulator runtime sam -- local.demo once $(ARGS)

test:  ## Run every test: unit, simulators, integration, template, end to end
	$(with) dev emulator runtime sam -- pytest $(or $(ARGS),-n auto --no-loadscope-reorder --cov --cov-report=term:skip-covered)

unit:  ## Run the unit tests alone: seconds, no sockets
	$(with) dev -- pytest tests/unit $(ARGS)

integration:  ## Run the tests against AWS state in memory, and those of the template
	$(with) dev -- pytest tests/integration tests/template $(ARGS)

e2e:  ## Run the tests against the deployed local stack
	$(with) dev emulator runtime sam -- pytest tests/e2e $(ARGS)

bench:  ## Compare with what a team would write instead (ARGS="--only backlog", LONG=1)
	$(with) dev emulator runtime sam -- bench $(ARGS)

check:  ## Check format, lint, types and the template's safety; changes nothing
	$(with) dev sam checkov
	$(dev) -m ruff format --check .
	$(dev) -m ruff check .
	$(dev) -m mypy
	AWS_DEFAULT_REGION=us-east-1 $(sam) validate --lint --template-file template.yaml
	@mkdir -p .local && $(dev) -m local.native_template > .local/native.json
	.venvs/dev/bin/cfn-lint .local/native.json
	.venvs/checkov/bin/python -m checkov.main --file template.yaml --framework cloudformation --quiet --compact --skip-download

fmt:  ## Format the code and fix what the linter can
	$(with) dev
	$(dev) -m ruff format . && $(dev) -m ruff check --fix .

build:  ## Build for AWS into .aws-sam/ (ARCHITECTURE=x86_64 for Intel)
	$(with) dev sam -- local.build --architecture $(ARCHITECTURE)

deploy: build  ## Build and deploy to your AWS account; asks for every parameter
	@test -f $(deploy_answers) || cp samconfig.toml $(deploy_answers)
	$(sam) deploy --guided --template-file .aws-sam/build/template.yaml --config-file $(CURDIR)/$(deploy_answers)

redrive:  ## Show dead letters and put them back (QUEUE=events|actions|sync|callbacks|customers, ARGS=--local)
	$(with) dev -- local.redrive $(QUEUE) $(ARGS)

lock:  ## Pin every dependency by version and hash (ARGS=--upgrade for the newest)
	$(with) uv dev -- local.lock $(ARGS)

clean:  ## Remove what the commands above made
	rm -rf .venvs .local .aws-sam .hypothesis .mypy_cache .pytest_cache .ruff_cache .coverage coverage.xml
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
