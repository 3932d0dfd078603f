#!/bin/sh
# Install Debian packages, as root or through sudo, asking nothing: apt.sh PACKAGE...
set -eu

as_root=
if [ "$(id -u)" != 0 ]; then
    as_root="sudo -n"
    if ! sudo -n true 2>/dev/null; then
        echo "Please install as root, then try again: apt-get install --no-install-recommends $*" >&2
        exit 1
    fi
fi
if ! command -v apt-get >/dev/null; then
    echo "No apt-get here. Please install what your system calls: $*" >&2
    exit 1
fi

install() {
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" </dev/null
}

# The package lists are missing on a new machine and stale on an old one.
echo "Installing $* ..." >&2
$as_root env DEBIAN_FRONTEND=noninteractive apt-get update -q </dev/null >&2
install "$@" >&2
