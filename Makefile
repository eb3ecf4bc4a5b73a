# What a person runs, and CI with them: `make help` lists it. Only Rust and a C compiler are needed for `make`,
# `make demo` and `make test`; the other targets fetch what they need and say so.

SHELL := /bin/bash
.DEFAULT_GOAL := build
PREFIX ?= /usr/local
.PHONY: build install demo test interop bench lint advisories fuzz help

TARGET := $(or $(CARGO_TARGET_DIR),target)
# Tools are built once for a machine, not once for a clone.
export HONGYAN_TOOLS ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/hongyan/tools
export PATH := $(HONGYAN_TOOLS)/bin:$(PATH)

build: ## build the program (release) and link ./send and ./recv to it
	cargo build --release --locked -p hongyan
	@ln -sfn $(TARGET)/release/hongyan send
	@ln -sfn $(TARGET)/release/hongyan recv

install: build ## install the program, its manual pages and completions below PREFIX (/usr/local)
	@mkdir -p $(addprefix $(DESTDIR)$(PREFIX)/,bin share/man/man1 share/bash-completion/completions \
	  share/zsh/site-functions share/fish/vendor_completions.d)
	install -m 755 $(TARGET)/release/hongyan $(DESTDIR)$(PREFIX)/bin/hongyan
	$(TARGET)/release/hongyan man $(DESTDIR)$(PREFIX)/share/man/man1
	$(TARGET)/release/hongyan completions bash > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/hongyan
	$(TARGET)/release/hongyan completions zsh > $(DESTDIR)$(PREFIX)/share/zsh/site-functions/_hongyan
	$(TARGET)/release/hongyan completions fish > $(DESTDIR)$(PREFIX)/share/fish/vendor_completions.d/hongyan.fish

demo: build ## start the sandbox, send it the showcase mail, show the conversation and what arrived
	@$(TARGET)/release/hongyan demo

test: ## run every test that needs no other program
	@scripts/test.sh --workspace

interop: ## run the tests against real servers and clients (scripts/install-peers.sh installs them)
	@HONGYAN_INTEROP=1 scripts/test.sh -p hongyan --test interop

bench: ## measure against the peers and write docs/performance.md; QUICK=1 for a tenth of the messages
	cargo build --release --locked -p hongyan --bins --examples
	@bench/run $(if $(QUICK),--quick) $(if $(ONLY),--only '$(ONLY)')

lint: ## formatting, clippy, rustdoc and cargo deny, warnings as errors
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	@# A module's header may point at private neighbours: whoever reads it reads the source.
	RUSTDOCFLAGS='-D warnings -A rustdoc::private_intra_doc_links' cargo doc --workspace --no-deps --locked
	@scripts/install-tool.sh cargo-deny
	cargo deny --locked check bans licenses sources

advisories: ## ask the advisory database about our dependencies (needs GitHub; best effort, fails nothing)
	@scripts/install-tool.sh cargo-deny
	@cargo deny --locked check advisories \
	  || echo 'advisories: found something above, or the advisory database could not be fetched; this step fails nothing'

fuzz: ## fuzz each target for a while (SECONDS_EACH=30)
	@scripts/fuzz.sh $(or $(SECONDS_EACH),30)

help: ## this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1|/' | awk -F'|' '{printf "make %-11s %s\n", $$1, $$2}'
