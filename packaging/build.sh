#!/bin/sh
# Builds what is given to people: the binary, man pages, completions, and from these a Debian package, a Python wheel and an
# npm package, all in target/packages. What a kind needs and is not there is said, and fails.
#
#   sh packaging/build.sh                 all three
#   sh packaging/build.sh deb npm         only these
#
# REHEARSAL_BINARY names a binary that is built already, for instance a static one of another target. A cross-built one is given
# with REHEARSAL_RUNS, one of this machine, which writes the pages.
set -eu
cd "$(dirname "$0")/.."
out=target/packages
mkdir -p "$out"

if [ -z "${REHEARSAL_BINARY:-}" ]; then
    cargo build --locked --release
    REHEARSAL_BINARY=${CARGO_TARGET_DIR:-target}/release/rehearsal
fi
rm -rf "$out/stage"
mkdir -p "$out/stage/man" "$out/stage/completions"
install -m 755 "$REHEARSAL_BINARY" "$out/stage/rehearsal"
strip "$out/stage/rehearsal" 2>/dev/null || echo "strip cannot read this binary: it is packed with its symbols." >&2

tool=${REHEARSAL_RUNS:-$out/stage/rehearsal}
"$tool" man "$out/stage/man"
gzip --best --no-name --force "$out"/stage/man/*.1
for shell in bash zsh fish; do
    "$tool" completions "$shell" >"$out/stage/completions/rehearsal.$shell"
done

deb() {
    command -v cargo-deb >/dev/null || { echo "cargo-deb is not installed: cargo install --locked cargo-deb" >&2; exit 1; }
    cargo deb --no-build --no-strip --output "$out/"
}

wheel() {
    command -v maturin >/dev/null || python3 -m maturin --version >/dev/null 2>&1 || {
        echo "maturin is not installed: python3 -m pip install maturin" >&2
        exit 1
    }
    target=$PWD/target
    # Its own description stands beside this script, and it looks for that where it is started.
    (cd packaging && CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$target} \
        python3 -m maturin build --locked --release --strip --out "$target/packages")
}

npm() {
    version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
    rm -rf "$out/npm"
    mkdir -p "$out/npm/bin"
    cp packaging/npm/rehearsal.js packaging/npm/README.md LICENSE-MIT LICENSE-APACHE "$out/npm/"
    sed "s/\"version\": \".*\"/\"version\": \"$version\"/" packaging/npm/package.json >"$out/npm/package.json"
    platform=$(node -p 'process.platform + "-" + process.arch')
    install -m 755 "$out/stage/rehearsal" "$out/npm/bin/rehearsal-${REHEARSAL_PLATFORM:-$platform}"
    (cd "$out" && command npm pack --silent ./npm)
}

[ $# -gt 0 ] || set -- deb wheel npm
for kind in "$@"; do
    case $kind in
    deb | wheel | npm) "$kind" ;;
    *) echo "$kind is no kind of package: deb, wheel or npm" >&2; exit 2 ;;
    esac
done
ls -l "$out"
