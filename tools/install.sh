#!/usr/bin/env bash
# Install Epitome from this folder. Needs Python 3.11 to 3.13 with venv; no network, no Node.
#   ./install.sh [--with-demo] [FOLDER]     FOLDER is /opt/epitome unless named
# --with-demo adds PostgreSQL and Valkey for `manage.py demo`; a site's own servers replace them in production.
# Each version gets its own folder, and FOLDER/current points at the newest: an upgrade can be taken back.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
fail() { printf '%s\n' "$*" >&2; exit 1; }

locks=(base)
target=/opt/epitome
for argument in "$@"; do
    case "$argument" in
    --with-demo) locks+=(embedded) ;;
    -*) fail "usage: install.sh [--with-demo] [FOLDER]" ;;
    *) target="$argument" ;;
    esac
done

printf 'install: checking the digests\n'
(cd "$here" && sha256sum --check --quiet --strict SHA256SUMS) || fail "install: this bundle is damaged; copy it again."

python=""
for candidate in "${PYTHON:-python3}" python3.13 python3.12 python3.11 /usr/bin/python3; do
    if "$candidate" -c 'import sys; raise SystemExit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null; then
        python="$candidate"
        break
    fi
done
[ -n "$python" ] || fail "install: Python 3.11, 3.12 or 3.13 is needed; name one: PYTHON=/path/to/python3.12 ./install.sh"
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail "install: $python cannot make virtual environments. On Debian: apt install python3-venv"

version="$(cat "$here/VERSION")"
release="$target/$version"
[ ! -e "$release" ] || fail "install: $release is there already; remove it to install this version again."
mkdir -p "$target"
target="$(cd "$target" && pwd)"
release="$target/$version"
unfinished=1
trap '[ -z "$unfinished" ] || rm -rf "$release"' EXIT

printf 'install: unpacking into %s\n' "$release"
mkdir "$release"
tar -xzf "$here/app.tar.gz" -C "$release" --no-same-owner
tar -xzf "$here/static.tar.gz" -C "$release" --no-same-owner
tar -xzf "$here/bootstrap.tar.gz" -C "$release/app" --no-same-owner
printf 'install: installing the Python packages\n'
"$python" -m venv "$release/venv"
for lock in "${locks[@]}"; do
    "$release/venv/bin/python" -m pip --isolated install --quiet --disable-pip-version-check --no-index --no-deps \
        --find-links "$here/wheels" --require-hashes --only-binary :all: --requirement "$here/requirements/$lock.txt"
done
# No sources are compiled at a site; the byte code is made now, since the service's user may not write here.
"$release/venv/bin/python" -m compileall -q "$release/app/clinical" "$release/app/inference"
printf '#!/bin/sh\nexport EPITOME_STATIC_ROOT="%s/static"\nexec "%s/venv/bin/python" "%s/app/manage.py" "$@"\n' \
    "$release" "$release" "$release" >"$release/manage"
chmod 755 "$release/manage"
ln -sfn "$version" "$target/current"
unfinished=""

printf 'install: done. Next, with the settings of your site in the environment (README, "At a site"):\n'
printf '  %s/current/manage migrate --database owner && %s/current/manage check --deploy\n' "$target" "$target"
if [ ${#locks[@]} -gt 1 ]; then
    printf 'To try it here first, with invented patients:\n  %s/current/manage demo\n' "$target"
fi
