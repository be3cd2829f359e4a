#!/bin/sh
# Installs the build into a folder and uses it from there: headers as C11 and C++, the examples through pkg-config, the
# program, manual pages and completion; also the library of the build folder, through unseen-uninstalled.pc. At last
# install-strip, and uninstall has to leave nothing.
#
# installed.sh ROOT PREFIX: only tries what was installed there before (make installcheck; ROOT is its DESTDIR).
. "${top_srcdir:-.}/tests/installation.sh"

# try ROOT PREFIX: everything about an installation.
try() {
    use "$1" "$2"
    headers
    examples
    program=$prefix/bin/unseen
    if [ -x "$program" ]; then
        [ "$("$program" --version)" = "unseen $(pkg-config --modversion unseen)" ] || fail "program: another version"
        for page in man1/unseen.1 man1/unseen-keygen.1 man5/unseen-formats.5; do
            [ -n "$(find "$prefix" -path "*/$page*")" ] || fail "no page $page"
        done
        [ -n "$(find "$prefix" -path '*/bash-completion/completions/unseen*')" ] || fail "no completion"
    fi
    [ -n "$(find "$prefix" -path '*/man3/ckks_eval_add.3*')" ] || fail "no page of ckks_eval_add"
}

if [ $# -gt 0 ]; then
    try "$1" "$2"
    exit 0
fi
make=${MAKE:-make}
root=$work/root
cd "$top_builddir"

quietly "$make" install DESTDIR="$root"
try "$root" ""
if [ -n "$(find "$root" -name libunseen.a)" ] && [ -n "$(find "$root" -name 'libunseen.so*')" ]; then
    # With the static library alone, all that it needs has to come from pkg-config --static.
    find "$root" -name 'libunseen.so*' -exec rm {} +
    examples --static
fi
quietly "$make" install-strip DESTDIR="$root"
quietly "$make" uninstall DESTDIR="$root"
left=$(find "$root" ! -type d)
[ -z "$left" ] || fail "make uninstall leaves: $left"

unset PKG_CONFIG_LIBDIR PKG_CONFIG_SYSROOT_DIR LD_LIBRARY_PATH
PKG_CONFIG_PATH=$top_builddir
export PKG_CONFIG_PATH
compile add
[ "$("$work/bin/add")" = "11.000 22.000 33.000" ] || fail "add: another sum from the build folder"
echo "installed, used, stripped and uninstalled"
