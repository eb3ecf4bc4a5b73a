# Sourced: installing Debian packages without starting their services or removing what is there. Needs root.

export DEBIAN_FRONTEND=noninteractive

missing() { # the packages among the arguments that are not installed, a line each
    local package
    for package in "$@"; do
        [[ $(dpkg-query -Wf '${Status}' "$package" 2>/dev/null) = 'install ok installed' ]] || echo "$package"
    done
}

refresh() { # apt's lists, once
    [[ -n ${refreshed:-} ]] || apt-get update -q >/dev/null
    refreshed=yes
}

apt_install() {
    local wanted policy=/usr/sbin/policy-rc.d
    mapfile -t wanted < <(missing "$@")
    ((${#wanted[@]})) || return 0
    [[ $(id -u) = 0 ]] || { echo "must run as root to install ${wanted[*]}" >&2; return 77; }
    command -v apt-get >/dev/null || { echo "knows only Debian's apt to install ${wanted[*]}" >&2; return 69; }
    if [[ ! -e $policy ]]; then
        printf '#!/bin/sh\nexit 101\n' >"$policy"
        chmod 755 "$policy"
        trap "rm -f $policy" EXIT
    fi
    echo "installing ${wanted[*]}"
    refresh
    apt-get install -qy --no-install-recommends --no-remove "${wanted[@]}" >/dev/null
}

install_node() { # node and npm; some packages of nodejs bring npm along
    command -v node >/dev/null || apt_install nodejs
    command -v npm >/dev/null || apt_install npm
}
