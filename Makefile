# The two commands: `cargo run --release -- demo` does the main job, `make test` passes all tests.

# cargo-nextest runs tests in parallel and reports better; plain cargo does the same work.
NEXTEST := $(shell cargo nextest --version >/dev/null 2>&1 && echo yes)
RUN := $(if $(NEXTEST),cargo nextest run,cargo test)

# Chosen by name from the whole workspace, fast and slow tests share what is compiled: no name stands on both sides.
SLOW := crates/statistical-tests
tests = $(patsubst %.rs,--test %,$(notdir $(wildcard $(addsuffix /tests/*.rs,$(1)))))
FAST_TESTS := --lib --bins --examples $(call tests,$(filter-out $(SLOW),$(wildcard crates/*)))
SLOW_TESTS := $(call tests,$(SLOW))

.PHONY: test fast python wheel statistical guide studies notebooks lint format sanitize benchmark-sbibm benchmark-record \
	benchmark-peers benchmark-peers-quick benchmark-instructions

# All tests together are optimised: what they need is compiled once for all of them, and slow tests take half the time.
test: PROFILE := --release
test: fast python statistical guide ## everything: Rust, Python, documents

fast: ## unit and integration tests, and the examples in the documentation comments
	$(RUN) $(PROFILE) --workspace $(FAST_TESTS)
	cargo test $(PROFILE) --workspace --doc

# RETRODICT_PYTHON names the Python to test with; without a network there is nothing to install, and this says so.
PYTHON_PACKAGE := $(CURDIR)/target/python-package
python: ## the Python package in an empty environment: its tests, examples and types; xarray opens the draws of a run
	python/test
	@python=$(PYTHON_PACKAGE)/clean/bin/python; test ! -x "$$python" || \
		RETRODICT_PYTHON="$$python" cargo test $(PROFILE) --workspace --lib xarray -- --ignored

# The wheel is not made from the source archive: files in there are years old, and cargo takes what it compiled before
# for newer.
wheel: ## the wheel and the source as they are published, in target/wheels: for any Linux of the last ten years
	test -x $(PYTHON_PACKAGE)/tools/bin/python || python3 -m venv $(PYTHON_PACKAGE)/tools
	$(PYTHON_PACKAGE)/tools/bin/python -m pip install --quiet "maturin>=1.9,<2" ziglang
	PATH=$(PYTHON_PACKAGE)/tools/bin:$$PATH maturin sdist
	PATH=$(PYTHON_PACKAGE)/tools/bin:$$PATH maturin build --release --zig --compatibility manylinux2014

statistical: ## slow tests: calibration, false-alarm rates, exact posteriors
	$(RUN) --release --workspace $(SLOW_TESTS)

# Named beside the Python package, the command shares what was compiled for that.
BUILD_COMMAND := cargo build --release -p retrodict-cli -p retrodict-python --bin retrodict

guide: ## run the examples of README.md, docs/ and studies/, and build the guide
	$(BUILD_COMMAND)
	python3 docs/run_examples.py --retrodict target/release/retrodict README.md docs/src studies
	docs/build

STUDIES := $(wildcard studies/methods/*.toml)
STUDY_RUNS := $(CURDIR)/target/studies
studies: ## every method on known problems: runs studies/, writes the tables and figures of the guide; two hours
	$(BUILD_COMMAND)
	@mkdir -p $(STUDY_RUNS)
	@for study in $(STUDIES); do \
		target/release/retrodict run $$study --out $(STUDY_RUNS)/$$(basename $$study .toml) || test $$? = 3 || exit 1; \
	done
	target/release/retrodict run studies/lynx-hare/study.toml --out $(STUDY_RUNS)/lynx-hare || test $$? = 3
	python3 studies/table.py $(STUDY_RUNS)

notebooks: ## runs docs/notebooks with Jupyter and the wheel that `make python` built, and saves what they show
	test -x $(PYTHON_PACKAGE)/jupyter/bin/python || python3 -m venv $(PYTHON_PACKAGE)/jupyter
	$(PYTHON_PACKAGE)/jupyter/bin/python -m pip install --quiet numpy nbformat nbclient ipykernel
	$(PYTHON_PACKAGE)/jupyter/bin/python -m pip install --quiet --force-reinstall --no-deps $(PYTHON_PACKAGE)/wheels/*.whl
	$(PYTHON_PACKAGE)/jupyter/bin/python docs/notebooks/save

# Optimised, or not, is the same to lints; but macros and build scripts that are compiled for them serve `make test`, too.
lint: ## formatting, lints and documentation warnings
	cargo fmt --all --check
	cargo clippy --release --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" cargo doc --release --workspace --no-deps

format:
	cargo fmt --all

# The sanitizer is not stable: the variable lets the stable compiler use it. Its own folder, because
# other flags would compile everything again.
SANITIZE_TARGET := $(shell rustc -vV | sed -n 's/^host: //p')
sanitize: ## the kernels' tests, on every SIMD tier, under address sanitizer
	RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Zsanitizer=address CARGO_TARGET_DIR=target/sanitize \
		cargo test -p retrodict-kernels --lib --target $(SANITIZE_TARGET)

benchmark-sbibm: ## the accuracy table of docs/src/accuracy.md
	benchmarks/sbibm/download.sh
	cargo run --release -p retrodict-benchmark-sbibm -- run
	cargo run --release -p retrodict-benchmark-sbibm -- table

benchmark-record: ## every method at three budgets, for the page on accuracy: hours, and goes on where it was stopped
	benchmarks/sbibm/record.sh

benchmark-peers: ## the speed table of docs/src/speed.md: sets up Python with sbi and JAX first
	benchmarks/sbibm/download.sh
	benchmarks/peers/run

benchmark-peers-quick: ## the same in three minutes, with fewer repeats and without the long rows
	benchmarks/peers/run --quick

benchmark-instructions: ## instructions of two training steps of five networks, a phase at a time; needs valgrind
	cargo build --release -p retrodict --example training_step
	@for phase in forward backward optimize; do \
		RETRODICT_TIER=avx2 valgrind --tool=callgrind --callgrind-out-file=/dev/null \
			--toggle-collect="*training_step*Step*$$phase*" \
			target/release/examples/training_step 2 2>&1 >/dev/null | \
			sed -n "s/.*Collected : */$$phase: /p"; \
	done
