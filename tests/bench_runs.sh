#!/bin/sh
# Every case of unseen-bench runs once and gives a row that is whole, so that the bench does not rot; the
# scripts that read rows say what they should of a run made by hand.
# Small ring degrees only, unless TEST_LONG asks for all.
set -eu

bench=${top_builddir:-.}/unseen-bench
scripts=${top_srcdir:-.}/bench
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

most=13
[ "${TEST_LONG:-0}" = 0 ] || most=15

fail() {
    echo "$*"
    exit 1
}

# ---- the program --------------------------------------------------------------------------------

"$bench" --list --max-log-n "$most" >"$folder/names"
[ -s "$folder/names" ] || fail "--list prints no name"
"$bench" --seconds 0 --max-log-n "$most" >"$folder/rows" || fail "a case failed"

sed -n 1p "$folder/rows" | grep -q '^# unseen-bench [0-9]' || fail "the first line does not say where this ran"
for fact in clock_ghz 'butterfly_ops_per_cycle portable' 'bytes_per_cycle block_kib 65536 read'; do
    grep -q "^# $fact [0-9]" "$folder/rows" || fail "the head does not tell $fact"
done
header=$(grep -v '^#' "$folder/rows" | sed -n 1p)
[ "$header" = \
    name,log_n,limbs,special,kernel,threads,repetitions,min_us,median_us,cycles,floor_us,distance,bytes ] ||
    fail "the header is: $header"
