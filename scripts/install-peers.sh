#!/usr/bin/env bash
# Installs the real servers and clients of `make interop`: quick when they are there. Needs root and Debian's apt.
#
# Debian's mail servers exclude each other, so Postfix alone is installed; Exim and OpenSMTPD are unpacked into target/peers
# and run from there. Nothing is started: the tests start servers of their own, in private folders, on loopback ports.
set -euo pipefail
cd "$(dirname "$0")/.."
peers=$PWD/target/peers
mkdir -p "$peers/debs" "$peers/root" "$peers/node"
export DEBIAN_FRONTEND=noninteractive

installed=(postfix dovecot-core dovecot-imapd dovecot-pop3d msmtp swaks libnet-ssleay-perl libauthen-sasl-perl curl openssl python3)
unpacked=(exim4-daemon-light opensmtpd)
modules=(nodemailer@10.6.0 smtp-server@3.21.6)

missing() {
    local package
    for package in "$@"; do
        [[ $(dpkg-query -Wf '${Status}' "$package" 2>/dev/null) = 'install ok installed' ]] || echo "$package"
    done
}

refresh() { # apt's lists, once
    [[ -n ${refreshed:-} ]] || apt-get update -q >/dev/null
    refreshed=yes
}

# Installs packages, starting none of their services and removing nothing that is there.
apt_install() {
    local policy=/usr/sbin/policy-rc.d
    if [[ ! -e $policy ]]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        trap "rm -f $policy" EXIT
    fi
    refresh
    apt-get install -qy --no-install-recommends --no-remove "$@" >/dev/null
}

user() { # a system user that a server insists on
    id "$1" >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin "$1"
}

[[ $(id -u) = 0 ]] || { echo 'install-peers.sh: must run as root' >&2; exit 77; }
command -v apt-get >/dev/null || { echo 'install-peers.sh: knows only Debian and its apt' >&2; exit 69; }

mapfile -t wanted < <(missing "${installed[@]}")
command -v node >/dev/null || wanted+=(nodejs)
if ((${#wanted[@]})); then
    echo "installing ${wanted[*]}"
    apt_install "${wanted[@]}"
fi
command -v npm >/dev/null || apt_install npm # some packages of nodejs bring it along

if [[ ! -e $peers/root/.complete ]]; then
    echo "unpacking ${unpacked[*]}"
    refresh
    mapfile -t libraries < <(apt-cache depends --important "${unpacked[@]}" | sed -nE 's/^ +Depends: (lib[^ <>]+)$/\1/p' | sort -u)
    mapfile -t wanted < <(missing "${libraries[@]}")
    ((${#wanted[@]} == 0)) || apt_install "${wanted[@]}"
    rm -f "$peers"/debs/*.deb
    (cd "$peers/debs" && apt-get -o APT::Sandbox::User=root download -q "${unpacked[@]}" >/dev/null)
    for deb in "$peers"/debs/*.deb; do
        dpkg-deb -x "$deb" "$peers/root"
    done
    touch "$peers/root/.complete"
fi
user Debian-exim
user opensmtpd
user opensmtpq

(
    cd "$peers/node"
    [[ "$(cat installed 2>/dev/null)" = "${modules[*]}" ]] && exit 0
    echo "installing ${modules[*]}"
    [[ -f package.json ]] || echo '{"private": true}' >package.json
    npm install --silent --no-audit --no-fund "${modules[@]}" >/dev/null
    echo "${modules[*]}" >installed
)

echo 'peers: Postfix, Dovecot, Exim, OpenSMTPD, smtp-server; curl, swaks, msmtp, Python, nodemailer'
