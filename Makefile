# Two commands: `make lab` to learn, `make test` to check everything. Each target sets up what it needs.

PYTHON ?= python3
BIN := .venv/bin
# Programs that are called by bare name (nbgrader calls alembic so, a notebook's `!vae-lessons`) are found first in .venv.
IN_ENV = PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)

START := /lab/tree/notebooks/00_start_here.ipynb
# Containers run as root, which JupyterLab has to be told; without a screen there is no browser to open.
LAB_FLAGS := $(if $(filter 0,$(shell id -u)),--allow-root)
ifeq ($(shell uname)$(DISPLAY)$(WAYLAND_DISPLAY)$(BROWSER),Linux)
LAB_FLAGS += --no-browser
endif

.PHONY: help lab test notebooks claims bench lab-env dev-env
.NOTPARALLEL:

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

lab: lab-env ## open the course in JupyterLab (first time: 2 to 10 minutes to install; LAB_ARGS="..." for JupyterLab)
	@echo "Starting JupyterLab: if no browser opens, open the address below in one. Stop with Ctrl-C, twice."
	@$(IN_ENV)/python -m jupyterlab --ServerApp.root_dir="$(CURDIR)" --LabApp.default_url=$(START) $(LAB_FLAGS) $(LAB_ARGS)

test: dev-env ## check style and run every test: about fifteen minutes (PYTEST_ARGS="..." for pytest)
	@echo "Checking style, then running every test: about fifteen minutes."
	@$(IN_ENV)/ruff check .
	@$(IN_ENV)/ruff format --check .
	@$(IN_ENV)/python -m pytest $(PYTEST_ARGS)

notebooks: dev-env ## build notebooks, exercises and solutions from source/
	@$(IN_ENV)/python tools/build_notebooks.py $(BUILD_ARGS)
	@$(IN_ENV)/python -m experiments.page

claims: dev-env ## measure again every number that the lessons quote: under 2 hours on two cores (CLAIMS_ARGS="--claim ID")
	@$(IN_ENV)/python -m experiments $(CLAIMS_ARGS)

bench: dev-env ## compare the speed of training with the baselines
	@$(IN_ENV)/python -m benchmarks.training_speed

lab-env:
	@$(PYTHON) tools/bootstrap.py lab

dev-env:
	@$(PYTHON) tools/bootstrap.py test
