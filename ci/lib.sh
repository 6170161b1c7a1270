# shellcheck shell=sh
# SPDX-License-Identifier: GPL-3.0-or-later
# What ci/demo and ci/test share: installing what is missing, and running steps with their output kept.  Sourced, not run.

set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
logs=$root/build/logs
mkdir -p "$logs"

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
