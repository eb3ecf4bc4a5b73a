#!/usr/bin/env bash
# Runs the tests named by the arguments (of `cargo test`), with cargo-nextest where it is installed, and ends with a list
# of what was skipped and why: a test that cannot run here prints a line `SKIPPED: …`, which runners hide when it passes.
set -euo pipefail
cd "$(dirname "$0")/.."
out=${CARGO_TARGET_DIR:-target}
mkdir -p "$out"
log=$out/test-output.log

skipped() {
    local lines
    lines=$(grep -ohE 'SKIPPED: [^<]*' "$log" | sed "s/&apos;/'/g; s/&quot;/\"/g; s/&amp;/\&/g" | sort | uniq -c |
        sed -E 's/^ *([0-9]+) /\1 × /') || return 0
    printf '\nSkipped on this machine:\n%s\n' "$lines"
}

status=0
if cargo nextest --version >/dev/null 2>&1; then
    rm -f "$out/nextest/default/junit.xml"
    cargo nextest run --locked --no-tests=pass "$@" || status=$?
    cp "$out/nextest/default/junit.xml" "$log" 2>/dev/null || : >"$log"
    # nextest leaves the examples in the documentation to cargo.
    if [[ $status = 0 && $* = --workspace ]]; then
        cargo test --quiet --locked --doc "$@" || status=$?
    fi
else
    cargo test --locked --no-fail-fast "$@" -- --show-output 2>&1 | tee "$log" || status=$?
fi
skipped
exit "$status"
