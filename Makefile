# What each target needs beyond Rust (>= 1.95) and a C compiler: Node (>= 20) with npm for the pages; `test` and `check` need PostgreSQL's
# programs and Chromium too, which tools/install-for-tests installs as root, or names.

CARGO ?= cargo

.PHONY: build ui demo test check fmt lint bench

build: ui
	$(CARGO) build --locked

# The pages, built only when their sources or pins changed.
ui: ui/dist/manifest.json

ui/node_modules/.package-lock.json: ui/package.json ui/package-lock.json
	cd ui && npm ci --ignore-scripts --no-audit --no-fund --fetch-retries=5
	touch $@

ui/dist/manifest.json: ui/node_modules/.package-lock.json ui/vite.config.ts $(shell find ui/src ui/public -type f)
	cd ui && npm run --silent build

# Without Node the story is told all the same; the portal's pages then say what to run.
demo:
	@$(MAKE) --no-print-directory ui || echo "The pages were not built (Node >= 20 with npm does it): the demo runs without them." >&2
	$(CARGO) run --locked --quiet -- demo $(ARGS)

test: ui
	tools/install-for-tests
	tools/with-postgres $(CARGO) test --locked $(ARGS)
	BINARY=target/debug/courier24 e2e/run

check:
	.ci/run

fmt:
	$(CARGO) fmt

lint:
	$(CARGO) clippy --locked --all-targets -- -D warnings

bench: ui
	$(CARGO) build --locked --profile bench
	tools/install-for-tests
	tools/with-postgres --durable target/release/courier24 bench $(ARGS)
