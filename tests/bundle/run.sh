#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Runs the suites on this machine's GPU, then the benchmarks, and writes DATE-GPU-COMMIT.json, for docs/benchmarks/; the kernel's variants go to
# DATE-GPU-COMMIT-kernels.ndjson beside it.
#
#	run.sh [--out FOLDER] [--bytes N] [--minutes N] [--suites | --bench] [--library PATH]
#
# --out: where the JSON and the output of each suite go (results, here).  --bytes: size of the largest shard of the benchmark.  --suites and
# --bench: only that part.  --minutes: the benchmarks come first, and when the time is up what runs is stopped, what was not begun is left out and
# counted, and all that was found is written.  --library: this driver library instead of the system's; everything is then marked as simulated.
# VRES_TEST_MINUTE: how many seconds a minute has, to try that out.
# Exit status: 0 everything passed; 1 something failed; 77 there is no GPU, and nothing was run.
set -u
here=$(cd "$(dirname "$0")" && pwd)
out=$here/results bytes='' parts='suites bench' library='' minutes='' minute=${VRES_TEST_MINUTE:-60} begin=$(date +%s)
while [ $# -gt 0 ]; do
    case $1 in
    --out) out=$2; shift ;;
    --bytes) bytes=$2; shift ;;
    --minutes)
        minutes=$2
        case $minutes in '' | 0 | *[!0-9]*) echo "--minutes takes a number of minutes, from 1 on" >&2; exit 2 ;; esac
        shift
        ;;
    --suites) parts=suites ;;
    --bench) parts=bench ;;
    --library) library=$2; shift ;;
    *) sed -n '3,13s/^# \{0,1\}//p' "$0"; exit 2 ;;
    esac
    shift
done
[ -z "$minutes" ] || [ "$parts" != 'suites bench' ] || parts='bench suites'
{ mkdir -p "$out" && [ -w "$out" ]; } || { echo "cannot write to $out: name another folder with --out" >&2; exit 2; }
# The suites keep temporary files there; the benchmarks keep none.
no_suites=''
[ -w /tmp ] || { no_suites='not run: the suites, since /tmp cannot be written' && parts=bench && echo "$no_suites"; }
commit=$(cat "$here/COMMIT")
date=$(date -u +%Y-%m-%d)
[ -z "$library" ] || { VRES_TEST_LIBRARY=$library; VRES_TEST_BLIND=1; export VRES_TEST_LIBRARY VRES_TEST_BLIND; }
# All rounds of every loop take long where each round crosses a bus.
VRES_TEST_SCALE=${VRES_TEST_SCALE:-25}
export VRES_TEST_SCALE

text() { printf '%s' "$1" | tr -d '\000-\037' | sed 's/\\/\\\\/g; s/"/\\"/g'; }
string() { if [ -n "$1" ]; then printf '"%s"' "$(text "$1")"; else printf null; fi; }
value() { sed -n "s/^$1=//p" "$2" | head -n 1; }

# seconds : how many are left; limited COMMAND... : no longer than that.  124: stopped since the time was up.
seconds() { if [ -n "$minutes" ]; then echo $((begin + minutes * minute - $(date +%s))); else echo 1000000; fi; }
limited() {
    left=$(seconds)
    [ "$left" -gt 0 ] || return 124
    timeout -k 10 "$left" "$@"
}

# late STATUS WHAT : was it stopped, or not begun, since the time was up?
late() {
    [ "$1" -eq 124 ] && [ "$(seconds)" -le 0 ] || return 1
    left_out=$((left_out + 1)) left_names="$left_names $2"
    [ $left_out -gt 1 ] || echo "the time is up: $2 was not begun or not finished, and what comes after it is left out"
}

