#!/usr/bin/env bash
# Build dist/epitome-bundle-VERSION and its .tar.gz: what a site without internet and without Node installs from.
# It holds wheels for Python 3.11 to 3.13 on x86-64 Linux, the source as committed, built static files and digests.
set -euo pipefail
cd "$(dirname "$0")/.."
version="$(.venv/bin/python -c 'import tomllib; print(tomllib.load(open("pyproject.toml", "rb"))["project"]["version"])')"
name="epitome-bundle-$version"
dist="dist/$name"
say() { printf 'bundle: %s\n' "$*"; }

[ -z "$(git status --porcelain)" ] || say "note: uncommitted changes are left out"
rm -rf "$dist" "$dist.tar.gz"
mkdir -p "$dist/wheels" "$dist/requirements"

# pip judges a lock's conditions by the Python that runs it, not by the one it fetches for: leave out what is for
# Windows, and fetch the rest whatever the condition.
unconditional() {
    awk '/^[a-zA-Z]/ { skip = /sys_platform == .win32./ } !skip' "$1" | sed -E 's/^([^ ;]+) ; .* \\$/\1 \\/'
}
for lock in base embedded; do
    unconditional "requirements/$lock.txt" >"dist/$lock.unconditional.txt"
    for python in 3.11 3.12 3.13; do
        say "fetching wheels: $lock, Python $python"
        .venv/bin/python -m pip download -qq --disable-pip-version-check --no-deps --require-hashes \
            --only-binary :all: --implementation cp --python-version "$python" \
            --platform manylinux_2_28_x86_64 --platform manylinux_2_27_x86_64 --platform manylinux_2_17_x86_64 \
            --platform manylinux2014_x86_64 --platform manylinux_2_5_x86_64 --platform manylinux1_x86_64 \
            --dest "$dist/wheels" --requirement "dist/$lock.unconditional.txt"
    done
    cp "requirements/$lock.txt" "$dist/requirements/"
    rm "dist/$lock.unconditional.txt"
done

say "adding the source as committed"
git -c tar.umask=022 archive --format=tar.gz --prefix=app/ --output="$dist/app.tar.gz" HEAD

say "building the static files"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
tar -xzf "$dist/app.tar.gz" -C "$work"
ln -s "$PWD/node_modules" "$work/app/node_modules"
EPITOME_STATIC_ROOT="$work/static" .venv/bin/python "$work/app/manage.py" collectstatic --no-input --verbosity 0
tar -czf "$dist/static.tar.gz" -C "$work" static

# The source's place for the style sheet, for whoever builds the static files again at the site.
tar -czf "$dist/bootstrap.tar.gz" node_modules/bootstrap/LICENSE node_modules/bootstrap/dist/css

install -m 755 tools/install.sh "$dist/install.sh"
printf '%s\n' "$version" >"$dist/VERSION"
(cd "$dist" && find . -type f ! -name SHA256SUMS -print0 | sort -z | xargs -0 sha256sum >SHA256SUMS)
tar -czf "$dist.tar.gz" -C dist "$name"
say "made $dist and $dist.tar.gz ($(du -h "$dist.tar.gz" | cut -f1))"
say "its digest, to carry by another way: $(sha256sum "$dist.tar.gz" | cut -d' ' -f1)"
