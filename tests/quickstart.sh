#!/bin/sh
# From a fresh clone to the main job before your eyes: `sh tests/quickstart.sh`.
# Installs what is missing, builds in build-release/, and shows it (quickstart.py). Leaves nothing
# running and nothing outside the checkout but the packages.
set -eu
cd "$(dirname "$0")/.."
. tests/setup.sh

# Words of a list.
# shellcheck disable=SC2046
need $(packages_of build)

started=$(now)
build build-release -DCMAKE_BUILD_TYPE=Release -DSMTPBLOCK_TESTS=OFF
say "            $(minutes $(($(now) - started)))"

exec /usr/bin/python3 -B tests/quickstart.py build-release
