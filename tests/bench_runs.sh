#!/bin/sh
# Every case of unseen-bench runs once and gives a row that is whole, so that the bench does not rot.
# Small ring degrees only, unless TEST_LONG asks for all.
set -eu

bench=${top_builddir:-.}/unseen-bench
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

most=13
[ "${TEST_LONG:-0}" = 0 ] || most=15

fail() {
    echo "$*"
    exit 1
}

"$bench" --list --max-log-n "$most" >"$folder/names"
[ -s "$folder/names" ] || fail "--list prints no name"
"$bench" --seconds 0 --max-log-n "$most" >"$folder/rows" || fail "a case failed"

sed -n 1p "$folder/rows" | grep -q '^# unseen-bench [0-9]' || fail "the first line does not say where this ran"
header=$(sed -n 2p "$folder/rows")
[ "$header" = name,log_n,limbs,special,kernel,threads,repetitions,min_us,median_us,bytes ] ||
    fail "the header is: $header"
sed -e '1,2d' -e '/^#/d' "$folder/rows" >"$folder/cases"
cut -d, -f1 "$folder/cases" | cmp - "$folder/names" || fail "the rows are not those of --list"
bad=$(awk -F, 'NF != 10 || $2 < 3 || $3 < 1 || $7 != 1 || !($8 >= 0) || $9 < $8' "$folder/cases")
[ -z "$bad" ] || fail "bad rows: $bad"

# --only by a part and by a pattern; a name that is not there is an error.
[ "$("$bench" --list --only ckks/L13-3/rotate | grep -c rotate)" -ge 3 ] || fail "--only finds too little"
[ "$("$bench" --list --only 'ckks/L13-3/rot?te')" = ckks/L13-3/rotate ] || fail "--only takes no pattern"
if "$bench" --only no-such-case >"$folder/none" 2>&1; then
    fail "--only with an unknown name succeeds"
fi
# More time gives repetitions.
"$bench" --only 'kernel/N13/add' --seconds 0.01 | awk -F, '$1 == "kernel/N13/add" { n = $7 } END { exit !(n >= 31) }' ||
    fail "fewer than 31 repetitions"
echo "$(wc -l <"$folder/cases") cases ran"
