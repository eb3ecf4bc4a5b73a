#!/usr/bin/env bash
# Installs the peers and builds what the scenarios run, into $HB_WORK (default bench/work): about three minutes the first
# time, quick after it. `setup.sh big` makes the 1 GB file of S4, too.
set -euo pipefail
cd "$(dirname "$0")"
source ../scripts/apt.sh
work=${HB_WORK:-$PWD/work}
mkdir -p "$work/node" "$work/py" "$work/data"

apt_install postfix msmtp swaks s-nail curl openssl python3-venv dovecot-core dovecot-imapd dovecot-pop3d mpop fdm getmail6 isync notmuch maildir-utils
install_node

modules=(nodemailer@10.6.0 maildev@2.2.1)
if [[ "$(cat "$work/node/installed" 2>/dev/null)" != "${modules[*]}" ]]; then
    echo "installing ${modules[*]}"
    [[ -f $work/node/package.json ]] || echo '{"private": true}' >"$work/node/package.json"
    npm install --silent --no-audit --no-fund --prefix "$work/node" "${modules[@]}" >/dev/null
    echo "${modules[*]}" >"$work/node/installed"
fi

wheels=(aiosmtplib==5.1.3 aiosmtpd==1.4.6 sendria==2.2.2)
if [[ "$(cat "$work/py/installed" 2>/dev/null)" != "${wheels[*]}" ]]; then
    echo "installing ${wheels[*]}"
    [[ -d $work/py/venv ]] || python3 -m venv "$work/py/venv"
    "$work/py/venv/bin/pip" -q install "${wheels[@]}"
    echo "${wheels[*]}" >"$work/py/installed"
fi

CARGO_TARGET_DIR=$work/target cargo build --quiet --release --locked --manifest-path rust-peers/Cargo.toml

[[ -f $work/cert.pem ]] || openssl req -x509 -newkey rsa:2048 -nodes -keyout "$work/key.pem" -out "$work/cert.pem" \
    -days 3650 -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
random() {
    [[ -f $work/data/$1 ]] || head -c "$2" /dev/urandom >"$work/data/$1"
}
random 1m.bin 1000000
random 20m.bin 20000000
[[ ${1:-} != big ]] || random 1g.bin 1000000000
