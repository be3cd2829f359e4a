# shellcheck shell=sh
# Read by the tests of installing: makes the folder $work and has what they share.
set -eu
: "${top_srcdir:=.}" "${top_builddir:=.}"

command -v pkg-config >/dev/null || { echo "no pkg-config: not tested"; exit 77; }
work=$(mktemp -d)
mkdir "$work/bin"
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM
# The makes below are their own, and not of the one that runs the tests.
unset MAKEFLAGS MFLAGS MAKELEVEL DESTDIR

fail() {
    echo "$*" >&2
    exit 1
}

# quietly COMMAND...: shows what a command printed only when it fails.
quietly() {
    "$@" >"$work/log" 2>&1 || { tail -n 40 "$work/log" >&2; fail "failed: $*"; }
}

# use ROOT [PREFIX]: lets pkg-config and the loader find what was installed under the folder ROOT; sets $prefix, where it
# lies now, and $include.
use() {
    PKG_CONFIG_LIBDIR=$(dirname "$(find "$1${2-}" -name unseen.pc)")
    PKG_CONFIG_SYSROOT_DIR=$1
    export PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR
    LD_LIBRARY_PATH=${PKG_CONFIG_LIBDIR%/*}
    export LD_LIBRARY_PATH
    # From the file: some make the variables of pkg-config begin with the root, some do not.
    prefix=$1$(sed -n 's/^prefix=//p' "$PKG_CONFIG_LIBDIR/unseen.pc")
    include=$prefix/include/unseen
}

# compile NAME [OPTION]...: builds examples/NAME.c as $work/NAME with the library that `use` chose; the options are for
# pkg-config.
compile() {
    name=$1
    shift
    # Flags are several words on purpose.
    # shellcheck disable=SC2046,SC2086
    quietly ${CC:-cc} -std=c11 -pedantic -Wall -Wextra -Wshadow -Wconversion -Werror -o "$work/bin/$name" \
        "$top_srcdir/examples/$name.c" $(pkg-config "$@" --cflags --libs unseen) ${SANITIZE-}
}

# examples: compiles and runs those that the library of `use` can carry, and checks their answers.
examples() {
    compile add "$@"
    [ "$("$work/bin/add")" = "11.000 22.000 33.000" ] || fail "add: another sum"
    [ -f "$include/nn/client.h" ] || return 0
    compile client "$@"
    [ -f "$include/nn/nn.h" ] || return 0
    compile server "$@"
    rm -f "$work/up" "$work/down"
    mkfifo "$work/up" "$work/down"
    "$work/bin/server" "$top_srcdir/data/mnist/cryptonets.onnx" <"$work/up" >"$work/down" &
    server=$!
    label=$("$work/bin/client" "$top_srcdir/data/digits/7.pgm" "$work/up" "$work/down")
    wait $server || fail "server: status $?"
    [ "$label" = 7 ] || fail "client: label $label, not 7"
}

# headers: the installed headers compile, each by itself, as C and, where there is a compiler, as C++.
headers() {
    [ -f "$include/ckks/ckks.h" ] || fail "no headers in $include"
    for header in $(cd "$include" && find . -name '*.h'); do
        echo "#include <${header#./}>" >"$work/header.c"
        # shellcheck disable=SC2086
        quietly ${CC:-cc} -std=c11 -pedantic -Wall -Wextra -Werror -fsyntax-only -I"$include" "$work/header.c"
        # shellcheck disable=SC2086
        [ -z "${CXX-}" ] ||
            quietly $CXX -std=c++11 -Wall -Wextra -Werror -fsyntax-only -I"$include" -x c++ "$work/header.c"
    done
}
