# Markdown from the targets and then the CSV of a run.

FNR == NR {
    if (FNR > 1) {
        target[$1] = $2
        at_ghz[$1] = $3
    }
    next
}

/^# clock_ghz/ { split($0, word, " "); ghz = word[3] }
/^#/ { head[++heads] = substr($0, 3); next }
$1 == "name" { next }

{
    row[++rows] = $0
    if (best == "" && $5 != "auto")
        best = $5
    if ($6 == 1)
        single[$1, $5] = $8
}

function number(x)
{
    return x == "" ? "" : sprintf(x < 10 ? "%.2f" : x < 1000 ? "%.1f" : "%.0f", x)
}

function table(title, columns,    i, line)
{
    printf "\n## %s\n\n| %s |\n", title, columns
    line = columns
    gsub(/[^|]+/, " --- ", line)
    printf "|%s|\n", line
}

END {
    print "# Bench"
    print ""
    for (i = 1; i <= heads; i++)
        print "- " head[i]

    # A target at a clock is one of cycles; others are of time.
    table("Targets, one thread", "operation | µs | target µs at this clock | of target | floor µs | of floor")
    for (i = 1; i <= rows; i++) {
        split(row[i], f, ",")
        if (!(f[1] in target) || f[5] != best || f[6] != 1)
            continue
        scaled = target[f[1]] * (ghz > 0 && at_ghz[f[1]] > 0 ? at_ghz[f[1]] / ghz : 1)
        printf "| %s | %s | %s | %.2f | %s | %s |\n", f[1], number(f[8]), number(scaled), f[8] / scaled,
            number(f[11]), f[12]
    }

    table("Transforms", "case | kernel | µs | cycles per butterfly | of floor | of 2.5n+3 operations, 2 a cycle")
    for (i = 1; i <= rows; i++) {
        split(row[i], f, ",")
        if (f[1] !~ /^kernel.*ntt/)
            continue
        n = 2 ^ f[2]
        printf "| %s | %s | %s | %.3f | %s | %.2f |\n", f[1], f[5], number(f[8]), f[10] / (n / 2 * f[2]), f[12],
            f[10] / ((2.5 * f[2] + 3) * n / 16)
    }

    table("Networks", "network | kernel | threads | ms an image | images a second")
    for (i = 1; i <= rows; i++) {
        split(row[i], f, ",")
        if (f[1] ~ /^nn.*\/infer$/ && f[8] > 0)
            printf "| %s | %s | %s | %s | %s |\n", f[1], f[5], f[6], number(f[8] / 1000), number(1e6 / f[8])
    }

    table("All cases", "case | kernel | threads | µs | median µs | cycles | of floor | of one thread | bytes")
    for (i = 1; i <= rows; i++) {
        split(row[i], f, ",")
        gain = f[6] > 1 && f[8] > 0 && (f[1], f[5]) in single ? sprintf("%.2fx", single[f[1], f[5]] / f[8]) : ""
        printf "| %s | %s | %s | %s | %s | %s | %s | %s | %s |\n", f[1], f[5], f[6], number(f[8]), number(f[9]),
            f[10], f[12], gain, f[13]
    }
}
