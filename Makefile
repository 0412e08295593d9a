# What each target needs beyond Rust (>= 1.95) and a C compiler: `test` and `check` need PostgreSQL's programs, which
# tools/install-for-tests installs as root, or names.

CARGO ?= cargo

.PHONY: build demo test check fmt lint bench

build:
	$(CARGO) build --locked

demo:
	$(CARGO) run --locked --quiet -- demo $(ARGS)

test:
	tools/install-for-tests
	tools/with-postgres $(CARGO) test --locked $(ARGS)

check:
	.ci/run

fmt:
	$(CARGO) fmt

lint:
	$(CARGO) clippy --locked --all-targets -- -D warnings

bench:
	$(CARGO) build --locked --profile bench
	tools/install-for-tests
	tools/with-postgres --durable target/release/courier24 bench $(ARGS)
