#!/bin/sh
# parallel.sh N MODEL.onnx EVALKEYS MANIFEST RESPONSES: N shares on this machine by GNU parallel, each in a process with
# one thread; the logs are RESPONSES/I.log. UNSEEN names the program when it is not in the PATH. With parallel's
# --sshloginfile the shares go to other machines that see the same folders.
set -eu
n=$1 model=$2 keys=$3 manifest=$4 responses=$5
here=$(dirname "$0")
mkdir -p "$responses"
# Its exit status is how many shares failed.
seq "$n" | parallel --will-cite --jobs "$n" "$here/again.sh" 3 "${UNSEEN:-unseen}" infer "$model" "$keys" \
    --manifest "$manifest" --output-dir "$responses" --shard "{}/$n" --threads 1 --log "$responses/{}.log"
