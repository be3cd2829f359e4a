#!/bin/sh
# Runs every example of the manual pages: what stands between .EX and .EE, as it is printed, in one folder, the overview
# first and then the pages in the order of its table. The images are those of documents.sh; HOME is a folder of its own.
#
# Comments in a page, on the line before .EX, tell what only a test has to know:
#     .\" test: status N           the last command leaves with N, not 0
#     .\" test: background TEXT    the commands go on while the page's other examples run; those begin when TEXT is
#                                  in what was printed
. "${top_srcdir:-.}/tests/documents.sh"

cp "$top_srcdir"/data/mnist/cryptonets.onnx "$top_srcdir"/data/mnist/cnn2.onnx "$top_srcdir"/data/digits/*.pgm \
    "$top_srcdir"/data/nets/*.net "$work"/mnist/t10k-* "$work"/mnist/train-* "$work"
cp "$top_srcdir/doc/tutorial.onnx" "$work/digits.onnx"
mkdir "$work/home" "$work/blocks"
PATH=$work/build:$PATH
HOME=$work/home
export PATH HOME
unset XDG_STATE_HOME XDG_CONFIG_HOME XDG_CACHE_HOME
cd "$work"

running=
stop() {
    for process in $running; do
        kill -- "-$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
    running=
}
trap 'stop; rm -rf "$work"' EXIT

fail() {
    echo "manual: $*" >&2
    exit 1
}

# Other tests, and other users of this machine, may have the port that the pages name.
port=$((20000 + $$ % 20000))

# Writes the examples of page $1 as blocks/1, blocks/2, ...; the first line of each is the comment of its page.
split() {
    rm -f blocks/*
    awk -v address="127.0.0.1:$port" '
        /^\.\\" test: / { note = substr($0, 11) }
        $0 == ".EX" { n++; file = "blocks/" n; print "# " note > file; note = ""; on = 1; next }
        $0 == ".EE" { on = 0; close(file) }
        on { gsub(/\\-/, "-"); gsub(/\\e/, "\\"); sub(/^\\&/, ""); gsub(/127\.0\.0\.1:[0-9]+/, address); print > file }
    ' "$1"
}

# Starts $1, as a group of processes of its own, and waits until TEXT $2 was printed.
start() {
    setsid sh -e "$1" >"$1.out" 2>&1 </dev/null &
    running="$running $!"
    tries=0
    until grep -q -e "$2" "$1.out"; do
        kill -0 "$!" 2>/dev/null || { cat "$1.out"; fail "ended before it printed '$2'"; }
        tries=$((tries + 1))
        [ $tries -lt 300 ] || { cat "$1.out"; fail "did not print '$2' in 30 seconds"; }
        sleep 0.1
    done
}

examples=0
for page in unseen $(sed -n 's/^\.BR \(unseen\\-[a-z-]*\) (1)$/\1/p' "$top_srcdir/man/unseen.1" | tr -d '\\'); do
    ports <"$top_srcdir/man/$page.1" >page
    split page
    n=0
    while [ -f "blocks/$((n + 1))" ]; do
        n=$((n + 1))
        note=$(sed -n '1s/^# //p' blocks/$n)
        sed "s/^/$page: /;1d" blocks/$n
        expected=0
        case $note in
            background\ *) start blocks/$n "${note#background }" && continue ;;
            status\ *) expected=${note#status } ;;
        esac
        status=0
        sh -e blocks/$n </dev/null || status=$?
        [ "$status" -eq "$expected" ] || fail "$page(1): an example left with $status, not $expected"
    done
    [ $n -gt 0 ] || fail "$page(1) has no example"
    examples=$((examples + n))
    stop
done
echo "$examples examples ran"