grep -v '^#' "$folder/rows" | sed 1d >"$folder/cases"
cut -d, -f1 "$folder/cases" | cmp - "$folder/names" || fail "the rows are not those of --list"
# A difference of single runs may be of any sign.
bad=$(awk -F, 'NF != 13 || $2 < 3 || $3 < 1 || $6 != 1 || $7 != 1 ||
    ($1 !~ /rotate_hoisted|baby_step/ && !($8 >= 0 && $9 >= $8 && ($11 == "" || $11 > 0 && $12 > 0)))' "$folder/cases")
[ -z "$bad" ] || fail "bad rows: $bad"

# --only by a part and by a pattern; a name that is not there is an error.
[ "$("$bench" --list --only eval/L13-3/rotate | grep -c rotate)" -ge 3 ] || fail "--only finds too little"
[ "$("$bench" --list --only 'eval/L13-3/rot?te')" = eval/L13-3/rotate ] || fail "--only takes no pattern"
if "$bench" --only no-such-case >"$folder/none" 2>&1; then
    fail "--only with an unknown name succeeds"
fi
# More time gives repetitions.
"$bench" --only 'kernel/N13/add' --seconds 0.01 | awk -F, '$1 == "kernel/N13/add" { n = $7 } END { exit !(n >= 31) }' ||
    fail "fewer than 31 repetitions"
# Each family and each team has its row; every machine runs the portable one.
"$bench" --only 'eval/L12-1/rot?te' --seconds 0 --kernel all --threads 1,2 >"$folder/many"
grep -q '^eval/L12-1/rotate,12,2,1,portable,1,' "$folder/many" || fail "--kernel all leaves out portable"
[ -z "$(grep '^eval' "$folder/many" | cut -d, -f5,6 | sort | uniq -d)" ] || fail "a family or team runs twice"
for threads in 0 1,x 1,,2 ''; do
    if "$bench" --list --threads "$threads" >"$folder/none" 2>&1; then
        fail "--threads $threads succeeds"
    fi
done

# ---- the report ---------------------------------------------------------------------------------

cat >"$folder/run.csv" <<'EOF'
# unseen-bench 0; by hand
# clock_ghz 4.000
name,log_n,limbs,special,kernel,threads,repetitions,min_us,median_us,cycles,floor_us,distance,bytes
kernel/N12/ntt_forward,12,1,4,fast,1,31,2.112,3.000,8448,2.000,1.06,
table/P13/rotate,13,4,1,fast,1,31,645.000,700.000,2580000,300.000,2.15,
eval/L13-3/rotate,13,4,1,fast,1,31,600.000,610.000,2400000,300.000,2.00,64
eval/L13-3/rotate,13,4,1,fast,2,31,400.000,410.000,1600000,150.000,2.67,64
nn/small/infer,13,4,1,fast,1,31,20000.000,20000.000,80000000,,,
# peak_rss_bytes 1
EOF
sh "$scripts/report" "$folder/run.csv" >"$folder/report.md"
expect() {
    grep -qF -- "$1" "$folder/report.md" || fail "the report lacks: $1"
}
expect '- clock_ghz 4.000'
expect '| table/P13/rotate | 645.0 | 322.5 | 2.00 | 300.0 | 2.15 |'                  # 430 at 3 GHz
expect '| kernel/N12/ntt_forward | fast | 2.11 | 0.344 | 1.06 | 1.00 |'               # 33 operations
expect '| eval/L13-3/rotate | fast | 2 | 400.0 | 410.0 | 1600000 | 2.67 | 1.50x | 64 |'
expect '| nn/small/infer | fast | 1 | 20.0 | 50.0 |'

# The plots: what gnuplot is told, and a line when it is not there.
cat >"$folder/gnuplot" <<'EOF'
#!/bin/sh
cat >>"$0.told"
EOF
chmod +x "$folder/gnuplot"
GNUPLOT="$folder/gnuplot" sh "$scripts/report" --svg "$folder/svg" "$folder/run.csv" >"$folder/report.md"
for plot in transform rotate threads; do
    grep -q "^set output '$folder/svg/$plot.svg'" "$folder/gnuplot.told" || fail "no plot $plot"
    expect "$folder/svg/$plot.svg)"
done
grep -q 'index 1 with linespoints title "fast 2 thr."' "$folder/gnuplot.told" || fail "no line for two threads"
GNUPLOT=/nowhere/gnuplot sh "$scripts/report" --svg "$folder/svg" "$folder/run.csv" 2>&1 >"$folder/report.md" |
    grep -q 'no gnuplot' || fail "the report does not say that plots are missing"

# ---- the comparison -----------------------------------------------------------------------------

sh "$scripts/diff" "$folder/run.csv" "$folder/run.csv" >"$folder/diff" || fail "a run is slower than itself"
grep -q '^5 compared at tolerance 1.10: 0 slower, 0 faster; 0 new, 0 not in this run$' "$folder/diff" ||
    fail "wrong summary: $(cat "$folder/diff")"
# One case slower in cycles and from the floor; one in cycles only, which the floor explains; one new; one gone.
sed -e 's/^\(table.*\),2580000,300.000,2.15,/\1,3000000,300.000,2.50,/' \
    -e 's/^\(kernel.*\),8448,2.000,1.06,/\1,16896,4.000,1.06,/' \
    -e 's/^nn.small/nn\/other/' "$folder/run.csv" >"$folder/slow.csv"
if sh "$scripts/diff" "$folder/run.csv" "$folder/slow.csv" >"$folder/diff"; then
    fail "a slower case passes"
fi
[ "$(wc -l <"$folder/diff")" -eq 2 ] || fail "wrong lines: $(cat "$folder/diff")"
grep -q '^table/P13/rotate kernel fast, 1 threads: 3000000 cycles, 1.16 of the 2580000 before$' "$folder/diff" ||
    fail "the slower case is not named: $(cat "$folder/diff")"
grep -q '^4 compared at tolerance 1.10: 1 slower, 0 faster; 1 new, 1 not in this run$' "$folder/diff" ||
    fail "wrong summary: $(cat "$folder/diff")"
sh "$scripts/diff" --tolerance 1.2 "$folder/run.csv" "$folder/slow.csv" >"$folder/diff" || fail "--tolerance is ignored"
if sh "$scripts/diff" "$folder/no.csv" "$folder/run.csv" >"$folder/diff" 2>&1; then
    fail "a baseline that is not there passes"
fi

echo "$(wc -l <"$folder/cases") cases ran"
