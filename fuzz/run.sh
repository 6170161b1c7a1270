#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# fuzz/run.sh SECONDS BUILD_DIR [TARGET...]: fuzz every target for that long, or those named, starting from the kept corpus.  What is new goes into a
# temporary folder; a crashing input is kept in BUILD_DIR/fuzz/crashes and its name printed.
set -eu
[ $# -ge 2 ] || { echo "usage: fuzz/run.sh SECONDS BUILD_DIR [TARGET...]" >&2; exit 2; }
seconds=$1
build=$2/fuzz
shift 2
here=$(dirname "$0")
new=$(mktemp -d)
trap 'rm -rf "$new"' EXIT
mkdir -p "$build/crashes"
export ASAN_OPTIONS=detect_leaks=1:allocator_may_return_null=1 UBSAN_OPTIONS=print_stacktrace=1
[ $# -gt 0 ] || set -- "$build"/fuzz_*
passed=0
failed=0
for target in "$@"; do
    target=${target##*/fuzz_}
    program=$build/fuzz_$target
    [ -x "$program" ] || { echo "FAILED  $target: there is no $program"; failed=$((failed + 1)); continue; }
    mkdir -p "$new/$target"
    options="-max_total_time=$seconds -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix=$build/crashes/$target-"
    [ ! -f "$here/dict/$target.dict" ] || options="$options -dict=$here/dict/$target.dict"
    if "$program" $options "$new/$target" "$here/corpus/$target" >"$build/$target.log" 2>&1; then
        passed=$((passed + 1))
        echo "ok      $target: $(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$target.log") runs"
    else
        failed=$((failed + 1))
        echo "FAILED  $target (see $build/$target.log)"
        tail -n 40 "$build/$target.log"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
