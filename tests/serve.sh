#!/bin/sh
# serve, ask and stat together, over loopback and sockets of the file system: first contact, keys kept on both sides, who
# is let in, many pictures, keys put out for others, the end in good order.
set -eu
: "${top_srcdir:=.}" "${top_builddir:=.}"

work=$(mktemp -d)
server=
stop() {
    [ -z "$server" ] || { kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }
    server=
}
trap 'stop; rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
program=$(cd "$top_builddir" && pwd)/unseen
data=$(cd "$top_srcdir" && pwd)/data
cd "$work"
mkdir home
HOME=$work/home
export HOME
unset XDG_STATE_HOME
state=$HOME/.local/state/unseen
# Where there is a terminal, questions would go there.
detach=$(command -v setsid || true)

fail() {
    echo "serve.sh: $*" >&2
    cat out err server.err >&2 2>/dev/null || true
    exit 1
}

# serve [OPTION]...: starts a server for cryptonets and waits until it is ready; $at is where, $key its key.
serve() {
    : >server.out
    "$program" serve --model "$data/mnist/cryptonets.onnx" --threads 2 "$@" >server.out 2>server.err &
    server=$!
    tries=0
    until grep -q '^key ' server.out; do
        kill -0 "$server" 2>/dev/null || fail "the server ended: $*"
        tries=$((tries + 1))
        [ $tries -lt 600 ] || fail "the server is not ready after a minute"
        sleep 0.1
    done
    at=$(sed -n 's/^listening on \([^ ]*\).*/\1/p' server.out | head -n 1)
    key=$(sed -n 's/^key //p' server.out)
}

# expect STATUS COMMAND [ARGUMENT]...: runs unseen, with its words in out and err.
expect() {
    wanted=$1
    shift
    status=0
    $detach "$program" "$@" >out 2>err </dev/null || status=$?
    [ "$status" -eq "$wanted" ] || fail "unseen $*: status $status, not $wanted"
}

# says FILE TEXT: the file has the text.
says() {
    grep -qF -e "$2" "$1" || fail "$1 lacks '$2'"
}

# field NAME: the number of that name in out.
field() {
    sed -n "s/.*\"$1\": \([0-9.]*\).*/\1/p" out | head -n 1
}

passed=0
done_with() {
    passed=$((passed + 1))
    echo "ok: $*"
}

# ---- first contact

serve --listen 127.0.0.1:0
expect 7 ask "$at" "$data/digits/7.pgm"
says err "$key"
says err --accept-new
[ ! -d "$state/keys" ] || fail "keys were made for a server that was not accepted"
expect 7 ask "$at" "$data/digits/7.pgm" --server-key 0000-0000-0000-0000-0000-0000-0000-0000
says err "$key"
expect 0 ask "$at" "$data/digits/7.pgm" --server-key "$key"
[ ! -f "$state/known_servers" ] || fail "--server-key left a trace"
expect 0 ask "$at" "$data/digits/7.pgm" --accept-new --json
[ "$(field label)" = 7 ] || fail "a wrong label"
says "$state/known_servers" "$at "
done_with "a new server is accepted on demand"

# ---- what is kept

for name in identity keys/*/secret.key; do
    for file in "$state"/$name; do
        [ "$(stat -c %a "$file")" = 600 ] || fail "$file can be read by others"
    done
done
[ "$(stat -c %a "$state")" = 700 ] || fail "$state is open to others"
expect 0 ask "$at" "$data"/digits/*.pgm --json
[ "$(field upload_bytes)" = 0 ] || fail "keys were sent again"
[ "$(sed -n 's/.*"label": \([0-9]\),/\1/p' out | tr -d '\n')" = 0123456789 ] || fail "wrong labels"
cp -r "$state" before
expect 0 ask "$at" "$data/digits/3.pgm" --new-keys --json
[ "$(field label)" = 3 ] && [ "$(field upload_bytes)" -gt 1000000 ] || fail "no new keys"
if cmp -s "$state"/keys/*/secret.key before/keys/*/secret.key; then fail "the old secret key is there still"; fi
done_with "keys are made once, kept by their owner alone, and made anew on demand"

# A pair of which a killed process replaced only one file is noticed and made anew.
cp before/keys/*/eval.keys "$state"/keys/*/eval.keys
expect 0 ask "$at" "$data/digits/4.pgm" --json
[ "$(field label)" = 4 ] || fail "a wrong label"
printf x >>"$(echo "$state"/keys/*/secret.key)"
expect 3 ask "$at" "$data/digits/4.pgm"
says err --new-keys
expect 0 ask "$at" "$data/digits/4.pgm" --new-keys
done_with "keys that do not fit are never used"

