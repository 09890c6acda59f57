# make run [ARGS="--source clip.mp4 --record"]   the monitor, run-time packages only
# make test                                      installs the test packages, then runs all tests
# make quick                                     tests for daily work, under a minute
# make check                                     ruff, mypy, import-linter, deploy/structure.py
# make docs                                      the documentation site, into build/site
# make soak                                      long fault tests: 200 kills, 100 stops, 200,000 frames (an hour)
# make fuzz [SECONDS=60]                         atheris on settings, card, logs and pictures, SECONDS each
# make arm64 [ARM64=~/arm64]                     monitor, driver profile and quick tests on an emulated Pi
# make install-service [DESTDIR=/tmp/stage]      systemd service (docs/guides/raspberry-pi.md)
# make bench [ARGS="--source clip.mp4"]           cost of the readings on this machine, stage by stage
# make model [DATA=../shared/data]               trains the shipped expression model anew, some thirteen hours; resumes after a kill
# make lock, make audit                          pin the edge install; list known vulnerabilities of the pinned packages
# make release                                   wheel, sdist, SBOM and their checksums, checked, in dist/
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=

# A system without libGL cannot load the OpenCV build with windows and gets the headless one.
OPENCV ?= $(shell (ldconfig -p 2>/dev/null || /sbin/ldconfig -p 2>/dev/null) | grep -q 'libGL\.so\.1' && echo opencv-python || echo opencv-python-headless)

# The two OpenCV builds overwrite each other, so each has its own marker file.
RUN := $(VENV)/.run-$(OPENCV)
TEST := $(VENV)/.test-$(OPENCV)

.PHONY: docs screenshots run test quick check install clean wheel bench model soak fuzz arm64 install-service lock audit sbom release

run: $(RUN)
	@$(BIN)/python -m monitor $(ARGS)

install: $(RUN)

# Two processes; tests of one file run in one process, because they share fixtures.
JOBS ?= 2
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist loadfile

test: $(TEST)
	$(PYTEST)

quick: $(TEST)
	$(PYTEST) -q -m "not soak and not slow"

check: $(TEST)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	@$(BIN)/python deploy/structure.py

# The reference pages are made from the code; any warning is a failure.
docs: $(TEST)
	$(BIN)/python docs/generate.py
	$(BIN)/zensical build --clean --strict

# Pictures of the docs, from the real program.
screenshots: $(TEST)
	$(BIN)/python -m benchmarks.screenshots

bench: $(RUN)
	@$(BIN)/python -m monitor bench $(ARGS)

# The chain of recipes (train/recipes, docs/experiments.csv): teachers, and pupils distilled from them. Downloads 145 MB.
DATA ?= ../shared/data
model: $(TEST)
	$(BIN)/python -m train prepare --data $(DATA)/fer2013.zip
	$(BIN)/python -m train prepare --task keypoints --data $(DATA)
	$(BIN)/python -m train fetch
	for recipe in first second quick refine distilled distilled2 grown teacher pupil teacher2 pupil2 pupil3 teacher3 pupil4 pupil5; do \
		$(BIN)/python -m train fit --recipe $$recipe --resume || exit $$?; done
	$(BIN)/python -m train prepare --data $(DATA)/fer2013.zip --data $(DATA)/expressions.zip --out runs/mixed.npz
	for recipe in mixed mixed2; do \
		$(BIN)/python -m train fit --recipe $$recipe --data runs/mixed.npz --resume || exit $$?; done
	$(BIN)/python -m train export --run runs/mixed2 --data runs/mixed.npz
	$(BIN)/python -m train evaluate --data runs/mixed.npz --update-card
	$(BIN)/python -m train cards

soak: $(TEST)
	$(BIN)/python -m pytest -m soak -s

SECONDS ?= 60
fuzz: $(TEST)
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(BIN)/pip install -q --disable-pip-version-check atheris \
		|| { echo "atheris has no wheel for this Python and machine; make test fuzzes with hypothesis"; exit 2; }
	OPENCV_FFMPEG_LOGLEVEL=-8 OPENCV_LOG_LEVEL=SILENT $(BIN)/python -m tests.faults.fuzz $(SECONDS)

