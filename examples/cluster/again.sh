#!/bin/sh
# again.sh TRIES COMMAND...: runs a command, and again as long as it leaves with 64 or more, which means that the same
# command may succeed later, TRIES times in all with a pause between. Leaves with the last status.
set -u
tries=$1 pause=1
shift
while :; do
    status=0
    "$@" || status=$?
    tries=$((tries - 1))
    if [ "$status" -lt 64 ] || [ "$status" -ge 128 ] || [ "$tries" -le 0 ]; then
        exit "$status"
    fi
    sleep "$pause"
    pause=$((2 * pause))
done
