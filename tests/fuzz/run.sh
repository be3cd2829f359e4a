#!/bin/sh
# run.sh PROGRAM...: runs fuzzers one after the other, each for FUZZ_RUNS executions or FUZZ_SECONDS,
# whichever ends first, beginning with the corpora of $top_srcdir/tests/fuzz and what earlier runs
# in this folder found (corpus.d). A line for each says how far it came; what crashed lies in NAME-*.
set -eu

failed=0
for program in "$@"; do
    name=${program##*/fuzz_}
    mkdir -p "corpus.d/$name"
    status=0
    "$program" -runs="$FUZZ_RUNS" -max_total_time="$FUZZ_SECONDS" -close_fd_mask=2 -timeout=20 \
        -rss_limit_mb=4096 -artifact_prefix="$name-" -print_final_stats=1 \
        "corpus.d/$name" "$top_srcdir/tests/fuzz/corpus/$name" >"$name.log" 2>&1 || status=$?
    runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$name.log")
    rate=$(sed -n 's/^stat::average_exec_per_sec: *//p' "$name.log")
    covered=$(sed -n 's/.* cov: \([0-9]*\) ft: \([0-9]*\).*/\1 edges, \2 features/p' "$name.log" | tail -n 1)
    echo "$name: ${runs:-?} executions, ${rate:-?} a second, ${covered:-?}"
    if [ "$status" -ne 0 ]; then
        echo "$name: FAILED, see $PWD/$name.log"
        failed=1
    fi
done
exit "$failed"
