#!/bin/sh
# Make sure that the programs are here which the tests run but no Python package brings:
# PostgreSQL's server, Chromium with one font, wrk, and node with npm.
set -eu

apt="$(dirname "$0")/apt.sh"
# oidc-provider says no version, but cannot start without URL.parse: node 18 does not have it, 22 and the last of 20 do.
node_is_new_enough() {
    command -v node >/dev/null && node -e 'process.exit(typeof URL.parse === "function" ? 0 : 1)'
}

missing=
if ! command -v initdb >/dev/null && ! ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then
    missing="$missing postgresql"
fi
if ! command -v chromium >/dev/null && ! command -v chromium-browser >/dev/null; then
    missing="$missing chromium fonts-dejavu-core"
fi
if ! command -v wrk >/dev/null; then
    missing="$missing wrk"
fi
# Playwright's driver is a program of its own and needs this; a small Debian does not have it.
if command -v apt-get >/dev/null && ! ls /usr/lib/*/libatomic.so.1 >/dev/null 2>&1; then
    missing="$missing libatomic1"
fi
if ! node_is_new_enough; then
    missing="$missing nodejs"
fi
[ -z "$missing" ] || "$apt" $missing
if ! node_is_new_enough; then
    echo "The tests run oidc-provider, which needs node 22 or newer. This is $(node --version), the newest your system has." >&2
    echo "Please install a newer one, with npm, then try again." >&2
    exit 1
fi
# After node: it may have brought npm.
command -v npm >/dev/null || "$apt" npm
