#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# fuzz/run.sh SECONDS BUILD_DIR [DOOR...]: fuzz every door for so long, or those named, starting from the kept corpus.  What is new goes into a
# temporary folder; a crashing input is kept in BUILD_DIR/fuzz/crashes and its name printed.
set -eu
[ $# -ge 2 ] || { echo "usage: fuzz/run.sh SECONDS BUILD_DIR [DOOR...]" >&2; exit 2; }
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
for door in "$@"; do
    door=${door##*/fuzz_}
    target=$build/fuzz_$door
    [ -x "$target" ] || { echo "FAILED  $door: there is no $target"; failed=$((failed + 1)); continue; }
    mkdir -p "$new/$door"
    options="-max_total_time=$seconds -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 -artifact_prefix=$build/crashes/$door-"
    [ ! -f "$here/dict/$door.dict" ] || options="$options -dict=$here/dict/$door.dict"
    if "$target" $options "$new/$door" "$here/corpus/$door" >"$build/$door.log" 2>&1; then
        passed=$((passed + 1))
        echo "ok      $door: $(sed -n 's/^stat::number_of_executed_units: *//p' "$build/$door.log") runs"
    else
        failed=$((failed + 1))
        echo "FAILED  $door (see $build/$door.log)"
        tail -n 40 "$build/$door.log"
    fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
