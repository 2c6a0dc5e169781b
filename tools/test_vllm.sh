#!/usr/bin/env bash
# Run the engine contract against a real vLLM server on this machine's processor, with a tiny model kept in tests/models.
#   tools/test_vllm.sh [PYTEST OPTIONS]   make the environment if need be, then test
#   tools/test_vllm.sh environment        only make the environment (.local/vllm-venv, 3.5 GB, some minutes)
#   tools/test_vllm.sh lock [UV OPTIONS]  renew requirements/worker.txt
set -euo pipefail
cd "$(dirname "$0")/.."

fail() { printf '%s\n' "$*" >&2; exit 1; }
venv=.local/vllm-venv
log=.local/vllm-setup.log

find_python() {
    local candidate
    for candidate in "${PYTHON:-python3}" python3.11 python3 /usr/bin/python3; do
        if "$candidate" -c 'import sys, ensurepip, venv; raise SystemExit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
            printf '%s' "$candidate"
            return
        fi
    done
    fail "test-vllm: Python 3.11 with venv is needed (apt install python3 python3-venv), or name it: PYTHON=/path/to/python3.11"
}

make_environment() {
    local wanted
    # Its scripts hold absolute paths, so a moved checkout needs a new one.
    wanted="$(sha256sum <requirements/worker.txt | cut -d' ' -f1) $PWD"
    if [ "$(cat $venv/.locked 2>/dev/null)" = "$wanted" ] && $venv/bin/python -c '' 2>/dev/null; then
        return
    fi
    local python
    python="$(find_python)"
    printf 'test-vllm: making %s with vLLM for the processor (3.5 GB, about 3 minutes, once)\n' $venv
    "$python" -m venv --clear $venv
    if ! $venv/bin/python -m pip install --disable-pip-version-check --no-input --no-deps --require-hashes \
        --only-binary :all: -r requirements/worker.txt >$log 2>&1 </dev/null; then
        tail -n 20 $log >&2
        grep -q 'torch==' $log &&
            printf '%s\n' "If pip cannot find torch==2.13.0+cpu: put its wheel into a folder and set PIP_FIND_LINKS to that folder." >&2
        fail "test-vllm: installing vLLM failed; the whole log is in $log"
    fi
    printf '%s' "$wanted" >$venv/.locked
}

umask 022
mkdir -p .local
case "${1:-}" in
lock)
    exec .venv/bin/uv pip compile --quiet --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-emit-find-links --no-annotate --no-header --no-emit-package torchvision --no-emit-package torchaudio \
        --no-emit-package torchcodec ${PIP_FIND_LINKS:+--find-links "$PIP_FIND_LINKS"} \
        requirements/worker.in --output-file requirements/worker.txt "${@:2}"
    ;;
esac
# Two runs at once wait for each other here.
exec 8>.local/vllm.lock
flock 8
[ -n "${EPITOME_TEST_VLLM_URL:-}" ] || make_environment
flock --unlock 8
if [ "${1:-}" = environment ]; then
    exit
fi
# The server loads vLLM from its own environment; the tests talk to it from the product's.
exec .venv/bin/python -m pytest tests/contract -m "vllm or not gpu" --durations 5 "$@"
