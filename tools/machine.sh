#!/bin/sh
# Make sure that the programs are here which the tests run but no Python package brings:
# PostgreSQL's server, Chromium with one font, wrk, libfaketime, and node with npm.
set -eu

apt="$(dirname "$0")/apt.sh"

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
if ! ls /usr/lib/*/faketime/libfaketimeMT.so.1 >/dev/null 2>&1; then
    missing="$missing faketime"
fi
# Playwright's driver is a program of its own and needs this; a small Debian does not have it.
if command -v apt-get >/dev/null && ! ls /usr/lib/*/libatomic.so.1 >/dev/null 2>&1; then
    missing="$missing libatomic1"
fi
# Any will do: where it is too old for what runs on it, `make test` gets a newer one from npm.
if ! command -v node >/dev/null; then
    missing="$missing nodejs"
fi
[ -z "$missing" ] || "$apt" $missing
# After node: it may have brought npm.
command -v npm >/dev/null || "$apt" npm
