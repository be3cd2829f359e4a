#!/bin/sh
# Builds that leave something out: each is configured, made, installed into a folder and used from there. By default
# the one for clients; with TEST_LONG all of them.
. "${top_srcdir:-.}/tests/installation.sh"

# variant NAME PROGRAM OPTION...: PROGRAM is the subcommands that it should have, "" for no program.
variant() {
    variant=$1 subcommands=$2
    shift 2
    mkdir "$work/$variant"
    cd "$work/$variant"
    # Unoptimised: it is built once and run for a second.
    quietly "$top_srcdir/configure" -q CC="$CC" CFLAGS=-O0 --disable-dependency-tracking "$@"
    quietly "${MAKE:-make}" -j2
    quietly "${MAKE:-make}" install-strip DESTDIR="$work/$variant.root"
    use "$work/$variant.root"
    headers
    examples
    program=$prefix/bin/unseen
    have=
    [ ! -x "$program" ] ||
        have=$("$program" --help | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p' | tr '\n' ' ')
    [ "$have" = "$subcommands" ] || fail "$variant: subcommands '$have', not '$subcommands'"
    pages=$(find "$work/$variant.root" -name 'unseen-*.1' | wc -l)
    [ "$pages" -eq "$(echo "$subcommands" | wc -w)" ] || fail "$variant: $pages pages of subcommands"
}

# installed PATTERN: whether the last variant installed such a file.
installed() {
    [ -n "$(find "$work/$variant.root" -name "$1")" ]
}

client="keygen encrypt decrypt ask stat "
variant client "$client" --enable-client-only --disable-shared
# The plan is made by the whole program; all the rest is the client's.
"$top_builddir/unseen" plan "$top_srcdir/data/mnist/cryptonets.onnx" -q -o "$work/plan" >"$work/log"
"$program" keygen "$work/plan" -q -s "$work/secret.key" -e "$work/eval.keys"
"$program" encrypt "$work/plan" "$work/secret.key" "$top_srcdir/data/digits/7.pgm" -q -o "$work/request"
"$top_builddir/unseen" infer "$top_srcdir/data/mnist/cryptonets.onnx" "$work/eval.keys" "$work/request" -q \
    -o "$work/response"
"$program" decrypt "$work/plan" "$work/secret.key" "$work/response" | grep -qx 'label  *7' || fail "client: no 7"
! installed '*.onnx' || fail "client: installs networks"
echo "client: program of $(wc -c <"$program") bytes, library of $(find "$work" -path '*root*' -name libunseen.a -exec cat {} + | wc -c)"

if [ -n "${TEST_LONG-}" ]; then
    variant scheme "" --disable-nn --disable-shared
    ! installed nn.h || fail "scheme: installs nn.h"
    variant library "" --disable-tools --disable-shared
    all="$("$top_builddir/unseen" --help | sed -n 's/^  \([a-z][a-z-]*\)  .*/\1/p' | tr '\n' ' ')"
    variant static "$all" --disable-shared
    ! installed 'libunseen.so*' || fail "static: installs a shared library"
    variant shared "$all" --disable-static
    ! installed 'libunseen.a' || fail "shared: installs a static library"
    variant portable "$client" --enable-client-only --disable-openmp --disable-kernel-avx2 --disable-kernel-avx512 \
        --disable-shared
fi
echo "built, installed and used"