# The emulator lies outside of the repository (../shared/tools/arm64-python); its packages are the pinned ones.
ARM64 ?= $(HOME)/arm64
arm64: $(TEST)
	@test -x ../shared/tools/arm64-python || { echo "../shared/tools/arm64-python is not here"; exit 2; }
	$(BIN)/python deploy/arm64.py ../shared/tools/arm64-python $(ARM64)

install-service:
	DESTDIR="$(DESTDIR)" PYTHON="$(PYTHON)" deploy/install-service.sh

# In an environment of their own, so that they do not influence the packages that they check.
$(VENV)/tools: $(VENV)/.made
	$(PYTHON) -m venv $@
	@$@/bin/pip install -q --disable-pip-version-check pip-tools pip-audit pip-licenses

# setuptools builds our own package during the installation; from 70.1 on it needs no package "wheel".
# pip-compile lists it separately as unsafe to pin, with a comment that is removed.
lock: $(VENV)/tools
	@$(BIN)/python deploy/requirements.py opencv-python-headless mqtt > $(VENV)/edge.in
	@echo 'setuptools>=70.1' >> $(VENV)/edge.in
	$(VENV)/tools/bin/pip-compile -q --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate --no-emit-index-url \
		--no-emit-find-links -o $(VENV)/edge.lock $(VENV)/edge.in
	@{ echo "# The edge install, every file pinned by its sha256 (Python 3.11-3.13, x86_64 and aarch64): make lock"; \
		sed '/^#/d; /^$$/d' $(VENV)/edge.lock; } > deploy/edge.lock
	@echo simplejpeg > $(VENV)/picamera.in
	$(VENV)/tools/bin/pip-compile -q --generate-hashes --allow-unsafe --strip-extras --no-header --no-annotate --no-emit-index-url \
		--no-emit-find-links -c deploy/edge.lock -o $(VENV)/picamera.lock $(VENV)/picamera.in
	@{ echo "# For a CSI camera: picamera2's own simplejpeg (apt) was built for an older NumPy than edge.lock's: make lock"; \
		sed -n '/^simplejpeg==/,/[^\\]$$/p' $(VENV)/picamera.lock; } > deploy/picamera.lock

# --strict: a package that could not be looked up is a failure, not a pass.
audit: $(VENV)/tools
	$(VENV)/tools/bin/pip-audit --strict --disable-pip --require-hashes -r deploy/edge.lock

$(VENV)/release-tools: $(VENV)/.made
	$(PYTHON) -m venv $@
	@$@/bin/pip install -q --disable-pip-version-check build twine check-wheel-contents cyclonedx-bom

# What the edge install consists of, with the hash of every file, in CycloneDX; the same lock gives the same file.
sbom: $(VENV)/release-tools
	@mkdir -p dist
	@printf '[project]\nname = "emotion-monitor"\nversion = "%s"\nlicense = "MIT"\n' \
		"$$(sed -n 's/^__version__ = "\(.*\)"/\1/p' monitor/__init__.py)" > $(VENV)/sbom.toml
	$(VENV)/release-tools/bin/cyclonedx-py requirements --output-reproducible --pyproject $(VENV)/sbom.toml \
		-o dist/emotion-monitor.cdx.json deploy/edge.lock

release: sbom
	rm -f dist/*.whl dist/*.tar.gz dist/SHA256SUMS*
	$(VENV)/release-tools/bin/python -m build -o dist .
	$(VENV)/release-tools/bin/twine check --strict dist/*.whl dist/*.tar.gz
	$(VENV)/release-tools/bin/check-wheel-contents --ignore W009 dist/*.whl  # emotion_monitor, monitor and train
	cd dist && sha256sum *.whl *.tar.gz *.cdx.json > SHA256SUMS

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
	@echo "installing OpenCV, LiteRT, NumPy, PyYAML and rich into $(VENV): once, 330 to 380 MB"
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
