# make play   the instrument, simulated, into out/
# make page   the instrument as a web page, out/lodestone.html
# make live   the same, alive: OSC on its ports, sound, until Ctrl-C
# make check  style checks and the whole test suite
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
JOBS ?= 2
# Tests wait for clocks and sockets for a third of their time: one worker more than there are processors fills it.
WORKERS ?= $(shell expr $(JOBS) + 1)

.PHONY: lock audit setup build play live page page-where-possible check lint test test-all-but-boards test-virtual-boards clean

setup: $(VENV)/.deps
# Every package at the version and with the hash of the lock file; `make lock` renews it.
$(VENV)/.deps: pyproject.toml requirements.lock
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --require-hashes -r requirements.lock
	$(PY) -m pip install --quiet --no-build-isolation --no-deps --config-settings=wheel.cmake=false -e .
	touch $@

lock:
	$(PY) -m pip install --quiet "uv>=0.4"
	$(PY) -m uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate --python-version 3.10 --extra dev pyproject.toml -o requirements.lock

# Known holes of what the lock file names, or one line where their list cannot be reached; then the table of licences.
audit: setup
	@$(PYTHON) -m venv build/audit
	@build/audit/bin/python -m pip install --quiet "pip-audit>=2.7" || true
	@$(PY) -m release.audit build/audit/bin/python

build: setup
	@$(PY) -m cmake -S . -B build -G Ninja -DLODESTONE_INPLACE=ON \
	  -DPython_EXECUTABLE=$(CURDIR)/$(PY) -DCMAKE_MAKE_PROGRAM="$$($(PY) -c 'import shutil,sysconfig; print(shutil.which("ninja", path=sysconfig.get_path("scripts")) or shutil.which("ninja"))')" > build.log 2>&1 || { cat build.log; exit 1; }
	@$(PY) -m cmake --build build -j $(JOBS) >> build.log 2>&1 || { cat build.log; exit 1; }
	@rm -f build.log

play: build
	$(PY) -m lodestone play --jumps 4 $(if $(LIVE),--live)

# The instrument as WebAssembly, again when its sources have changed.
build/browser/instrument.wasm: $(wildcard firmware/engine/* firmware/osc/* firmware/instrument/* firmware/browser/* definitions/*) | build
	firmware/browser/build.sh build/browser
	@touch $@

page: build build/browser/instrument.wasm
	$(PY) -m lodestone page --make

# Its tests are left out, and say so, where the compiler for WebAssembly is not there.
page-where-possible: build
	@if command -v clang++-19 >/dev/null || [ "$$LODESTONE_PAGE" = required ]; then $(MAKE) --no-print-directory page; fi

live: build
	$(PY) -m lodestone live

lint: build
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	@find bela_project bench firmware tests -name generated -prune -o \( -name '*.cpp' -o -name '*.h' -o -name '*.c' -o -name '*.cc' \) -print0 | \
	  xargs -0 $(VENV)/bin/clang-format --dry-run --Werror

# Its idle threads would spin beside the tests. The rest goes on beside the virtual boards, which
# wait now and then; their tests go in order, each board has one worker, and their output comes whole at the end.
test: export OPENBLAS_NUM_THREADS = 1
test: build page-where-possible
	@$(MAKE) --no-print-directory -j 2 test-all-but-boards test-virtual-boards

test-all-but-boards:
	$(PY) -m pytest -n $(WORKERS) --ignore tests/virtual_board

test-virtual-boards:
	@mkdir -p out
	@$(PY) -m pytest -n $(JOBS) --dist loadfile tests/virtual_board > out/virtual_board.log 2>&1; came=$$?; \
	  cat out/virtual_board.log; exit $$came

check: lint test

clean:
	rm -rf build out firmware/generated firmware/_firmware*.so firmware/_firmware.pyi firmware/lodestone-sim
