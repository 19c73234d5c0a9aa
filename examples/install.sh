#!/bin/sh
# Installs what the example applications need, pinned: a Python environment and each folder's node_modules.
set -eu
cd "$(dirname "$0")"
[ -x .venv/bin/python ] || python3 -m venv .venv
.venv/bin/python -m pip install --quiet --disable-pip-version-check \
    -r django-jwt/api/requirements.txt -r fastapi-vite/api/requirements.txt
for app in fastapi-vite/front express-gateway next-session; do
    # What was installed for this very lock file is left as it is.
    if [ ! -e "$app/node_modules/.package-lock.json" ] || [ "$app/package-lock.json" -nt "$app/node_modules/.package-lock.json" ]; then
        (cd "$app" && npm ci --no-audit --no-fund --loglevel=error)
    fi
done
