#!/usr/bin/env bash
# Starts the sandbox, sends it the showcase mail as anybody would, and shows the conversation and what arrived. Everything
# it makes lies under demo/; the sandbox ends with it.
set -euo pipefail
cd "$(dirname "$0")/.."
hongyan=$PWD/$1
show=examples/showcase
export HONGYAN_CONFIG=/dev/null

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }

rm -rf demo
mkdir demo
"$hongyan" sandbox --smtp 0 --dir demo/mail --json >demo/sandbox.log 2>&1 &
sandbox=$!
trap 'kill "$sandbox" 2>/dev/null || true' EXIT
for _ in $(seq 100); do
    grep -q '"listening"' demo/sandbox.log && break
    kill -0 "$sandbox" || { cat demo/sandbox.log; exit 69; }
    sleep 0.1
done
told() { sed -nE "s/.*\"$1\":\"([^\"]*)\".*/\1/p" demo/sandbox.log | head -n 1; }
port=$(told smtp)
port=${port##*:}
HONGYAN_PASSWORD=$(told password)
export HONGYAN_PASSWORD

say "1. A mail server of our own listens on 127.0.0.1:$port. We send it text, HTML with a picture, a sound, a payslip."
line=(send --trace --server "smtp://$(told user)@localhost:$port" --ca demo/mail/ca.pem
    -f '鸿雁 <hongyan@example.org>' --to '王伟 <wang.wei@example.org>' -s '本月工资条 Your payslip'
    -m "$show/message.txt" --html "$show/message.html" --inline "$show/geese.png"
    -a "$show/chime.wav" -a "$show/工资条.pdf" --no-chunking) # as most servers have it: no binary content
printf 'hongyan'
for word in "${line[@]}"; do
    case $word in
    *[\ \<]*) printf " '%s'" "$word" ;;
    *) printf ' %s' "$word" ;;
    esac
done
printf '\n\n'
"$hongyan" "${line[@]}" 2>&1

say '2. What arrived, part by part: hongyan inspect demo/mail/00000001.eml'
"$hongyan" inspect demo/mail/00000001.eml

say '3. Its attachments: hongyan extract demo/mail/00000001.eml -d demo/attachments'
"$hongyan" extract demo/mail/00000001.eml -d demo/attachments

say 'Where everything lies'
cat <<TXT
  the mail, as it came over the wire   demo/mail/00000001.eml     (its envelope: 00000001.json)
  the sandbox's certificate            demo/mail/ca.pem
  the attachments                      demo/attachments/
  what was sent                        $show/
  the program                          $1, also as ./send and ./recv
Next: hongyan inspect --source demo/mail/00000001.eml shows the raw mail with its parts marked.
TXT
