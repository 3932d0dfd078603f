#!/bin/sh
# Pin what pyproject.toml asks for, with hashes, for every system and Python from 3.11 on:
# lock.sh [--upgrade] [--upgrade-package NAME]
#
# test.txt holds everything; serve.txt is held to the same versions, so that the tests test what is served.
# bench.txt is other people's software, in an environment of its own: its versions bind nobody else.
# fuzz.txt is what is served, and what tries to break it.
# No index and no find-links line is written: the file must work with whatever index its reader uses.
set -eu

uv=${UV:-${VENV:-.venv}/bin/uv}

pin() {
    output=$1
    shift
    "$uv" pip compile "$@" --universal --python-version 3.11 --generate-hashes --quiet \
        --no-header --no-annotate --no-emit-index-url --no-emit-find-links --output-file "$output"
}

pin requirements/test.txt pyproject.toml --all-extras \
    --group build --group test --group check "$@"
pin requirements/serve.txt pyproject.toml --extra server --extra postgres --group build \
    --constraints requirements/test.txt
pin requirements/bench.txt --group bench "$@"
pin requirements/fuzz.txt pyproject.toml --extra server --group build --group fuzz \
    --constraints requirements/test.txt
pin requirements/lock.txt --group lock "$@"
