#!/bin/sh
# summary.sh LOG...: counts the test cases behind the logs of make check and prints, as its last line,
# "N passed, N failed". A cmocka program counts its cases, any other test counts as one; a program that
# died without counting is one failure. Exit status 1 when anything failed or nothing ran.
set -eu

passed=0 failed=0 skipped=0
for log in "$@"; do
    result=missing
    [ -f "${log%.log}.trs" ] && result=$(sed -n 's/^:global-test-result: //p' "${log%.log}.trs")
    ok=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' "$log" 2>/dev/null | awk '{ n += $1 } END { print n + 0 }')
    bad=$(sed -n 's/^\[  FAILED  \] \([0-9]*\) test.*/\1/p' "$log" 2>/dev/null | awk '{ n += $1 } END { print n + 0 }')
    case $result in
        PASS | XFAIL)
            [ $((ok + bad)) -gt 0 ] || ok=1
            ;;
        SKIP)
            skipped=$((skipped + 1))
            echo "skipped: ${log%.log}"
            ;;
        *)
            [ "$bad" -gt 0 ] || bad=1
            echo "failed: ${log%.log} ($result), see $log"
            ;;
    esac
    passed=$((passed + ok)) failed=$((failed + bad))
done
[ "$skipped" -eq 0 ] || echo "$skipped test programs skipped"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
