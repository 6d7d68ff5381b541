# make run, make test, make lint: each works from nothing but Python 3.11+.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$p"; break; }; done)

RUN := .venv/bin/python
DEV := .venv-dev/bin/python
SOURCES := webapp sandbox tests bench scripts migrations worker.py

.PHONY: run test test-api test-real chaos chaos-long soak upload-long test-long lint format bench bench-1m lock venv venv-dev clean

# The whole product with its demo. Ctrl-C stops everything; the next run goes on where this one was.
run: venv
	@KONTOR_DEMO=$${KONTOR_DEMO-1} exec $(RUN) -m webapp.cli up --stop-with-parent

test: venv-dev
	@chromium=$$($(DEV) scripts/find_chromium.py --install) && \
		KONTOR_CHROMIUM="$$chromium" exec $(DEV) -m pytest $(TESTS)

# Refunds under faults and kills: 0 doubled, 0 missing. KONTOR_CHAOS_N refunds, KONTOR_CHAOS_SEED to repeat a run.
# With upload-long: 20,000 tracking numbers, a worker that is killed ten times, and the same file again.
chaos: venv-dev upload-long
	exec $(DEV) -m pytest tests/chaos -m chaos -s --timeout=600

chaos-long: venv-dev upload-long
	KONTOR_CHAOS_N=500 exec $(DEV) -m pytest tests/chaos -m chaos -s --timeout=3600

# Everything at once with one faulty answer in twenty: nothing sticks, leaks, or is paid twice. KONTOR_SOAK_S seconds.
soak: venv-dev
	exec $(DEV) -m pytest tests/soak -m soak -s --timeout=0

upload-long: venv-dev
	KONTOR_UPLOAD_CRASH_ROWS=$${KONTOR_UPLOAD_CRASH_ROWS-20000} $(DEV) -m pytest tests/jobs/test_upload_crashes.py \
		-o log_cli=true -o log_cli_level=WARNING --timeout=600

# The whole specification of the API against a running server with data: no server error, no broken shape.
# KONTOR_CONTRACT_N test cases per operation, KONTOR_CONTRACT_SEED for other ones.
test-api: venv-dev
	exec $(DEV) -m pytest tests/contract -m contract -s --timeout=330

# Against servers that nobody here wrote, from npm; skipped, and counted, where npm is not or cannot fetch them.
test-real: venv-dev
	KONTOR_TEST_REAL=1 exec $(DEV) -m pytest tests/real

# Every property of the rules on 100,000 random orders: hours, for a release. In rounds, because Hypothesis
# remembers every example of a run and would fill the memory.
test-long: venv-dev
	@for seed in $$(seq 1 20); do \
		echo "Round $$seed of 20, 5,000 examples of each property, seed $$seed"; \
		$(DEV) -m pytest tests/rules --hypothesis-profile=long --hypothesis-seed=$$seed --timeout=0 || exit 1; \
	done

lint: venv-dev
	$(DEV) -m ruff check $(wildcard $(SOURCES))
	$(DEV) -m ruff format --check $(wildcard $(SOURCES))
	$(DEV) -m mypy
	.venv-dev/bin/lint-imports --no-cache
	.venv-dev/bin/djlint --quiet --check webapp/templates
	.venv-dev/bin/djlint --quiet --lint webapp/templates
	$(DEV) scripts/check_vendor.py

format: venv-dev
	$(DEV) -m ruff check --fix $(wildcard $(SOURCES))
	$(DEV) -m ruff format $(wildcard $(SOURCES))
	.venv-dev/bin/djlint --quiet --reformat webapp/templates

# Measurements, bounded to a few minutes; bench-1m uses a million orders.
bench: venv-dev
	$(DEV) -m bench

bench-1m: venv-dev
	$(DEV) -m bench --orders 1000000

# After a change of requirements.in or requirements-dev.in.
UV := .venv-dev/bin/uv --no-config pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
lock: venv-dev
	$(UV) requirements.in -o requirements.lock
	$(UV) requirements-dev.in -o requirements-dev.lock

venv: check-python
	@$(PYTHON) scripts/make_venv.py .venv requirements.lock

venv-dev: check-python
	@$(PYTHON) scripts/make_venv.py .venv-dev requirements-dev.lock

.PHONY: check-python
check-python:
	@test -n "$(PYTHON)" || { echo "Kontor needs Python 3.11 or newer; install it, or set PYTHON to its path." >&2; exit 1; }

# What was made by the commands above; the data in ./var stay.
clean:
	rm -rf .venv .venv-dev .venv.lock .venv-dev.lock .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -rf .import_linter_cache test-results build dist *.egg-info
	find webapp sandbox tests bench scripts migrations -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
