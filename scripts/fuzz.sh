#!/usr/bin/env bash
# Fuzzes each target of fuzz/ in turn for the seconds given, on the stable toolchain; a crash ends it and leaves its input
# under fuzz/artifacts. What was found stays in fuzz/corpus for the next time.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-30}
scripts/install-tool.sh cargo-fuzz
# The sanitiser is an unstable option of rustc, which a stable one takes when told so.
export RUSTC_BOOTSTRAP=1
for target in $(cd fuzz && cargo fuzz list); do
    echo "fuzz: $target, $seconds s"
    cargo fuzz run "$target" -- -max_total_time="$seconds" -rss_limit_mb=2048 -timeout=10 -verbosity=0 -print_final_stats=1 2>&1 | sed "/Recommended dictionary/,/End of recommended/d"
done
