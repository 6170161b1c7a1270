# shellcheck shell=sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What ci/demo and ci/test share: installing what is missing, and running steps with their output kept.  Sourced, not run.

set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
logs=$root/build/logs
mkdir -p "$logs"
# What the packages install comes before what else this machine has: another Python may lie where ordinary users cannot go.
export PATH=/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin:$PATH

# need PACKAGE... : install what is missing, or name the one line that does.
need() {
    missing=
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
    done
    [ -z "$missing" ] && return 0
    if [ "$(id -u)" -ne 0 ]; then
        echo "missing packages; run: sudo apt-get install -y --no-install-recommends$missing" >&2
        exit 1
    fi
    echo "installing:$missing"
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update && apt-get install -y --no-install-recommends $missing; } >"$logs/packages.log" 2>&1 ||
        { tail -n 20 "$logs/packages.log" >&2; exit 1; }
}

# want PACKAGE... : install what this release of Debian has; what needs them says "not run" where they are missing.
want() {
    [ "$(id -u)" -eq 0 ] || return 0
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$package" >>"$logs/packages.log" 2>&1 || true
    done
}

steps_passed=0
steps_failed=0

# step NAME COMMAND... : run it, keep its output in build/logs/NAME.log, show the end of it when it fails.
step() {
    name=$1
    shift
    start=$(date +%s)
    if "$@" >"$logs/$name.log" 2>&1; then
        steps_passed=$((steps_passed + 1))
        printf 'ok      %-28s %4d s\n' "$name" $(($(date +%s) - start))
        grep -iE '^(not run|not checked|not compared)' "$logs/$name.log" | sed 's/^/        /' || true
    else
        steps_failed=$((steps_failed + 1))
        printf 'FAILED  %-28s %4d s   (build/logs/%s.log)\n' "$name" $(($(date +%s) - start)) "$name"
        tail -n 60 "$logs/$name.log"
    fi
}

# build PRESET [CMAKE-OPTION...] : configure and build.
build() {
    preset=$1
    shift
    cmake --preset "$preset" "$@" && cmake --build --preset "$preset"
}

# summary : the last words; its status is that of the run.
summary() {
    if [ -e /dev/nvidiactl ] || [ -e /dev/kfd ]; then
        echo "This host has a GPU, and nothing here used it: the mock and fake drivers alone were tested.  ci/gpu-bundle tests the GPU."
    else
        echo "The mock and fake drivers alone were tested: nothing here ran on a GPU."
    fi
    printf '%d passed, %d failed\n' "$steps_passed" "$steps_failed"
    [ "$steps_failed" -eq 0 ]
}
