# make run [ARGS="--source clip.mp4 --record"]   the monitor, run-time packages only
# make test                                      everything the tests need, then all tests
# make check                                     ruff and mypy
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=

# A system without libGL cannot load the OpenCV build that has windows: it gets the headless one.
OPENCV ?= $(shell (ldconfig -p 2>/dev/null || /sbin/ldconfig -p 2>/dev/null) | grep -q 'libGL\.so\.1' && echo opencv-python || echo opencv-python-headless)

# Another OpenCV build means another set of packages; the two builds overwrite each other.
RUN := $(VENV)/.run-$(OPENCV)
TEST := $(VENV)/.test-$(OPENCV)

.PHONY: run test check install clean wheel

run: $(RUN)
	@$(BIN)/python -m monitor $(ARGS)

install: $(RUN)

test: $(TEST)
	$(BIN)/python -m pytest

check: $(TEST)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

wheel: $(TEST)
	$(BIN)/python -m build --wheel

$(VENV)/.made:
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 10) <= v <= (3, 13) else "Python 3.10-3.13 is needed, this is %d.%d; name another: make PYTHON=python3.12" % v)'
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || { echo "python3-venv is missing; run: sudo apt install python3-venv"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

# Dependencies come from setup.cfg, with the OpenCV build this system can load.
$(RUN): $(VENV)/.made setup.cfg
	@rm -f $(VENV)/.run-* $(VENV)/.test-*
	@$(BIN)/pip uninstall -q -y opencv-python opencv-python-headless 2>/dev/null || true
	@$(BIN)/python deploy/requirements.py $(OPENCV) > $(VENV)/requirements.txt
	@$(BIN)/pip install -q --disable-pip-version-check -r $(VENV)/requirements.txt
	@$(BIN)/pip install -q --disable-pip-version-check --no-deps -e .
	@touch $@

$(TEST): $(RUN)
	@$(BIN)/python deploy/requirements.py $(OPENCV) test > $(VENV)/requirements.txt
	@$(BIN)/pip install -q --disable-pip-version-check -r $(VENV)/requirements.txt
	@touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
