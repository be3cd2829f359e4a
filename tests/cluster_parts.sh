# shellcheck shell=sh
# Read by cluster.sh and cluster_slurm.sh: the commands of doc/cluster.md, by sections.
. "${top_srcdir:-.}/tests/documents.sh"
cp "$work"/mnist/t10k-* "$work"
ln -s "$top_srcdir/examples" "$work/examples"
UNSEEN=$work/build/unseen
export UNSEEN
cd "$work"

fail() {
    echo "cluster: $*" >&2
    exit 1
}

# section HEADING: runs the commands of a section, in their order.
section() {
    awk -v name="## $1" '/^#/ { inside = $0 == name; next } inside && sub(/^    /, "")' "$top_srcdir/doc/cluster.md" >commands
    [ -s commands ] || fail "doc/cluster.md: no command in the section $1"
    while read -r command; do
        echo "$command"
        sh -c "$command" </dev/null || fail "status $?"
    done <commands
}

# same A B: whether the labels of two folders of responses are the same.
same() {
    build/unseen decrypt digits.plan secret.key --manifest manifest --output-dir "$1" | sed "s|^$1/||" >one
    build/unseen decrypt digits.plan secret.key --manifest manifest --output-dir "$2" | sed "s|^$2/||" >two
    [ "$(cut -f 1,2 one)" = "$(cut -f 1,2 two)" ] || fail "the labels of $1 and $2 differ"
    [ "$(wc -l <one)" -eq 20 ] || fail "not 20 labels of $1"
}
