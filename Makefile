# `make` lists what there is. Needs Python 3.11, 3.12 or 3.13, make and git; any folder will do.
#
# PYTHON=/path/to/python3.12   use this Python       PORT=8899      port of JupyterLab (default 8888 or the next free one)
# LESSON=01_url_input          one lesson only       NO_BROWSER=1   print the address, open nothing
# ARGS='-k url -x'             more for pytest       COURSE_MODE=live, OPENAI_API_KEY=… reach the lessons as they are

SHELL = /bin/sh

# Finds Python, makes .venv from the lock and keeps it so; silent and quick when nothing changed.
VENV = sh .ci/python.sh .ci/venv.py

# The kernel of .venv, even where the user has another one of the same name.
export JUPYTER_PREFER_ENV_PATH = 1

.DEFAULT_GOAL := help
.PHONY: help lab test browser sample record lock clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' Makefile

lab: ## open the course in JupyterLab
	@$(VENV)
	@exec sh .ci/lab.sh

# COURSE_MODE is dropped: the tests replay, whatever mode the shell around them is in.
test: ## run every test and every lesson, without network
	@$(VENV) tests
	@.venv/bin/python -m ruff check .
	@unset COURSE_MODE; exec sh tests/isolated.sh .venv/bin/python -m pytest --nbval --nbval-current-env \
		--nbval-sanitize-with tests/nbval_sanitize.cfg --nbval-cell-timeout 60 \
		-n 2 --dist loadscope --ignore tests/browser tests notebooks $(ARGS)

browser: ## run the lessons in JupyterLab in a real, headless browser
	@$(VENV) tests
	@sh .ci/chromium.sh
	@unset COURSE_MODE; exec sh tests/isolated.sh .venv/bin/python -m pytest tests/browser $(ARGS)

sample: ## rebuild the sample recordings from the local API (LESSON=… for one)
	@$(VENV) tests
	@.venv/bin/python -m tests.tools.record_lessons sample $(LESSON)

record: ## record the lessons with your own key and the real API (LESSON=… for one)
	@$(VENV) tests
	@.venv/bin/python -m tests.tools.record_lessons record $(LESSON)

# Both locks are made for every system and Python 3.11 up. What is pinned stays unless requirements.in forbids it;
# ARGS=--upgrade takes the newest versions, ARGS='--upgrade-package openai' one of them.
lock: ## remake requirements.txt and tests/requirements.txt (ARGS=--upgrade for newer versions)
	@$(VENV)
	@.venv/bin/python .ci/lock.py $(ARGS)

clean: ## remove .venv, caches and everything else that is made here
	@rm -rf .venv .pytest_cache .ruff_cache .hypothesis build dist *.egg-info tests/screenshots
	@find . -name .git -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) -type d -prune -exec rm -rf {} +
