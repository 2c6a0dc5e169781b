#!/usr/bin/env bash
# Renew the lock files. They hold hashes and no address of any index, so that every site uses its own.
# Pinned versions stay unless asked: tools/lock.sh --upgrade, or --upgrade-package NAME.
set -euo pipefail
cd "$(dirname "$0")/.."
lock() {
    printf 'lock: %s\n' "$1"
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
        --no-emit-find-links --no-annotate --no-header "requirements/$1.in" --output-file "requirements/$1.txt" "${@:2}"
}
# Later ones are constrained by earlier ones.
for name in base embedded dev node training; do
    lock "$name" "$@"
done
