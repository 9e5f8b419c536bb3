#!/bin/sh
# Runs the fuzz targets: ./check fuzz [SECONDS] [TARGET...]
#
# Each target runs for SECONDS (10 when not told), as many at a time as there are processors. It begins with its seeds in
# fuzz/seeds and with what earlier runs found, which stays in fuzz/target/corpus. Any toolchain will do: the
# instrumentation is asked of the compiler itself. libFuzzer needs a C++ compiler; without one this is skipped, unless
# TOFU_OCI_REQUIRE_FUZZ is set.
set -eu
cd -- "$(dirname -- "$0")"

if [ "${1-}" = --one ]; then
    seconds=$2 target=$3
    corpus=target/corpus/$target log=target/logs/$target.log
    found=target/found/$target-
    mkdir -p "$corpus"
    if TOFU_OCI_FUZZ_TARGET=$target "$TOFU_OCI_FUZZ_PROGRAM" -max_total_time="$seconds" -timeout=10 \
        -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix="$found" "$corpus" "seeds/$target" >"$log" 2>&1; then
        runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
        printf '%-18s ok, %s runs\n' "$target" "$runs"
        exit 0
    fi
    printf '%-18s FAILED\n' "$target"
    grep -v '^#' "$log" | tail -n 40
    printf 'run it again: TOFU_OCI_FUZZ_TARGET=%s %s FILE, with a FILE of fuzz/%s*\n' \
        "$target" "fuzz/$TOFU_OCI_FUZZ_PROGRAM" "$found"
    exit 1
fi

seconds=10
case ${1-} in
    '' | *[!0-9]*) ;;
    *)
        seconds=$1
        shift
        ;;
esac
for target; do
    if [ ! -d "seeds/$target" ]; then
        printf 'check: there is no fuzz target "%s"; there are:\n%s\n' "$target" "$(ls seeds)" >&2
        exit 2
    fi
done

if ! command -v "${CXX:-c++}" >/dev/null 2>&1; then
    printf 'SKIPPED fuzz: no C++ compiler (%s)\n' "${CXX:-c++}"
    [ -z "${TOFU_OCI_REQUIRE_FUZZ-}" ]
    exit
fi

host=$(rustc -vV | sed -n 's/^host: //p')
# For the target only: build scripts are not instrumented.
RUSTFLAGS="-Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares -Clink-dead-code -Ccodegen-units=1" \
    cargo build --release --locked --target "$host"
TOFU_OCI_FUZZ_PROGRAM=target/$host/release/tofu-oci-fuzz
export TOFU_OCI_FUZZ_PROGRAM

mkdir -p target/logs target/found
at_a_time=$(getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
if [ $# = 0 ]; then
    # shellcheck disable=SC2046 # names of ours, without blanks
    set -- $(ls seeds)
fi
printf '%s\n' "$@" | xargs -P "$at_a_time" -n 1 sh run.sh --one "$seconds"
