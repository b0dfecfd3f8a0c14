# Both `make demo` and `make test` work on a bare clone, each first, in any order.
PYTHON ?= python3
BIN := .venv/bin
RUN ?= runs/demo

.PHONY: demo test smoke lab lint bench clean

demo: .venv/.installed  ## the seven phases on the embedded world, ten to fifteen minutes
	$(BIN)/llmlab run runs/demo

test: .venv/.installed  ## all tests; those in a real JupyterLab need Chromium (apt-get install chromium) and are skipped without it
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

smoke: .venv/.installed  ## the seven phases in their smallest form, under three minutes
	$(BIN)/llmlab run runs/smoke -f params/smoke.yaml

lab: .venv/.installed  ## the run $(RUN), runs/demo unless told otherwise, in JupyterLab
	$(BIN)/llmlab lab $(RUN)

lint: .venv/.installed
	$(BIN)/ruff check .

bench: .venv/.installed
	$(BIN)/python bench/bench.py
	$(BIN)/python bench/intake.py

clean:
	rm -rf .venv llmlab.egg-info

.venv/.installed: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info; (3, 11) <= v < (3, 13) or sys.exit("llmlab needs Python 3.11 or 3.12, and %s is %d.%d\n  fix: make PYTHON=python3.11 $(MAKECMDGOALS)" % ("$(PYTHON)", *v[:2]))'
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check $$(grep '^torch==' requirements.lock)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e .
	touch $@
