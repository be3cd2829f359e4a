# shellcheck shell=sh
# Read by readme.sh, tutorial.sh and manual.sh: makes the folder $work, in which the commands of the documents run as they
# are printed. It has build/unseen, data/, and mnist/ with four IDX files of MNIST's names, whose images are the ten
# digits of data/digits, ten times over.
set -eu
: "${top_srcdir:=.}" "${top_builddir:=.}"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

# shellcheck disable=SC2059
big_endian() {
    printf "\\$(printf %o $(($1 >> 24 & 255)))\\$(printf %o $(($1 >> 16 & 255)))"
    printf "\\$(printf %o $(($1 >> 8 & 255)))\\$(printf %o $(($1 & 255)))"
}

# idx STEM: writes STEM-images-idx3-ubyte.gz and STEM-labels-idx1-ubyte.gz.
idx() {
    {
        big_endian 2051 && big_endian 100 && big_endian 28 && big_endian 28
        for _ in 0 1 2 3 4 5 6 7 8 9; do
            for digit in 0 1 2 3 4 5 6 7 8 9; do
                # The format is the picture: one octal escape a pixel.
                # shellcheck disable=SC2059
                printf "$(awk 'NR > 3 { for (i = 1; i <= NF; i++) printf "\\%03o", $i }' \
                    "$top_srcdir/data/digits/$digit.pgm")"
            done
        done
    } | gzip >"$1-images-idx3-ubyte.gz"
    {
        big_endian 2049 && big_endian 100
        for _ in 0 1 2 3 4 5 6 7 8 9; do
            printf '\000\001\002\003\004\005\006\007\010\011'
        done
    } | gzip >"$1-labels-idx1-ubyte.gz"
}

# Ports 7100 to 7199 of documents become others that nobody else is likely to have now.
ports() {
    sed "s/\\(127\\.0\\.0\\.1:\\)71\\([0-9][0-9]\\)/\\1$((200 + $$ % 400))\\2/g"
}

mkdir "$work/mnist" "$work/build"
idx "$work/mnist/train"
idx "$work/mnist/t10k"
ln -s "$top_srcdir/data" "$work/data"
ln -s "$top_builddir/unseen" "$work/build/unseen"
