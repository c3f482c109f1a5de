#!/bin/sh
# Every test, with the sanitizers on: `sh tests/run.sh`, `--long` for those that take longer.
# Installs what is missing, builds in build-asan/, ends with ctest's closing lines and its status.
set -eu
cd "$(dirname "$0")/.."
. tests/setup.sh

sections='build test'
case ${1-} in
'') ;;
--long)
    export SMTPBLOCK_LONG=1
    sections="$sections long"
    ;;
*) stop "usage: sh tests/run.sh [--long]" ;;
esac

began=$(now)
# Words of a list.
# shellcheck disable=SC2086
wanted=$(packages_of $sections)
without_postfix=
other=$(other_mail_server)
if [ -n "$other" ]; then
    [ -z "${CI-}" ] || stop "$other is this machine's mail server, so Postfix cannot be installed and its tests cannot run"
    say "postfix     $other is this machine's mail server and stays: THE POSTFIX TESTS ARE LEFT OUT"
    wanted=$(say "$wanted" | grep -vx postfix)
    without_postfix='-E ^e2e.(postfix|dovecot.*|door_dovecot|policy_postfix|without_front|submission|recipes?|servers|nobody_hurt|defences|wrong_password)$'
fi
# Words of a list.
# shellcheck disable=SC2086
need $wanted

built=$(now)
build build-asan -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_COMPILER=g++ -DSMTPBLOCK_WERROR=ON \
    -DSMTPBLOCK_SANITIZE=address,undefined
tested=$(now)

# ctest's closing lines begin with the share of tests that passed: the minutes come before them.
# shellcheck disable=SC2086
{
    ctest --test-dir build-asan --output-on-failure --no-tests=error -j "$(nproc)" \
        $without_postfix 2>&1 && status=0 || status=$?
    say "ctest status $status"
} | while IFS= read -r line; do
    case $line in
    'ctest status '*) exit "${line#ctest status }" ;;
    *'% tests passed, '*)
        say "packages    $(minutes $((built - began)))"
        say "build       $(minutes $((tested - built)))"
        say "tests       $(minutes $(($(now) - tested)))"
        ;;
    esac
    say "$line"
done
