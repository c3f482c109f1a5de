# What quickstart.sh and run.sh share: the packages and the build. Both source it from the top of
# the checkout. Run as `sh tests/setup.sh --install PACKAGE...` it is the one step that needs root.
# shellcheck shell=sh
set -eu

say() { printf '%s\n' "$*"; }
stop() { printf '%s\n' "$*" >&2; exit 1; }

# The packages of the sections named (tests/packages).
packages_of() {
    for section; do
        awk -v want="[$section]" '/^\[/ { on = $1 == want; next } on && NF && !/^#/ { print $1 }' \
            tests/packages
    done
}

missing_of() {
    for package; do
        case $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) in
        installed*) ;;
        *) say "$package" ;;
        esac
    done
}

# A mail server other than Postfix: apt would have to remove it to install Postfix.
other_mail_server() {
    dpkg-query -W -f '${db:Status-Status} ${Package} ${Provides}\n' 2>/dev/null |
        awk '$1 == "installed" && $2 != "postfix" && /mail-transport-agent/ { print $2; exit }'
}

# Installs what is missing of the packages given, or says what to type and stops.
need() {
    if ! command -v dpkg-query >/dev/null; then
        say "packages    this is no Debian: please see to it yourself that these are here:"
        say "            $*"
        return
    fi
    missing=$(missing_of "$@")
    if [ -z "$missing" ]; then
        say "packages    all there"
        return
    fi
    # A list of words from here on.
    # shellcheck disable=SC2086
    set -- $missing
    if [ "$(id -u)" = 0 ]; then
        as_root=
    elif sudo -n true 2>/dev/null; then
        as_root='sudo -n'
    else
        stop "Packages are missing: $*
This command may not install them: it is not run by root, and sudo wants a password. Type

    sudo sh tests/setup.sh --install $*

(or the same as root, without sudo), then this command again."
    fi
    say "packages    installing $*"
    $as_root sh tests/setup.sh --install "$@"
}

# As root: nothing is removed, nothing is started, a new Postfix stays without a configuration and a
# new Dovecot or fail2ban disabled, so that they do not start at the next boot either.
install_packages() {
    policy=/usr/sbin/policy-rc.d
    [ ! -e "$policy" ] || policy=
    log=$(mktemp)
    trap 'rm -f "$log" $policy' EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM HUP
    if [ -n "$policy" ]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
    fi
    export DEBIAN_FRONTEND=noninteractive
    {
        case " $* " in
        *' postfix '*)
            say 'postfix postfix/main_mailer_type select No configuration' | debconf-set-selections
            ;;
        esac
        # Without a network the lists that are here may do.
        apt-get -qq update || :
        apt-get -qq -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120 \
            --no-remove --no-install-recommends install "$@"
    } >"$log" 2>&1 || {
        cat "$log" >&2
        stop "apt-get could not install them; its words are above."
    }
    command -v systemctl >/dev/null || return 0
    for package; do
        case $package in
        dovecot-core) systemctl -q disable dovecot.service dovecot.socket ;;
        fail2ban) systemctl -q disable fail2ban.service ;;
        esac
    done
}

# Configures and builds in the folder named, with the arguments given to CMake.
build() {
    folder=$1
    shift
    say "build       in $folder/"
    mkdir -p "$folder"
    cmake -S . -B "$folder" -G Ninja "$@" >"$folder/build.log" 2>&1 || build_failed
    if [ -t 1 ]; then
        NINJA_STATUS='            [%f/%t] ' cmake --build "$folder" --parallel "$(nproc)"
    else
        cmake --build "$folder" --parallel "$(nproc)" >"$folder/build.log" 2>&1 || build_failed
    fi
}

build_failed() {
    cat "$folder/build.log" >&2
    stop "The build failed; its words are above. A fresh start: rm -r $folder"
}

now() { date +%s; }

# Seconds as minutes, to a tenth.
minutes() { printf '%d.%d min' "$(($1 / 60))" "$(($1 % 60 / 6))"; }

if [ "${1-}" = --install ]; then
    shift
    install_packages "$@"
fi
