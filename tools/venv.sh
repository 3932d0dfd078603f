#!/bin/sh
# Make a virtual environment: venv.sh FOLDER [PYTHON]
# Wants Python 3.11 or newer with venv and pip; on Debian, as root, it installs the package that Debian
# splits off.
set -eu

folder=$1
chosen=${2:-}

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
can_make() { "$1" -c 'import ensurepip, venv' 2>/dev/null; }

python=
for candidate in ${chosen:-python3 python3.14 python3.13 python3.12 python3.11}; do
    if new_enough "$candidate"; then
        python=$candidate
        break
    fi
done
if [ -z "$python" ]; then
    echo "Evergrant needs Python 3.11 or newer; found: $(python3 --version 2>&1 || echo none)." >&2
    echo "Install one, or name it: make PYTHON=/path/to/python3.12 ..." >&2
    exit 1
fi

if ! can_make "$python"; then
    package=python3-venv
    echo "This Python has no venv module; Debian keeps it in the package $package." >&2
    "$(dirname "$0")/apt.sh" "$package"
    can_make "$python" || { echo "$python still cannot make a virtual environment." >&2; exit 1; }
fi

"$python" -m venv "$folder" || {
    rm -rf "$folder" # half-made, it would be taken for a whole one next time
    exit 1
}
