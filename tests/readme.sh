#!/bin/sh
# Runs every `unseen` command that README.md shows, in its order, and compiles and runs its C example. The
# images are the ten digits of data/digits, ten times over, put into IDX files of MNIST's names.
set -eu
: "${top_srcdir:=.}" "${top_builddir:=.}"
cc=${CC:-cc}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

big_endian() {
    printf "\\$(printf %o $(($1 >> 24 & 255)))\\$(printf %o $(($1 >> 16 & 255)))"
    printf "\\$(printf %o $(($1 >> 8 & 255)))\\$(printf %o $(($1 & 255)))"
}

# idx NAME: writes NAME-images-idx3-ubyte.gz and NAME-labels-idx1-ubyte.gz into $work.
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
    } | gzip >"$work/$1-images-idx3-ubyte.gz"
    {
        big_endian 2049 && big_endian 100
        for _ in 0 1 2 3 4 5 6 7 8 9; do
            printf '\000\001\002\003\004\005\006\007\010\011'
        done
    } | gzip >"$work/$1-labels-idx1-ubyte.gz"
}

idx t10k
idx train
mkdir "$work/mnist" "$work/build"
cp "$work"/*.gz "$work/mnist"
ln -s "$top_srcdir/data" "$work/data"
ln -s "$top_builddir/unseen" "$work/build/unseen"

commands=0
sed -n 's/^    \(build\/unseen .*\)$/\1/p' "$top_srcdir/README.md" >"$work/commands"
while read -r command; do
    echo "$command"
    case $command in
        *" train "*) command="$command --epochs 2 --quiet" ;; # the default is for the real images
    esac
    (cd "$work" && sh -c "$command" </dev/null)
    commands=$((commands + 1))
done <"$work/commands"
[ "$commands" -ge 7 ] || { echo "only $commands commands found in README.md" >&2; exit 1; }

# The example: from its first #include to the end of the indented block.
awk '/^    #include <stdio.h>/ { on = 1 } on && /^[^ ]/ { exit } on { sub(/^    /, ""); print }' \
    "$top_srcdir/README.md" >"$work/example.c"
# Its headers are installed below a folder that pkg-config names; in the tree that is the source folder.
# shellcheck disable=SC2086
$cc -std=c11 -Wall -Werror -I"$top_srcdir" -o "$work/example" "$work/example.c" \
    "$top_builddir/.libs/libnn.a" "$top_builddir/.libs/libckks.a" ${LIBS-} -lm ${SANITIZE-}
(cd "$work" && ./example)
echo "$commands commands and one example ran"