# ---- what there is not

expect 8 ask "$at" "$data/digits/1.pgm" --model lenet9
says err "no network 'lenet9'"
says err cryptonets
expect 2 ask "$at"
expect 2 ask nowhere "$data/digits/1.pgm"
expect 8 ask "$at" missing.pgm
expect 69 ask 127.0.0.1:1 "$data/digits/1.pgm"
says err "is 'unseen serve' running?"
expect 10 ask "$at" "$data/digits/1.pgm" --insecure-plain
printf 'P5 2 2 255\nabcd' >small.pgm
expect 4 ask "$at" small.pgm
expect 0 stat "$at"
[ "$(field requests_total)" -ge 14 ] && [ "$(field connections_failed_total)" -ge 1 ] || fail "counters do not count"
expect 0 stat "$at" --prometheus
says out "# TYPE unseen_requests_total counter"
done_with "what there is not is said in a sentence"

# ---- the end in good order: what is under way is answered

"$program" ask "$at" "$data"/digits/*.pgm "$data"/digits/*.pgm >many 2>many.err &
asking=$!
sleep 0.1
kill "$server"
status=0
wait "$server" || status=$?
server=
[ $status -eq 0 ] || fail "the server left with $status"
status=0
wait $asking || status=$?
case $status in
    0 | 69 | 75) ;;
    *) fail "ask left with $status: $(cat many.err)" ;;
esac
expect 69 ask "$at" "$data/digits/1.pgm"
done_with "SIGTERM ends the server in good order"

# ---- another server at the same address

mv "$state/server.identity" away
serve --listen "$at"
expect 7 ask "$at" "$data/digits/1.pgm" --accept-new
says err CHANGED
says err "$state/known_servers"
stop
mv away "$state/server.identity"
serve --listen "$at"
expect 0 ask "$at" "$data/digits/1.pgm"
stop
done_with "a server whose key changed is refused"

# ---- who is let in

expect 0 inspect "$state/identity" --json
sed -n 's/.*"public_key": "\([0-9a-f]*\)".*/\1/p' out >listed
[ "$(wc -c <listed)" -eq 65 ] || fail "inspect shows no public key"
serve --listen 127.0.0.1:0 --allow listed --log json
expect 0 ask "$at" "$data/digits/1.pgm" --accept-new
expect 7 ask "$at" "$data/digits/1.pgm" --identity other
says err "not among those that are allowed"
says server.err '"event": "answer"'
python3 -c 'import json, sys
for line in open("server.err"): json.loads(line)' 2>/dev/null || ! command -v python3 >/dev/null || fail "the log is no JSON"
stop
echo 'no key' >listed
expect 3 serve --model "$data/mnist/cryptonets.onnx" --listen 127.0.0.1:0 --allow listed
says err "line 1"
chmod 644 "$state/identity"
serve --listen 127.0.0.1:0
expect 7 ask "$at" "$data/digits/1.pgm" --accept-new
says err "chmod 600"
chmod 600 "$state/identity"
stop
done_with "clients can be listed"

# ---- without encryption