# suite BACKEND NAME : run it; a line of JSON in $out/suites, a line for people.
suite() {
    log=$out/$1.$2.log
    # In one process, since a context of the GPU takes long to make; tests that end a context, or crash, need one each.
    fork=no
    [ "$2" = contract ] && fork=yes
    CK_FORK=$fork VRES_TEST_DEVICE=$1 limited "$here/suites" "$2" >"$log" 2>&1
    status=$?
    if late $status "$2"; then return; fi
    if [ $fork = no ] && [ $status -ne 0 ]; then
        CK_FORK=yes VRES_TEST_DEVICE=$1 limited "$here/suites" "$2" >"$log" 2>&1
        status=$?
        if late $status "$2"; then return; fi
    fi
    # shellcheck disable=SC2046 # words of one line
    set -- "$1" "$2" $(sed -n 's/^suite .* run \([0-9]*\) passed \([0-9]*\) failed \([0-9]*\) skipped \([0-9]*\)$/\1 \2 \3 \4/p' "$log" | tail -n 1)
    [ $# -eq 6 ] || set -- "$1" "$2" 1 0 1 0 # it did not come to its end
    word=ok
    if [ $status -ne 0 ] || [ "$5" -ne 0 ]; then word=FAILED failed=1; fi
    printf '%-8s %-6s %-30s run %3d passed %3d failed %3d skipped %3d\n' "$word" "$1" "$2" "$3" "$4" "$5" "$6"
    sed -n 's/^not run here: /         not run: /p' "$log"
    [ "$word" = ok ] || grep -E ':[FE]:' "$log" | head -n 5
    printf '{"backend":"%s","name":"%s","run":%d,"passed":%d,"failed":%d,"skipped":%d}\n' "$1" "$2" "$3" "$4" "$5" "$6" >>"$out/suites"
}

# figures BACKEND : what its benchmark has printed so far, into $out/bench.
figures() {
    grep -q '"name"' "$out/$1.bench.json" || return 0
    [ ! -s "$out/bench" ] || echo , >>"$out/bench"
    sed -n '/"name"/p' "$out/$1.bench.json" | sed '$s/,$//' >>"$out/bench"
}

# bench BACKEND : its figures into $out/bench, those that were taken, too, if the time is up before the end.
bench() {
    # shellcheck disable=SC2086 # no bytes, no argument
    VRES_TEST_DEVICE=$1 limited "$here/suites" bench $bytes >"$out/$1.bench.json" 2>"$out/$1.bench.log"
    status=$?
    if late $status "the benchmark"; then figures "$1" && return; fi
    if [ $status -eq 0 ]; then
        figures "$1"
        cat "$out/$1.bench.json"
        sm_clock=$(value sm_clock_mhz "$out/$1.bench.log")
    else
        failed=1
        printf 'FAILED   %-6s benchmark: ' "$1"
        cat "$out/$1.bench.log"
    fi
}

# kernels : the hash kernel's variants side by side, on CUDA.
kernels() {
    # shellcheck disable=SC2086 # no bytes, no argument
    limited "$here/kernel_bench" ${library:+--library "$library" --rounds 1} ${bytes:+--bytes $bytes} >"$out/kernels.ndjson" 2>"$out/kernels.log"
    status=$?
    if late $status kernel_bench; then return; fi
    if [ $status -eq 0 ]; then
        cat "$out/kernels.ndjson"
    else
        failed=1
        echo "FAILED   cuda   kernel_bench: $(cat "$out/kernels.log")"
    fi
}

rm -f "$out/suites" "$out/bench" "$out/backends" "$out/kernels.ndjson"
touch "$out/suites" "$out/bench"
failed=0 left_out=0 left_names='' gpu='' driver='' sm_clock='' simulated=false ran=''
while read -r backend; do
    probe=$out/$backend.probe
    VRES_TEST_DEVICE=$backend limited "$here/suites" probe >"$probe" 2>&1
    status=$?
    if late $status "$backend"; then
        echo 'the time is up' >"$probe"
        status=77
    fi
    if [ $status -ne 0 ]; then
        why=$(head -n 1 "$probe")
        [ $status -eq 77 ] || failed=1
        printf 'not run  %-6s %s\n' "$backend" "$why"
        printf '{"name":"%s","ran":false,"why":"%s"}\n' "$backend" "$(text "$why")" >>"$out/backends"
        continue
    fi
    ran="$ran $backend"
    gpu=$(value gpu_name "$probe") driver=$(value driver "$probe")
    [ "$(value simulated "$probe")" = 0 ] || simulated=true
    printf 'running  %-6s %s, driver %s, commit %s\n' "$backend" "$gpu" "$driver" "$commit"
    [ $simulated = false ] || echo 'SIMULATED: the driver library was given; nothing here says anything about hardware'
    printf '{"name":"%s","ran":true,"why":null}\n' "$backend" >>"$out/backends"
    for part in $parts; do
        if [ "$part" = bench ]; then
            [ "$backend" != cuda ] || kernels
            bench "$backend"
            continue
        fi
        for name in $("$here/suites" list | grep -v '^unit'); do suite "$backend" "$name"; done
    done
done <"$here/BACKENDS"
# What is the host's, once, whichever backends there are.
case $ran/$parts in
*[a-z]/*suites*) for name in $("$here/suites" list | grep '^unit'); do suite mock "$name"; done ;;
esac

name=$(printf '%s' "${gpu:-none}" | tr '[:upper:]' '[:lower:]' | tr -cs '[:alnum:]\n' '-' | sed 's/-$//')
[ $simulated = false ] || name=simulated-$name
json=$out/$date-$name-$commit.json
{
    printf '{"gpu_name":%s,"driver":%s,"sm_clock_mhz":%s,"commit":"%s","date":"%s","simulated":%s,"minutes":%s,"left_out":%d,\n' \
        "$(string "$gpu")" "$(string "$driver")" "${sm_clock:-null}" "$commit" "$date" "$simulated" "${minutes:-null}" "$left_out"
    printf '"backends":[\n%s\n],\n' "$(sed '$!s/$/,/' "$out/backends")"
    printf '"suites":[\n%s\n],\n' "$(sed '$!s/$/,/' "$out/suites")"
    printf '"benchmarks":[\n%s\n]}\n' "$(cat "$out/bench")"
} >"$json"
# One table of all figures.
number='\([0-9.e+nul-]*\)'
[ ! -s "$out/kernels.ndjson" ] || {
    sed -n 's/.*"bench":"image".*"image":"\([^"]*\)".*"\(digests\|why\)":"\([^"]*\)".*/image: \1: \3/p' "$out/kernels.ndjson"
    echo 'kernel                         GB/s of bound   digests, image'
    sed -n "s/.*\"status\":\"run\".*\"kernel\":\"\([^\"]*\)\",\"image\":\"\([^\"]*\)\".*\"digests\":\"\([^\"]*\)\".*\"gb_per_s\":$number.*\"of_bound\":$number.*/\1|\4|\5|\3, \2/p" \
        "$out/kernels.ndjson" | while IFS='|' read -r kernel rate of what; do printf '%-26s %8s %8s   %s\n' "$kernel" "$rate" "$of" "$what"; done
    echo 'hashing as the library does it                            us   times its bytes at the bound'
    sed -n "s/.*\"bench\":\"path\".*\"case\":\"\([^\"]*\)\".*\"bytes\":$number.*\"median_ns\":$number.*\"times_bytes_over_bound\":$number.*/\1, \2 bytes|\3|\4/p" \
        "$out/kernels.ndjson" | while IFS='|' read -r what ns times; do printf '%-52s %9s %8s\n' "$what" $((ns / 1000)) "$times"; done
}
sed -n "s/.*\"name\":\"\([^\"]*\)\",\"value\":$number,\"unit\":\"\([^\"]*\)\".*/\1|\2|\3/p" "$out/bench" |
    while IFS='|' read -r name value unit; do printf '%-40s %12s %s\n' "$name" "$value" "$unit"; done
[ $left_out -eq 0 ] || printf 'left out, since the time was up (%s min): %s:%s\n' "$minutes" "$left_out" "$left_names" | fold -s -w 150
[ ! -s "$out/kernels.ndjson" ] || mv "$out/kernels.ndjson" "${json%.json}-kernels.ndjson"
rm -f "$out/suites" "$out/bench" "$out/backends"
echo "written: $json"
[ -z "$no_suites" ] || echo "$no_suites"
echo "not in this bundle: see $here/NOT-HERE"
if [ -z "$ran" ] && [ $failed -eq 0 ]; then
    echo 'not run: no GPU and driver that a backend here can use'
    exit 77
fi
[ $failed -eq 0 ] || { echo "FAILED on:$ran"; exit 1; }
so_far=
[ $left_out -eq 0 ] || so_far=', as far as it came'
[ $simulated = true ] || { echo "passed$so_far, on:$ran"; exit 0; }
echo "passed, simulated$so_far, on:$ran"
