#!/usr/bin/env bash
# Installs the real servers and clients of `make interop`: quick when they are there. Needs root and Debian's apt.
#
# Debian's mail servers exclude each other, so Postfix alone is installed; Exim and OpenSMTPD are unpacked into target/peers
# and run from there. Nothing is started: the tests start servers of their own, in private folders, on loopback ports.
set -euo pipefail
cd "$(dirname "$0")/.."
source scripts/apt.sh
peers=$PWD/target/peers
mkdir -p "$peers/debs" "$peers/root" "$peers/node"

installed=(postgresql postfix dovecot-core dovecot-imapd dovecot-pop3d msmtp mpop fetchmail getmail6 isync mutt swaks libnet-ssleay-perl libauthen-sasl-perl curl openssl python3 python3-dkim python3-nacl)
unpacked=(exim4-daemon-light opensmtpd)
modules=(nodemailer@10.6.0 smtp-server@3.21.6)

user() { # a system user that a server insists on
    id "$1" >/dev/null 2>&1 || useradd --system --no-create-home --shell /usr/sbin/nologin "$1"
}

apt_install "${installed[@]}"
install_node

if [[ ! -e $peers/root/.complete ]]; then
    echo "unpacking ${unpacked[*]}"
    refresh
    mapfile -t libraries < <(apt-cache depends --important "${unpacked[@]}" | sed -nE 's/^ +Depends: (lib[^ <>]+)$/\1/p' | sort -u)
    apt_install "${libraries[@]}"
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

echo 'peers: PostgreSQL, Postfix, Dovecot, Exim, OpenSMTPD, smtp-server; curl, swaks, msmtp, mpop, fetchmail, getmail6, mbsync, mutt, Python, dkimpy, nodemailer'