serve --listen unix:here.sock --listen 127.0.0.1:0 --insecure-plain
[ "$(stat -c %a here.sock)" = 600 ] || fail "others may connect to the socket"
expect 0 ask unix:here.sock "$data/digits/5.pgm" --json
[ "$(field label)" = 5 ] || fail "a wrong label"
plain=$(sed -n 's/^listening on \([^ ]*\) (not encrypted)$/\1/p' server.out | grep -v unix)
expect 0 ask "$plain" "$data/digits/5.pgm" --insecure-plain
expect 10 ask "$plain" "$data/digits/5.pgm" --accept-new
expect 69 serve --model "$data/mnist/cryptonets.onnx" --listen "$plain"
kill -9 "$server"
wait "$server" 2>/dev/null || true
expect 69 ask unix:here.sock "$data/digits/5.pgm"
serve --listen unix:here.sock # the file that was left behind is replaced
expect 0 ask unix:here.sock "$data/digits/5.pgm"
stop
[ ! -e here.sock ] || fail "the socket's file was left behind"
expect 7 serve --model "$data/mnist/cryptonets.onnx" --listen 0.0.0.0:0 --insecure-plain
for signal in TERM HUP; do
    "$program" serve --model "$data/cifar-10/leveled.onnx" --listen unix:here.sock >server.out 2>server.err &
    server=$!
    tries=0
    until [ -S here.sock ]; do
        tries=$((tries + 1))
        [ $tries -lt 600 ] || fail "no socket after a minute"
        sleep 0.1
    done
    kill -$signal "$server"
    wait "$server" || true
    server=
    [ ! -s server.out ] || fail "the network was ready too soon for this test"
    [ ! -e here.sock ] || fail "SIG$signal while a network was prepared left the socket's file behind"
done
done_with "sockets of the file system and plain loopback"

# ---- pictures that share a request; keys that are put out for others

{
    printf '\000\000\010\003\000\000\000\012\000\000\000\034\000\000\000\034'
    for digit in 0 1 2 3 4 5 6 7 8 9; do
        # The format is the picture: one octal escape a pixel.
        # shellcheck disable=SC2059
        printf "$(awk 'NR > 3 { for (i = 1; i <= NF; i++) printf "\\%03o", $i }' "$data/digits/$digit.pgm")"
    done
} >ten.idx
serve --listen unix:here.sock --images 4 --key-memory 60M
expect 0 ask unix:here.sock --idx ten.idx --count 10 --json
[ "$(field images_per_request)" = 4 ] || fail "pictures do not share a request"
[ "$(sed -n 's/.*"label": \([0-9]\),/\1/p' out | tr -d '\n')" = 0123456789 ] || fail "wrong labels"
expect 0 ask unix:here.sock "$data/digits/6.pgm" --json
[ "$(field label)" = 6 ] && [ "$(field upload_bytes)" = 0 ] || fail "one picture alone"
XDG_STATE_HOME=$work/second
export XDG_STATE_HOME
expect 0 ask unix:here.sock "$data/digits/8.pgm" --json
[ "$(field upload_bytes)" -gt 1000000 ] || fail "other keys were not sent"
expect 0 ask unix:here.sock "$data/digits/8.pgm" --json
XDG_STATE_HOME=$work/third
expect 0 ask unix:here.sock "$data/digits/8.pgm" --json
unset XDG_STATE_HOME
expect 0 ask unix:here.sock "$data/digits/6.pgm" --json
[ "$(field label)" = 6 ] && [ "$(field upload_bytes)" -gt 1000000 ] || fail "keys that were put out were not sent again"
expect 0 stat unix:here.sock
[ "$(field keys_evicted_total)" -ge 1 ] && [ "$(field requests_total)" = 8 ] || fail "counters do not count"
stop
serve --listen unix:here.sock --client-bytes 8M
expect 0 ask unix:here.sock "$data/digits/6.pgm" # with its keys
expect 7 ask unix:here.sock --idx ten.idx --count 10 --new-keys --timeout 5
says err "more bytes came than one connection is granted"
stop
serve --listen unix:here.sock --lanes 1 --client-queue 1
asking=
for each in 1 2 3 4; do
    "$program" ask unix:here.sock --idx ten.idx --count 10 --json >"asked.$each" &
    asking="$asking $!"
done
for each in $asking; do
    wait "$each" || fail "a client that is told to wait gives up"
done
for each in 1 2 3 4; do
    [ "$(sed -n 's/.*"label": \([0-9]\),/\1/p' "asked.$each" | tr -d '\n')" = 0123456789 ] || fail "wrong labels"
done
expect 0 stat unix:here.sock
[ "$(field request_errors_total)" -ge 1 ] || fail "a client may fill the queue"
stop
expect 2 serve --model "$data/mnist/cryptonets.onnx" --listen unix:here.sock --key-memory 1M
says err "give it at least 25M"
done_with "pictures share requests, and keys are sent again when they were put out"

echo "$passed passed, 0 failed"
