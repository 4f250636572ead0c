# What can be done here: make help

PYTHON ?= python3
BIN := .venv/bin
# Processes for `make test` on two cores: some tests wait more than they compute.
PROCESSES ?= 4
# What waits longest comes first: the others compute meanwhile, and take over what is left of it.
TESTS := $(addprefix tests/,scenario browser contract unit)
# Tests start the bot many times: its bytecode is kept, also where the environment says otherwise.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test mutation drills check format docs pictures bench chaos lock sbom clean

help: ## say what can be done here
	@echo "make demo              install, start the bot in its sandbox, walk the main job, stay up to play in"
	@echo "make demo ARGS=--exit  the same, and stop after the walk with status 0 or 1"
	@echo "make test              install what the tests need (a browser too) and run them all"
	@echo "make test ARGS='...'   with arguments for pytest, in one process: ARGS='tests/unit -k lock'"
	@echo "make drills            run what takes minutes: figures at their tiny size, slow starts, an installation"
	@echo "make mutation          how many small faults in bot/domain the unit tests notice (ARGS='--only people')"
	@echo "make check             format, lint, types, import rules, committed secrets"
	@echo "make format            put the code into its format"
	@echo "make docs              renew what docs/ says about settings, evidence, stages, commands, errors"
	@echo "make pictures          draw the commonest messages as Slack and Teams do, and the pages, into docs/images"
	@echo "make bench             measure speed        (ONLY=name for one of them)"
	@echo "make chaos             kill things, count   (ONLY=name for one of them)"
	@echo "make lock              resolve the dependencies anew from pyproject.toml (ARGS=--upgrade)"
	@echo "make sbom              list what is shipped (CycloneDX), and its licences, into dist/"
	@echo "make clean             remove the environment, the caches and the demo's data"

demo:
	@$(PYTHON) tools/setup.py demo
	@$(BIN)/python -m sandbox demo $(ARGS)

test:
	@$(PYTHON) tools/setup.py test
	@$(BIN)/python -m pytest $(or $(ARGS),$(TESTS) -n $(PROCESSES) --dist worksteal)

drills:
	@$(PYTHON) tools/setup.py test
	@$(BIN)/python -m pytest tests/drills -n $(PROCESSES) --dist worksteal

mutation:
	@$(PYTHON) tools/setup.py dev
	@$(BIN)/python -m tests.mutation $(ARGS)

check:
	@$(PYTHON) tools/setup.py dev
	@echo "Format"       && $(BIN)/ruff format --check .
	@echo "Lint"         && $(BIN)/ruff check .
	@echo "Types"        && $(BIN)/mypy
	@echo "Import rules" && $(BIN)/lint-imports --no-logo
	@echo "Secrets"      && git ls-files -z | xargs -0 $(BIN)/detect-secrets-hook --baseline .secrets.baseline

format:
	@$(PYTHON) tools/setup.py dev
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

docs:
	@$(PYTHON) tools/setup.py dev
	@$(BIN)/python -m tools.docs

pictures:
	@$(PYTHON) tools/setup.py dev
	@$(BIN)/python -m tests.pictures

bench chaos:
	@$(PYTHON) tools/setup.py dev
	@$(BIN)/python -m tests.$@ $(if $(ONLY),--only $(ONLY))

lock:
	@$(PYTHON) tools/lock.py $(ARGS)

sbom:
	@$(PYTHON) tools/setup.py dev
	@mkdir -p dist
	@$(BIN)/cyclonedx-py requirements requirements.lock --pyproject pyproject.toml --output-reproducible -o dist/o365bot.cdx.json 2>/dev/null
	@$(BIN)/pip-licenses --from=mixed --format=markdown --with-urls --output-file=dist/licences.md \
		--packages $$(sed -n 's/^\([a-z0-9._-]*\)==.*/\1/p' requirements.lock)
	@echo "dist/o365bot.cdx.json and dist/licences.md: written"

clean:
	@rm -rf .venv var dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@echo "Removed the environment, the caches and the demo's data"
